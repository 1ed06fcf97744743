// A CBUS pin of an FTDI serial adapter (FT232R, FT-X) as a switch. The serial port
// stays usable meanwhile. The EEPROM has to say that the pin is I/O.
// The chip is told levels and directions of all four pins at once: `outputs` are
// those that switch something, so that boards that share a chip leave each other's alone.
// Source: libftdi and FTDI's application note AN_373, not tried on hardware.
#include "drivers/power/ftdi.hpp"
#include "drivers/power/usb_switch.hpp"

namespace assay::drivers {

namespace {

constexpr unsigned pins = 4;

class FtdiCbus final : public UsbSwitch {
 public:
  FtdiCbus(usb::Match match, unsigned pin, unsigned outputs)
      : UsbSwitch(std::move(match), -1, pin, "CBUS"), outputs_(outputs) {}

  Result<> set(bool on, const Wait& wait) override {
    auto adapter = TRY(take(wait));
    auto chip = TRY(Ftdi::over(adapter));
    const unsigned bit = 1U << channel();
    const unsigned now = TRY(chip.read_pins(wait)) & outputs_;
    const unsigned levels = on ? now | bit : now & ~bit;
    return chip.set_mode(static_cast<std::uint8_t>(outputs_ << pins | levels), BITMODE_CBUS, wait);
  }
  Result<std::optional<bool>> get(const Wait& wait) override {
    auto adapter = TRY(take(wait));
    auto chip = TRY(Ftdi::over(adapter));
    return (TRY(chip.read_pins(wait)) >> channel() & 1) != 0;
  }

 private:
  const unsigned outputs_;  // bit n: pin n
};

Result<unsigned> outputs_of(const std::string& text, unsigned pin) {
  unsigned outputs = 1U << pin;
  for (const char c : text) {
    if (c == ' ' || c == ',') continue;
    if (c < '0' || c >= static_cast<char>('0' + pins))
      return fail(Cause::invalid, "'outputs' must be CBUS pins from 0 to 3, such as '0 2'");
    outputs |= 1U << (c - '0');
  }
  return outputs;
}

}  // namespace

MadeSwitch make_ftdi_cbus(const Json& params) {
  TRY(only_keys(params, {"serial", "port", "channel", "outputs", "invert", "settle_ms"}));
  auto match = TRY(usb_match(params, "FTDI adapter", {{0x0403, 0x6001}, {0x0403, 0x6015}}));
  TRY(says_which(match, "there may be other serial adapters"));
  const auto pin = TRY(channel_param(params, pins - 1, 0));
  const auto outputs = TRY(outputs_of(TRY(text_param(params, "outputs", "")), pin));
  return std::make_unique<FtdiCbus>(std::move(match), pin, outputs);
}

}  // namespace assay::drivers
