// The driver `tasmota`: plugs and relays with the firmware Tasmota, by HTTP.
// {"host", "channel", "mac"?, "user", "password-env"|"password-file"?}
//
// GET /cm?cmnd=Power<n>%20on answers {"POWER<n>":"ON"}, a device with one relay
// {"POWER":"ON"}. A user and password are part of the query. The firmware takes
// Power3 for relay 1 where there is no third (from memory), so before another relay
// than the first is switched, it is asked for.
#include "base/text.hpp"
#include "drivers/host_place.hpp"
#include "drivers_net/http_call.hpp"
#include "drivers_net/kinds.hpp"
#include "drivers_net/secret.hpp"

namespace assay::drivers {

namespace {

struct TasmotaSettings {
  std::string host, mac, user;
  std::int64_t channel = 1;
  Secret password;
  Duration timeout{};
};

class TasmotaSwitch final : public Switch {
 public:
  explicit TasmotaSwitch(TasmotaSettings settings) : s_(std::move(settings)) {}

  std::string about() const override {
    return fmt::format("Tasmota at {}{}{}, relay {}", s_.host, s_.mac.empty() ? "" : ", MAC ",
                       s_.mac, s_.channel);
  }

  Result<> set(bool on, const Wait& wait) override {
    TRY(is_this_one(wait));
    if (s_.channel > 1) TRY(power("", wait));
    const bool now = TRY(power(on ? " on" : " off", wait));
    if (now == on) return {};
    return fail(Cause::device, "{}: was told {}, but answers that it is {}", about(),
                on ? "on" : "off", now ? "on" : "off");
  }

  Result<std::optional<bool>> get(const Wait& wait) override {
    TRY(is_this_one(wait));
    return TRY(power("", wait));
  }

 private:
  Result<Json> command(const std::string& words, const Wait& wait) {
    call_ = {.url = fmt::format("http://{}/cm?", s_.host), .timeout = s_.timeout};
    if (s_.password.given()) {
      call_.secret = TRY(s_.password.read());
      call_.url +=
          fmt::format("user={}&password={}&", url_escaped(s_.user), url_escaped(call_.secret));
    }
    call_.url += "cmnd=" + url_escaped(words);
    return http_json(call_, wait);
  }

  Result<bool> power(const std::string& to, const Wait& wait) {
    const auto answer = TRY(command(fmt::format("Power{}{}", s_.channel, to), wait));
    if (answer.is_object()) {
      auto state = answer.find(fmt::format("POWER{}", s_.channel));
      if (state == answer.end() && s_.channel == 1) state = answer.find("POWER");
      if (state != answer.end() && (*state == "ON" || *state == "OFF")) return *state == "ON";
    }
    return fail(Cause::device, "{}: answers {}", about(), http_excerpt(call_, answer.dump()));
  }

  Result<> is_this_one(const Wait& wait) {
    if (s_.mac.empty()) return {};
    const auto answer = TRY(command("Status 5", wait));
    const Json::json_pointer mac("/StatusNET/Mac");
    if (!answer.contains(mac) || !answer[mac].is_string()) {
      return fail(Cause::device, "{}: does not tell its MAC: {}", about(),
                  http_excerpt(call_, answer.dump()));
    }
    return same_mac("Tasmota at " + s_.host, s_.mac, answer[mac].get<std::string>());
  }

  const TasmotaSettings s_;
  HttpCall call_;  // the latest
};

}  // namespace

MadeSwitch make_tasmota(const Json& params) {
  TRY(only_keys(params, {"host", "channel", "mac", "user", "password-env", "password-file",
                         "timeout_ms", "invert", "settle_ms"}));
  TasmotaSettings s;
  s.host = TRY(host_param(params, "host"));
  s.channel = TRY(range_param(params, "channel", 1, 32, 1));
  s.mac = TRY(text_param(params, "mac", ""));
  s.user = TRY(text_param(params, "user", "admin"));
  s.password = TRY(Secret::from(params, "password"));
  s.timeout = TRY(duration_param(params, "timeout", std::chrono::seconds(5)));
  return std::make_unique<TasmotaSwitch>(std::move(s));
}

}  // namespace assay::drivers
