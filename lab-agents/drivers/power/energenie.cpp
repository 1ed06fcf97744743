// Energenie and Gembird SiS-PM: mains outlets on USB. They have a number of their
// own, which they tell in a report.
// Source: the protocol as public drivers use it, not tried on hardware.
#include "drivers/power/usb_switch.hpp"

namespace assay::drivers {

namespace {

constexpr usb::Id one_outlet_old{0x04b4, 0xfd10}, four{0x04b4, 0xfd11}, one_outlet{0x04b4, 0xfd12},
    four_flash{0x04b4, 0xfd13}, pms2{0x04b4, 0xfd15};
constexpr std::uint16_t feature_report = 0x0300;
constexpr std::uint16_t report_size = 5, id_report = 1;

Result<Bytes> read(usb::Session& strip, std::uint16_t report, const Wait& wait) {
  const auto value = static_cast<std::uint16_t>(feature_report + report);
  return strip.control_in(from_hid, get_report, value, 0, report_size, wait, 2);
}

Result<std::string> id_of(usb::Session& strip, const Wait& wait) {
  const auto bytes = TRY(read(strip, id_report, wait));
  std::string id;
  for (const auto byte : bytes) id += fmt::format("{}{:02x}", id.empty() ? "" : ":", byte);
  return id;
}

class Energenie final : public UsbSwitch {
 public:
  Energenie(usb::Match match, unsigned channel) : UsbSwitch(std::move(match), 0, channel) {}

  Result<> set(bool on, const Wait& wait) override {
    auto strip = TRY(take(wait));
    const auto number = TRY(report(strip));
    const Bytes bytes{static_cast<std::uint8_t>(number), static_cast<std::uint8_t>(on ? 3 : 0), 0,
                      0, 0};
    const auto value = static_cast<std::uint16_t>(feature_report + number);
    return strip.control_out(to_hid, set_report, value, 0, bytes, wait);
  }
  Result<std::optional<bool>> get(const Wait& wait) override {
    auto strip = TRY(take(wait));
    return (TRY(read(strip, TRY(report(strip)), wait))[1] & 1) != 0;
  }

 private:
  // The outlet's report; that of a strip's only outlet is 0.
  Result<std::uint16_t> report(const usb::Session& strip) const {
    const auto id = strip.device().id;
    const bool single = id == one_outlet || id == one_outlet_old;
    TRY(in_range(single ? 1 : 4));
    return static_cast<std::uint16_t>(single ? 0 : 3 * channel());
  }
};

}  // namespace

MadeSwitch make_energenie(const Json& params) {
  TRY(only_keys(params, {"serial", "port", "channel", "invert", "settle_ms"}));
  auto match = TRY(
      usb_match(params, "Energenie outlets", {four, four_flash, pms2, one_outlet, one_outlet_old}));
  match.ask_serial = id_of;
  return std::make_unique<Energenie>(std::move(match), TRY(channel_param(params, 4)));
}

}  // namespace assay::drivers
