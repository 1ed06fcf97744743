// Yepkit's YKUSH: USB hubs with a switch in each port's power, told by a HID device
// of their own, whose place is the one to give.
// Source: Yepkit's public program; not tried on hardware.
#include "drivers/power/usb_switch.hpp"

namespace assay::drivers {

namespace {

constexpr usb::Id legacy{0x04d8, 0x0042}, ykush{0x04d8, 0xf2f7}, xs{0x04d8, 0xf0cd},
    ykush3{0x04d8, 0xf11b};
enum Command : std::uint8_t { down = 0x00, up = 0x10, status = 0x20 };  // + the port

class Ykush final : public UsbSwitch {
 public:
  Ykush(usb::Match match, unsigned channel) : UsbSwitch(std::move(match), 0, channel) {}

  Result<> set(bool on, const Wait& wait) override {
    auto board = TRY(take(wait));
    TRY(ask(board, on ? up : down, wait));
    return {};
  }
  Result<std::optional<bool>> get(const Wait& wait) override {
    auto board = TRY(take(wait));
    const auto answer = TRY(ask(board, status, wait));
    if ((answer[1] & 0x0FU) == channel()) return answer[1] >> 4 != 0;
    return fail(Cause::device, "{}: asked for port {}, it answers for {}", about(), channel(),
                answer[1] & 0x0F);
  }

 private:
  Result<Bytes> ask(usb::Session& board, Command command, const Wait& wait) const {
    const auto id = board.device().id;
    TRY(in_range(id == xs ? 1 : 3));
    const std::size_t size = id == legacy ? 6 : 64;
    Bytes report(size);
    report[0] = static_cast<std::uint8_t>(command + channel());
    TRY(board.write_report(report, wait));
    auto answer = TRY(board.read_report(size, wait));
    constexpr std::uint8_t done = 1;
    if (id == legacy || answer[0] == done) return answer;
    return fail(Cause::device, "{}: it refused the command {:02x} ({:02x})", about(), report[0],
                answer[0]);
  }
};

}  // namespace

MadeSwitch make_ykush(const Json& params) {
  TRY(only_keys(params, {"serial", "port", "channel", "invert", "settle_ms"}));
  auto match = TRY(usb_match(params, "YKUSH", {ykush, legacy, xs, ykush3}));
  return std::make_unique<Ykush>(std::move(match), TRY(channel_param(params, 3)));
}

}  // namespace assay::drivers
