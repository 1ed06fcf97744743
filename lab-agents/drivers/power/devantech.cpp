// The driver `devantech`: Devantech's USB-RLY02, RLY08, RLY16 and RLY82,
// {"path", "channel"}.
//
// One byte a command: 64 + n (hexadecimal) switches relay n on, 6E + n off, 5B asks
// for a byte with relay 1 in bit 0. 64 and 6E themselves switch all relays, so that a
// channel 0 must never get this far.
#include "drivers/power/kinds.hpp"
#include "drivers/power/serial_line.hpp"

namespace assay::drivers {

namespace {

class DevantechSwitch final : public SerialSwitch {
 public:
  DevantechSwitch(Place place, std::uint8_t channel)
      : SerialSwitch(std::move(place)), channel_(channel) {}

 private:
  Result<> set(SerialLine& line, bool on, const Wait& wait) override {
    return line.send(Bytes{static_cast<std::uint8_t>((on ? 0x64 : 0x6E) + channel_)}, wait);
  }

  // Twice: nothing else would show that a byte is the late answer to an earlier question.
  Result<bool> get(SerialLine& line, const Wait& wait) override {
    TRY(line.send(Bytes{0x5B, 0x5B}, wait));
    const auto states = TRY(line.receive(2, wait));
    if (states[0] == states[1]) return (states[0] >> (channel_ - 1) & 1) != 0;
    return fail(Cause::device, "gives two answers, {:02x} and {:02x}", states[0], states[1]);
  }

  const std::uint8_t channel_;
};

}  // namespace

MadeSwitch make_devantech(const Json& params) {
  TRY(only_keys(params, {"path", "channel", "invert", "settle_ms"}));
  auto place = TRY(serial_place(params, "Devantech", 1, 8));
  const auto channel = static_cast<std::uint8_t>(TRY(number_param(params, "channel", 0)));
  return std::make_unique<DevantechSwitch>(std::move(place), channel);
}

}  // namespace assay::drivers
