// What all switches on USB have in common: which device, and which of its channels.
// Single-threaded.
#pragma once

#include <string>
#include <vector>

#include "drivers/power/switch.hpp"
#include "usb/device.hpp"

namespace assay::drivers {

// HID class requests of a report by the control endpoint (HID 1.11, 7.2).
constexpr std::uint8_t set_report = 0x09, get_report = 0x01;
constexpr std::uint8_t to_hid = 0x21, from_hid = 0xA1;

class UsbSwitch : public Switch {
 public:
  // `noun`: what its channels are called.
  UsbSwitch(usb::Match match, int interface, unsigned channel, std::string_view noun = "channel")
      : link_(std::move(match), interface), channel_(channel), noun_(noun) {}
  [[nodiscard]] std::string about() const override;
  [[nodiscard]] bool is_plugged() const override { return true; }
  Result<> look(const Wait& wait) override { return link_.look(wait); }
  Result<> revive(const Wait& wait) override { return link_.reset(wait); }

 protected:
  Result<usb::Session> take(const Wait& wait) { return link_.take(wait); }
  [[nodiscard]] unsigned channel() const { return channel_; }
  // Of a board that has been found out to have fewer channels.
  Result<> in_range(unsigned channels) const;

 private:
  usb::Link link_;
  const unsigned channel_;
  const std::string_view noun_;
};

// `serial` and `port` of the settings, for devices of these ids.
Result<usb::Match> usb_match(const Json& params, std::string what, std::vector<usb::Id> ids);
// For devices whose ids say little: refused without a serial or port. `why` is a clause.
Result<> says_which(const usb::Match&, std::string_view why);
// `channel` of the settings: from `least` to `most`.
Result<unsigned> channel_param(const Json& params, unsigned most, unsigned least = 1);

}  // namespace assay::drivers
