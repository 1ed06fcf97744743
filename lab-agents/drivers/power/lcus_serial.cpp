// The driver `lcus-serial`: LCUS and NOYITO relay boards behind a CH340,
// {"path", "channel", "readback"}.
//
// Four bytes: A0, channel, 1 for on or 0 for off, and the sum of the three. The
// first boards answer nothing. Newer ones know 5 ("check") in the third place and
// answer with the same frame, 0 or 1 in it; others answer FF with a line for each
// channel, "CH1: ON" (that form is from memory).
#include <algorithm>
#include <cctype>

#include "base/text.hpp"
#include "drivers/power/kinds.hpp"
#include "drivers/power/serial_line.hpp"

namespace assay::drivers {

namespace {

constexpr std::int64_t last_channel = 16;

Bytes frame(std::uint8_t channel, std::uint8_t word) {
  return {0xA0, channel, word, static_cast<std::uint8_t>(0xA0 + channel + word)};
}

class LcusSwitch final : public SerialSwitch {
 public:
  enum class Readback { none, check, list };
  LcusSwitch(Place place, std::uint8_t channel, Readback readback)
      : SerialSwitch(std::move(place)), channel_(channel), readback_(readback) {}

 private:
  Result<> set(SerialLine& line, bool on, const Wait& wait) override {
    return line.send(frame(channel_, on ? 1 : 0), wait);
  }
  bool readable() const override { return readback_ != Readback::none; }
  Result<bool> get(SerialLine& line, const Wait& wait) override {
    return readback_ == Readback::check ? check(line, wait) : list(line, wait);
  }

  Result<bool> check(SerialLine& line, const Wait& wait) const {
    TRY(line.send(frame(channel_, 5), wait));
    const auto answer = TRY(line.receive(4, wait));
    if (answer == frame(channel_, 0)) return false;
    if (answer == frame(channel_, 1)) return true;
    return fail(Cause::device, "answers {}, which is no state of this relay", to_hex(answer));
  }

  Result<bool> list(SerialLine& line, const Wait& wait) const {
    TRY(line.send(Bytes{0xFF}, wait));
    const auto wanted = fmt::format("CH{}:", channel_);
    for (int lines = 0; lines < 2 * last_channel; ++lines) {
      auto said = line.receive_to('\n', wait);
      if (!said && (said.error().cause != Cause::device || lines == 0)) {
        return tl::unexpected(said.error());
      }
      if (!said) break;
      std::erase_if(*said, [](unsigned char c) { return std::isspace(c) != 0; });
      if (*said == wanted + "ON") return true;
      if (*said == wanted + "OFF") return false;
      if (!said->empty() && !said->starts_with("CH")) {
        return fail(Cause::device, "answers '{}', which is no list of relays", printable(*said));
      }
    }
    return fail(Cause::device, "the board lists its relays, and this is none of them");
  }

  const std::uint8_t channel_;
  const Readback readback_;
};

}  // namespace

MadeSwitch make_lcus_serial(const Json& params) {
  TRY(only_keys(params, {"path", "channel", "readback", "invert", "settle_ms"}));
  auto place = TRY(serial_place(params, "LCUS", 1, last_channel));
  const auto channel = static_cast<std::uint8_t>(TRY(number_param(params, "channel", 0)));
  const auto readback = TRY(text_param(params, "readback", "none"));
  using Readback = LcusSwitch::Readback;
  if (readback == "none")
    return std::make_unique<LcusSwitch>(std::move(place), channel, Readback::none);
  if (readback == "check")
    return std::make_unique<LcusSwitch>(std::move(place), channel, Readback::check);
  if (readback == "list")
    return std::make_unique<LcusSwitch>(std::move(place), channel, Readback::list);
  return fail(Cause::invalid, "'readback' must be none, check or list");
}

}  // namespace assay::drivers
