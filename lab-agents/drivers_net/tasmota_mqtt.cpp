// The driver `tasmota-mqtt`: plugs and relays with the firmware Tasmota, by MQTT.
// {"broker", "topic", "channel", "user"?, "password-env"|"password-file"?}
//
// Sent to cmnd/TOPIC/POWER<n>: ON, OFF, or nothing for a question; the device answers
// ON or OFF on stat/TOPIC/POWER<n>, one with a single relay on stat/TOPIC/POWER. The
// broker keeps tele/TOPIC/LWT, Online or Offline. TOPIC names one device: two that
// have been given the same one would both switch.
#include "base/text.hpp"
#include "drivers/host_place.hpp"
#include "drivers_net/kinds.hpp"
#include "drivers_net/mqtt_session.hpp"
#include "drivers_net/secret.hpp"

namespace assay::drivers {

namespace {

struct TasmotaTopic {
  MqttBroker broker;  // without the password
  std::string topic;
  std::int64_t channel = 1;
  Secret password;
  Duration timeout{};
};

class TasmotaMqttSwitch final : public Switch {
 public:
  explicit TasmotaMqttSwitch(TasmotaTopic settings) : s_(std::move(settings)) {}

  std::string about() const override {
    return fmt::format("Tasmota '{}' at {}, relay {}", s_.topic, s_.broker.place(), s_.channel);
  }

  Result<> set(bool on, const Wait& wait) override {
    // A device that lacks this relay would switch its first one.
    if (s_.channel > 1) TRY(ask("", std::nullopt, wait));
    TRY(ask(on ? "ON" : "OFF", on, wait));
    return {};
  }
  Result<std::optional<bool>> get(const Wait& wait) override {
    return TRY(ask("", std::nullopt, wait));
  }

 private:
  // Until it says `wanted`, or anything when nothing is.
  Result<bool> ask(const std::string& payload, std::optional<bool> wanted, const Wait& wait) {
    auto broker = s_.broker;
    broker.password = TRY(s_.password.read());
    const auto limit = wait.at_most(s_.timeout);
    std::optional<bool> said;
    auto answer = converse(broker, payload, wanted, said, limit);
    if (answer || answer.error().cause != Cause::timeout || wait.until.passed()) return answer;
    if (said) {
      return fail(Cause::device, "{}: was told {}, but says that it is {}", about(), payload,
                  *said ? "on" : "off");
    }
    return fail(Cause::device, "{}: no answer within {}: is it in reach, and is this its topic?",
                about(), human(s_.timeout));
  }

  Result<bool> converse(const MqttBroker& broker, const std::string& payload,
                        std::optional<bool> wanted, std::optional<bool>& said,
                        const Wait& limit) const {
    const auto power = fmt::format("POWER{}", s_.channel);
    const auto stat = "stat/" + s_.topic + "/", presence = "tele/" + s_.topic + "/LWT";
    std::vector<std::string> topics{presence, stat + power};
    if (s_.channel == 1) topics.push_back(stat + "POWER");
    const auto session = TRY(MqttSession::open(broker, topics, limit));
    TRY(session->publish("cmnd/" + s_.topic + "/" + power, payload));
    while (true) {
      const auto message = TRY(session->next(limit));
      if (message.topic == presence) {
        if (message.payload != "Offline") continue;
        return fail(Cause::device, "{}: has lost its connection to the broker", about());
      }
      if (message.retained) continue;
      if (message.payload != "ON" && message.payload != "OFF") {
        return fail(Cause::device, "{}: answers '{}'", about(),
                    printable(message.payload.substr(0, 100)));
      }
      said = message.payload == "ON";
      if (*said == wanted.value_or(*said)) return *said;
    }
  }

  const TasmotaTopic s_;
};

}  // namespace

MadeSwitch make_tasmota_mqtt(const Json& params) {
  TRY(only_keys(params, {"broker", "topic", "channel", "user", "password-env", "password-file",
                         "timeout_ms", "invert", "settle_ms"}));
  TasmotaTopic s;
  const auto [host, port] = TRY(host_and_port(TRY(host_param(params, "broker")), 1883));
  s.broker = {.host = host, .port = port, .user = TRY(text_param(params, "user", ""))};
  s.topic = TRY(text_param(params, "topic", ""));
  if (s.topic.empty() || s.topic.find_first_of("#+/") != std::string::npos) {
    return fail(Cause::invalid, "'topic' must be the device's own, without #, + and /");
  }
  s.channel = TRY(range_param(params, "channel", 1, 32, 1));
  s.password = TRY(Secret::from(params, "password"));
  if (s.password.given() && s.broker.user.empty()) {
    return fail(Cause::invalid, "a password needs a 'user'");
  }
  s.timeout = TRY(duration_param(params, "timeout", std::chrono::seconds(5)));
  return std::make_unique<TasmotaMqttSwitch>(std::move(s));
}

}  // namespace assay::drivers
