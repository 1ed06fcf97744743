// DCT-Tech USB relays: HID, one to eight channels, as the product string counts.
// Who a board is it says in its report: five characters, which can be set and so
// be equal; it has no serial number on USB.
// Source: the protocol as public drivers use it, not tried on hardware.
#include <charconv>

#include "drivers/power/usb_switch.hpp"

namespace assay::drivers {

namespace {

constexpr std::string_view product = "USBRelay";
constexpr std::uint16_t feature_report = 0x0300;
constexpr std::uint8_t on_command = 0xFF, off_command = 0xFD;
constexpr std::size_t report_size = 8, id_size = 5, state_at = 7;

Result<Bytes> report(usb::Session& board, const Wait& wait) {
  return board.control_in(from_hid, get_report, feature_report, 0, report_size, wait, report_size);
}

Result<std::string> id_of(usb::Session& board, const Wait& wait) {
  const auto bytes = TRY(report(board, wait));
  const std::string id(as_text(bytes).substr(0, id_size));
  return id.substr(0, id.find('\0'));
}

class DctTech final : public UsbSwitch {
 public:
  DctTech(usb::Match match, unsigned channel) : UsbSwitch(std::move(match), 0, channel) {}

  Result<> set(bool on, const Wait& wait) override {
    auto board = TRY(take(wait));
    TRY(check(board));
    Bytes command(report_size);
    command[0] = on ? on_command : off_command;
    command[1] = static_cast<std::uint8_t>(channel());
    return board.control_out(to_hid, set_report, feature_report, 0, command, wait);
  }

  Result<std::optional<bool>> get(const Wait& wait) override {
    auto board = TRY(take(wait));
    TRY(check(board));
    const auto bytes = TRY(report(board, wait));
    return (bytes[state_at] >> (channel() - 1) & 1) != 0;
  }

 private:
  Result<> check(const usb::Session& board) const {
    const std::string& name = board.device().name;
    unsigned channels = 0;
    std::from_chars(name.data() + product.size(), name.data() + name.size(), channels);
    return in_range(channels);
  }
};

}  // namespace

MadeSwitch make_dcttech(const Json& params) {
  TRY(only_keys(params, {"serial", "port", "channel", "invert", "settle_ms"}));
  auto match = TRY(usb_match(params, "DCT-Tech relay", {{0x16c0, 0x05df}}));
  match.name_begins = product;  // others share the id
  match.ask_serial = id_of;
  return std::make_unique<DctTech>(std::move(match), TRY(channel_param(params, 8)));
}

}  // namespace assay::drivers
