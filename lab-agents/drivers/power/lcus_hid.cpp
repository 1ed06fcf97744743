// LCUS and NOYITO relays with a HID interface: told what to do, never asked. The
// same boards with a CH340 are serial devices, which is another driver.
// Source: the protocol as public drivers use it, not tried on hardware.
#include "drivers/power/usb_switch.hpp"

namespace assay::drivers {

namespace {

class LcusHid final : public UsbSwitch {
 public:
  LcusHid(usb::Match match, unsigned channel) : UsbSwitch(std::move(match), 0, channel) {}

  Result<> set(bool on, const Wait& wait) override {
    auto board = TRY(take(wait));
    constexpr std::uint8_t start = 0xA0;
    const auto number = static_cast<std::uint8_t>(channel());
    const auto sum = static_cast<std::uint8_t>(start + number + (on ? 1 : 0));
    const Bytes command{start, number, static_cast<std::uint8_t>(on ? 1 : 0), sum};
    return board.write_report(command, wait);
  }
  Result<std::optional<bool>> get(const Wait&) override { return std::optional<bool>(); }
};

}  // namespace

MadeSwitch make_lcus_hid(const Json& params) {
  TRY(only_keys(params, {"serial", "port", "channel", "invert", "settle_ms"}));
  auto match = TRY(usb_match(params, "LCUS HID relay", {{0x5131, 0x2007}}));
  return std::make_unique<LcusHid>(std::move(match), TRY(channel_param(params, 8)));
}

}  // namespace assay::drivers
