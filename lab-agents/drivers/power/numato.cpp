// The driver `numato`: Numato's USB relay boards, {"path", "channel", "channels", "id"}.
//
// They are a serial port that talks in lines: what is typed ends in CR and comes
// back as an echo, then the answer between "\n\r", then the prompt '>'. A relay's
// name has the digits 0-9 and letters from A; boards of 64 relays want two decimal
// digits. `id get` answers eight characters that `id set` has written (both from
// memory): boards seldom have serial numbers on USB.
#include <algorithm>
#include <cctype>

#include "base/text.hpp"
#include "drivers/power/kinds.hpp"
#include "drivers/power/serial_line.hpp"

namespace assay::drivers {

namespace {

std::string relay_name(std::int64_t channel, std::int64_t channels) {
  if (channels > 32) return fmt::format("{:02}", channel);
  return std::string(1, "0123456789ABCDEFGHIJKLMNOPQRSTUV"[channel]);
}

class NumatoSwitch final : public SerialSwitch {
 public:
  NumatoSwitch(Place place, std::string relay, std::string id)
      : SerialSwitch(std::move(place)), relay_(std::move(relay)), id_(std::move(id)) {}

 private:
  Result<> set(SerialLine& line, bool on, const Wait& wait) override {
    TRY(greet(line, wait));
    const auto answer = TRY(ask(line, fmt::format("relay {} {}", on ? "on" : "off", relay_), wait));
    if (answer.empty()) return {};
    return fail(Cause::device, "answers '{}'", printable(answer));
  }

  Result<bool> get(SerialLine& line, const Wait& wait) override {
    TRY(greet(line, wait));
    const auto answer = TRY(ask(line, "relay read " + relay_, wait));
    if (answer == "on" || answer == "off") return answer == "on";
    return fail(Cause::device, "answers '{}', neither on nor off: has the board this relay?",
                printable(answer));
  }

  // Ends a line that somebody left half typed, and sees that it is the right board.
  Result<> greet(SerialLine& line, const Wait& wait) const {
    TRY(line.send(as_bytes("\r"), wait));
    TRY(line.receive_to('>', wait));
    if (id_.empty()) return {};
    const auto id = TRY(ask(line, "id get", wait));
    if (id == id_) return {};
    return fail(Cause::device, "this is board '{}', not '{}': see which cable is where",
                printable(id), printable(id_));
  }

  // What stands between the echo and the prompt. A prompt without the echo belongs
  // to something before.
  static Result<std::string> ask(SerialLine& line, const std::string& words, const Wait& wait) {
    TRY(line.send(as_bytes(words + "\r"), wait));
    for (int left = 8; left > 0; --left) {
      auto said = TRY(line.receive_to('>', wait));
      said.pop_back();
      const auto echo = said.rfind(words);
      if (echo == std::string::npos) continue;
      auto answer = said.substr(echo + words.size());
      std::erase_if(answer, [](unsigned char c) { return std::isspace(c) != 0; });
      return answer;
    }
    return fail(Cause::device, "sends prompts, but no answer to '{}'", words);
  }

  const std::string relay_, id_;
};

}  // namespace

MadeSwitch make_numato(const Json& params) {
  TRY(only_keys(params, {"path", "channel", "channels", "id", "invert", "settle_ms"}));
  const auto channels = TRY(range_param(params, "channels", 1, 64, 16));
  auto place = TRY(serial_place(params, "Numato", 0, channels - 1));
  const auto channel = TRY(number_param(params, "channel", 0));
  return std::make_unique<NumatoSwitch>(std::move(place), relay_name(channel, channels),
                                        TRY(text_param(params, "id", "")));
}

}  // namespace assay::drivers
