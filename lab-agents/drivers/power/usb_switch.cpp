#include "drivers/power/usb_switch.hpp"

namespace assay::drivers {

std::string UsbSwitch::about() const {
  return fmt::format("{}, {} {}", link_.about(), noun_, channel_);
}

Result<> UsbSwitch::in_range(unsigned channels) const {
  if (channel_ <= channels) return {};
  return fail(Cause::device, "{}: it has {} channel{}, so 'channel' cannot be {}", link_.about(),
              channels, channels == 1 ? "" : "s", channel_);
}

Result<usb::Match> usb_match(const Json& params, std::string what, std::vector<usb::Id> ids) {
  usb::Match match{.what = std::move(what), .ids = std::move(ids)};
  match.serial = TRY(text_param(params, "serial", ""));
  match.port = TRY(text_param(params, "port", ""));
  return match;
}

Result<> says_which(const usb::Match& match, std::string_view why) {
  if (!match.serial.empty() || !match.port.empty()) return {};
  return fail(Cause::invalid, "give 'serial' or 'port': {}", why);
}

Result<unsigned> channel_param(const Json& params, unsigned most, unsigned least) {
  return static_cast<unsigned>(TRY(range_param(params, "channel", least, most, -1)));
}

}  // namespace assay::drivers
