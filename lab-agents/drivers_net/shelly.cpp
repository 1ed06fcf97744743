// The driver `shelly`: Shelly plugs and relays by their local HTTP interface.
// {"host", "channel", "generation": 1|2, "mac"?, "user"?, "password-env"|"password-file"?}
//
// First generation: GET /relay/N?turn=on, and /relay/N answers {"ison": true}; Basic
// authentication. From the second on: GET /rpc/Switch.Set?id=N&on=true, and
// /rpc/Switch.GetStatus?id=N answers {"output": true}; Digest, the user is admin.
// Both tell their MAC at /shelly without a password.
#include "base/text.hpp"
#include "drivers/host_place.hpp"
#include "drivers_net/http_call.hpp"
#include "drivers_net/kinds.hpp"
#include "drivers_net/secret.hpp"

namespace assay::drivers {

namespace {

struct ShellySettings {
  std::string host, mac, user;
  std::int64_t channel = 0, generation = 2;
  Secret password;
  Duration timeout{};
};

class ShellySwitch final : public Switch {
 public:
  explicit ShellySwitch(ShellySettings settings) : s_(std::move(settings)) {}

  std::string about() const override {
    return fmt::format("Shelly at {}{}{}, relay {}", s_.host, s_.mac.empty() ? "" : ", MAC ",
                       s_.mac, s_.channel);
  }

  Result<> set(bool on, const Wait& wait) override {
    TRY(is_this_one(wait));
    if (s_.generation == 1) {
      TRY(ask(fmt::format("relay/{}?turn={}", s_.channel, on ? "on" : "off"), wait));
    } else {
      TRY(ask(fmt::format("rpc/Switch.Set?id={}&on={}", s_.channel, on), wait));
    }
    return {};
  }

  Result<std::optional<bool>> get(const Wait& wait) override {
    TRY(is_this_one(wait));
    const auto path = s_.generation == 1 ? fmt::format("relay/{}", s_.channel)
                                         : fmt::format("rpc/Switch.GetStatus?id={}", s_.channel);
    const auto answer = TRY(ask(path, wait));
    const char* key = s_.generation == 1 ? "ison" : "output";
    if (answer.is_object() && answer.contains(key) && answer[key].is_boolean()) {
      return std::optional<bool>(answer[key].get<bool>());
    }
    return fail(Cause::device, "{}: no '{}' in its answer {}", about(), key,
                http_excerpt(call_, answer.dump()));
  }

 private:
  Result<Json> ask(const std::string& path, const Wait& wait) {
    call_ = {.url = fmt::format("http://{}/{}", s_.host, path), .timeout = s_.timeout};
    if (s_.password.given()) {
      call_.user = s_.user;
      call_.password = TRY(s_.password.read());
    }
    return http_json(call_, wait);
  }

  Result<> is_this_one(const Wait& wait) {
    if (s_.mac.empty()) return {};
    const auto answer = TRY(ask("shelly", wait));
    if (!answer.is_object() || !answer.contains("mac") || !answer["mac"].is_string()) {
      return fail(Cause::device, "{}: does not tell its MAC: {}", about(),
                  http_excerpt(call_, answer.dump()));
    }
    return same_mac("Shelly at " + s_.host, s_.mac, answer["mac"].get<std::string>());
  }

  const ShellySettings s_;
  HttpCall call_;  // the latest
};

}  // namespace

MadeSwitch make_shelly(const Json& params) {
  TRY(only_keys(params, {"host", "channel", "generation", "mac", "user", "password-env",
                         "password-file", "timeout_ms", "invert", "settle_ms"}));
  ShellySettings s;
  s.host = TRY(host_param(params, "host"));
  s.channel = TRY(range_param(params, "channel", 0, 15, 0));
  s.generation = TRY(number_param(params, "generation", 2));
  if (s.generation != 1 && s.generation != 2) {
    return fail(Cause::invalid, "'generation' must be 1, or 2 for all later ones");
  }
  s.mac = TRY(text_param(params, "mac", ""));
  s.user = TRY(text_param(params, "user", "admin"));
  s.password = TRY(Secret::from(params, "password"));
  s.timeout = TRY(duration_param(params, "timeout", std::chrono::seconds(5)));
  return std::make_unique<ShellySwitch>(std::move(s));
}

}  // namespace assay::drivers
