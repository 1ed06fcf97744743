// SainSmart's 4- and 8-channel USB relay boards: an FT245R whose eight pins are
// the relays, in bit-bang mode. A channel is switched by reading, changing and
// writing all eight, while no other process has the board.
// Source: libftdi and the protocol as public drivers use it, not tried on hardware.
#include "drivers/power/ftdi.hpp"
#include "drivers/power/usb_switch.hpp"

namespace assay::drivers {

namespace {

constexpr std::uint8_t all_outputs = 0xFF;

class Ft245r final : public UsbSwitch {
 public:
  Ft245r(usb::Match match, unsigned channel) : UsbSwitch(std::move(match), 0, channel) {}

  Result<> set(bool on, const Wait& wait) override {
    auto board = TRY(take(wait));
    auto chip = TRY(Ftdi::over(board));
    const unsigned bit = 1U << (channel() - 1);
    // Before the mode is set: the pins keep their level until then.
    const unsigned now = TRY(chip.read_pins(wait));
    TRY(chip.set_mode(all_outputs, BITMODE_BITBANG, wait));
    return chip.write(static_cast<std::uint8_t>(on ? now | bit : now & ~bit), wait);
  }
  Result<std::optional<bool>> get(const Wait& wait) override {
    auto board = TRY(take(wait));
    auto chip = TRY(Ftdi::over(board));
    return (TRY(chip.read_pins(wait)) >> (channel() - 1) & 1) != 0;
  }
};

}  // namespace

MadeSwitch make_ft245r(const Json& params) {
  TRY(only_keys(params, {"serial", "port", "channel", "invert", "settle_ms"}));
  auto match = TRY(usb_match(params, "FT245R relay board", {{0x0403, 0x6001}}));
  TRY(says_which(match, "0403:6001 is also the id of many serial adapters"));
  return std::make_unique<Ft245r>(std::move(match), TRY(channel_param(params, 8)));
}

}  // namespace assay::drivers
