// Ucreatefun USB relays: HID, told what to do, never asked. All boards have the
// same serial number, as far as is known.
// Source: the protocol as public drivers use it, not tried on hardware.
#include "drivers/power/usb_switch.hpp"

namespace assay::drivers {

namespace {

class Ucreatefun final : public UsbSwitch {
 public:
  Ucreatefun(usb::Match match, unsigned channel) : UsbSwitch(std::move(match), 0, channel) {}

  Result<> set(bool on, const Wait& wait) override {
    auto board = TRY(take(wait));
    Bytes report(8);
    report[0] = static_cast<std::uint8_t>((on ? 0xF0 : 0x00) + channel());
    return board.write_report(report, wait);
  }
  Result<std::optional<bool>> get(const Wait&) override { return std::optional<bool>(); }
};

}  // namespace

MadeSwitch make_ucreatefun(const Json& params) {
  TRY(only_keys(params, {"serial", "port", "channel", "invert", "settle_ms"}));
  auto match = TRY(usb_match(params, "Ucreatefun relay", {{0x0519, 0x2018}}));
  return std::make_unique<Ucreatefun>(std::move(match), TRY(channel_param(params, 8)));
}

}  // namespace assay::drivers
