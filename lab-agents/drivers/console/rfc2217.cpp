// The driver `rfc2217`: a serial port of another machine, with its line's settings
// (RFC 2217), {"host", "baud", "parity", "stop", "flow", "dtr", "rts"}.
//
// The console counts as up once the far end has confirmed each setting: what a board
// says at another rate is noise. Break is off from then on; DTR and RTS are as the lab
// file wants them, or as they are.
#include <algorithm>
#include <array>

#include "base/text.hpp"
#include "drivers/console/consoles.hpp"
#include "drivers/console/link_console.hpp"
#include "drivers/console/tcp_link.hpp"

namespace assay::drivers {

namespace {

constexpr std::uint8_t com_port = 44;  // the option
// Commands; the far end's confirmation has 100 more.
constexpr std::uint8_t set_baud = 1, set_data = 2, set_parity = 3, set_stop = 4, set_control = 5;
constexpr std::uint8_t confirmed = 100;
// Values of set_control.
constexpr std::uint8_t no_flow = 1, rts_cts = 3, break_off = 6, dtr_on = 8, dtr_off = 9,
                       rts_on = 11, rts_off = 12;

struct Setting {
  std::string what;  // "115200 baud"
  std::uint8_t command = 0;
  std::uint32_t value = 0;
  bool must = true;  // not all far ends confirm what nobody has asked for
};

Bytes value_of(const Setting& setting) {
  const auto byte = [&](int shift) { return static_cast<std::uint8_t>(setting.value >> shift); };
  if (setting.command == set_baud) return {byte(24), byte(16), byte(8), byte(0)};
  return {byte(0)};
}

class Rfc2217Codec final : public TelnetCodec {
 public:
  explicit Rfc2217Codec(std::vector<Setting> settings) : settings_(std::move(settings)) {}

  Bytes hello() override {
    Bytes out;
    for (const auto option : {binary, go_ahead}) {
      offer(option, out);
      ask(option, out);
    }
    offer(com_port, out);
    return out;
  }
  bool settled() const override { return agreed_ && first_missing() == settings_.end(); }
  std::string missing() const override {
    if (!agreed_) return "does not answer to RFC 2217: is it a plain port? Use the driver telnet";
    return "does not confirm " + first_missing()->what;
  }

 private:
  using Settings = std::vector<Setting>;

  [[nodiscard]] Settings::const_iterator first_missing() const {
    return std::find_if(settings_.begin(), settings_.end(),
                        [](const Setting& s) { return s.must; });
  }

  Result<> told(std::uint8_t verb, std::uint8_t option, Bytes& reply) override {
    if (option != com_port) return {};
    if (verb == dont) {
      return fail(Cause::device, "does not speak RFC 2217: use the driver telnet");
    }
    if (verb != do_ || std::exchange(agreed_, true)) return {};
    for (const Setting& setting : settings_) {
      reply.insert(reply.end(), {iac, sb, com_port, setting.command});
      for (const auto byte : value_of(setting)) {
        reply.push_back(byte);
        if (byte == iac) reply.push_back(iac);
      }
      reply.insert(reply.end(), {iac, se});
    }
    return {};
  }

  // Confirmations come in the order of the commands; others tell of the modem's lines.
  Result<> told_inside(std::uint8_t option, ByteView data, Bytes&) override {
    if (option != com_port || data.empty()) return {};
    const auto setting = std::find_if(settings_.begin(), settings_.end(), [&](const Setting& s) {
      return s.command + confirmed == data[0] &&
             (s.command != set_control || (data.size() == 2 && data[1] == s.value));
    });
    if (setting == settings_.end()) return {};
    const auto value = value_of(*setting);
    if (!std::equal(value.begin(), value.end(), data.begin() + 1, data.end())) {
      return fail(Cause::device, "does not take {}: it says {}", setting->what, said(data));
    }
    settings_.erase(setting);
    return {};
  }

  static std::string said(ByteView data) {
    std::uint32_t value = 0;
    for (const auto byte : data.subspan(1)) value = value << 8 | byte;
    return std::to_string(value);
  }

  Settings settings_;  // not yet confirmed
  bool agreed_ = false;
};

Result<std::uint32_t> place_in(const Json& params, std::string_view key,
                               std::initializer_list<std::string_view> words) {
  const auto word = TRY(text_param(params, key, *words.begin()));
  const auto found = std::find(words.begin(), words.end(), word);
  if (found != words.end()) return static_cast<std::uint32_t>(found - words.begin());
  return fail(Cause::invalid, "'{}' must be one of {}", key,
              join(std::vector<std::string>(words.begin(), words.end())));
}

Result<std::vector<Setting>> settings_of(const Json& params) {
  const auto baud = TRY(number_param(params, "baud", 115200));
  if (baud < 1 || baud > 100'000'000) return fail(Cause::invalid, "no baud rate {}", baud);
  const auto stop = TRY(number_param(params, "stop", 1));
  if (stop != 1 && stop != 2) return fail(Cause::invalid, "'stop' must be 1 or 2");
  const auto parity = TRY(place_in(params, "parity", {"none", "even", "odd"}));
  const auto flow = TRY(place_in(params, "flow", {"none", "rts-cts"}));
  const auto dtr = TRY(place_in(params, "dtr", {"leave", "on", "off"}));
  const auto rts = TRY(place_in(params, "rts", {"leave", "on", "off"}));
  const std::array parities{1U, 3U, 2U};
  std::vector<Setting> settings{
      {fmt::format("{} baud", baud), set_baud, static_cast<std::uint32_t>(baud)},
      {"8 data bits", set_data, 8},
      {"this parity", set_parity, parities.at(parity)},
      {fmt::format("{} stop bits", stop), set_stop, static_cast<std::uint32_t>(stop)},
      {"this flow control", set_control, flow == 1 ? rts_cts : no_flow, flow == 1},
      {"the end of a break", set_control, break_off, false}};
  if (dtr != 0) settings.push_back({"DTR", set_control, dtr == 1 ? dtr_on : dtr_off});
  if (rts != 0) settings.push_back({"RTS", set_control, rts == 1 ? rts_on : rts_off});
  return settings;
}

}  // namespace

Made make_rfc2217(const DriverSetup& setup, const Json& params) {
  TRY(only_keys(params, {"host", "baud", "parity", "stop", "flow", "dtr", "rts"}));
  const auto at = TRY(host_and_port(TRY(host_param(params, "host")), 0));
  const auto settings = TRY(settings_of(params));
  return make_link_console(
      at.place(),
      [at, settings] { return make_tcp_link(at, std::make_unique<Rfc2217Codec>(settings)); },
      setup.on_incident);
}

}  // namespace assay::drivers
