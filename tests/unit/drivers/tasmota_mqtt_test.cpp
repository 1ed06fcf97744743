// Tasmota by MQTT: the real libmosquitto and a real mosquitto; the device is a model.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <mosquitto.h>

#include <cstdlib>
#include <future>
#include <nlohmann/json.hpp>

#include "base/file.hpp"
#include "drivers/driver.hpp"
#include "drivers_net/kinds.hpp"
#include "server_program.hpp"

namespace assay::drivers {
namespace {

using abilities::Order;
using nlohmann::json;
using testing::HasSubstr;
using testing::Not;
using namespace std::chrono_literals;

constexpr const char* password = "s3cret";
const Order order{1, {}};

std::string error_of(const auto& result) {
  return result ? "no error" : result.error().text;
}
Cause cause_of(const auto& result) {
  return result ? Cause::internal : result.error().cause;
}

// The device with the topic `plug`. Runs on a thread of the library.
class Tasmota {
 public:
  Tasmota(int port, int relays) : on(static_cast<std::size_t>(relays)) {
    client_ = mosquitto_new(nullptr, true, this);
    mosquitto_username_pw_set(client_, "lab", password);
    mosquitto_will_set(client_, "tele/plug/LWT", 7, "Offline", 1, true);
    mosquitto_connect_callback_set(client_, [](mosquitto* c, void*, int) {
      mosquitto_publish(c, nullptr, "tele/plug/LWT", 6, "Online", 1, true);
      // What a broker may keep of an earlier time.
      mosquitto_publish(c, nullptr, "stat/plug/POWER", 2, "ON", 1, true);
      mosquitto_subscribe(c, nullptr, "cmnd/plug/+", 1);
    });
    mosquitto_subscribe_callback_set(client_, [](mosquitto*, void* self, int, int, const int*) {
      static_cast<Tasmota*>(self)->ready_.set_value();
    });
    mosquitto_message_callback_set(client_, [](mosquitto*, void* self, const mosquitto_message* m) {
      static_cast<Tasmota*>(self)->obey(m->topic, {static_cast<const char*>(m->payload),
                                                   static_cast<std::size_t>(m->payloadlen)});
    });
    EXPECT_EQ(mosquitto_connect(client_, "127.0.0.1", port, 60), 0);
    EXPECT_EQ(mosquitto_loop_start(client_), 0);
    EXPECT_EQ(ready_.get_future().wait_for(20s), std::future_status::ready);
  }
  // `gone`: it loses its supply, and the broker finds out.
  void end(bool gone) {
    if (client_ == nullptr) return;
    if (gone) {
      shutdown(mosquitto_socket(client_), SHUT_RDWR);
    } else {
      mosquitto_disconnect(client_);
    }
    mosquitto_loop_stop(client_, gone);
    mosquitto_destroy(std::exchange(client_, nullptr));
  }
  ~Tasmota() { end(false); }

  std::vector<bool> on;
  std::atomic<bool> stuck = false, deaf = false;

 private:
  void obey(const std::string& topic, const std::string& payload) {
    if (deaf) return;
    auto relay = static_cast<std::size_t>(topic.back() - '0');
    if (relay < 1 || relay > on.size()) relay = 1;
    if (!payload.empty() && !stuck) on[relay - 1] = payload == "ON";
    const auto name = "stat/plug/POWER" + (on.size() == 1 ? "" : std::to_string(relay));
    const std::string state = on[relay - 1] ? "ON" : "OFF";
    mosquitto_publish(client_, nullptr, name.c_str(), static_cast<int>(state.size()), state.data(),
                      0, false);
  }

  mosquitto* client_ = nullptr;
  std::promise<void> ready_;
};

class TasmotaMqtt : public testing::Test {
 protected:
  TasmotaMqtt() {
    mosquitto_lib_init();
    setenv("ASSAY_TEST_PASSWORD", password, 1);
    const auto users = (folder.path() / "users").string();
    EXPECT_TRUE(run({{"mosquitto_passwd", "-c", "-b", users, "lab", password}}, Wait::for_(20s)));
    const auto config = (folder.path() / "mosquitto.conf").string();
    EXPECT_TRUE(write_file(config, as_bytes("listener " + std::to_string(port) +
                                            " 127.0.0.1\nallow_anonymous false\npassword_file " +
                                            users + "\nlog_dest stderr\nuser root\n")));
    broker = std::make_unique<ServerProgram>(
        std::vector<std::string>{"/usr/sbin/mosquitto", "-c", config}, "running\n");
  }
  ~TasmotaMqtt() override { unsetenv("ASSAY_TEST_PASSWORD"); }
  std::unique_ptr<abilities::Device> make(const json& more = json::object()) const {
    json params{{"broker", "127.0.0.1:" + std::to_string(port)},
                {"topic", "plug"},
                {"user", "lab"},
                {"password-env", "ASSAY_TEST_PASSWORD"}};
    params.update(more);
    auto made = make_driver({"tasmota-mqtt", params.dump(), "/nowhere", nullptr}, network_kinds());
    EXPECT_TRUE(made) << error_of(made);
    return made ? std::move(*made) : nullptr;
  }
  std::string place() const { return "MQTT broker 127.0.0.1:" + std::to_string(port); }

  TempFolder folder = TempFolder::make("assay-mqtt-").value();
  const int port = free_port();
  std::unique_ptr<ServerProgram> broker;
};

TEST_F(TasmotaMqtt, SwitchesAndReadsBack) {
  Tasmota plug(port, 1);
  const auto relay = make();
  EXPECT_EQ(relay->power()->is_on(order).value(), false);  // whatever the broker has kept
  ASSERT_TRUE(relay->power()->on(order));
  EXPECT_EQ(plug.on, (std::vector{true}));
  EXPECT_EQ(relay->check("power", order).value(), abilities::Health::proven);
  ASSERT_TRUE(relay->power()->off(order));
  EXPECT_EQ(relay->power()->is_on(order).value(), false);
  EXPECT_EQ(relay->about("power"), "Tasmota 'plug' at " + place() + ", relay 1");
}

TEST_F(TasmotaMqtt, OneOfSeveralRelays) {
  Tasmota strip(port, 3);
  ASSERT_TRUE(make({{"channel", 2}})->power()->on(order));
  EXPECT_EQ(strip.on, (std::vector{false, true, false}));
  // It would have switched the first one.
  const auto fourth = make({{"channel", 4}, {"timeout_ms", 100}})->power()->on(order);
  EXPECT_EQ(error_of(fourth), "Tasmota 'plug' at " + place() +
                                  ", relay 4: no answer within 100 ms: is it in reach, and is "
                                  "this its topic?");
  EXPECT_EQ(strip.on, (std::vector{false, true, false}));
}

TEST_F(TasmotaMqtt, ADeviceThatDoesNotDoAsTold) {
  Tasmota plug(port, 1);
  plug.stuck = true;
  EXPECT_EQ(error_of(make({{"timeout_ms", 2000}})->power()->on(order)),
            "Tasmota 'plug' at " + place() + ", relay 1: was told ON, but says that it is off");
  plug.deaf = true;
  EXPECT_EQ(cause_of(make()->power()->on({1, Wait::for_(50ms)})), Cause::timeout);
  std::stop_source stop;
  stop.request_stop();
  EXPECT_EQ(cause_of(make()->power()->on({1, {Deadline::never(), stop.get_token()}})),
            Cause::cancelled);
}

TEST_F(TasmotaMqtt, ADeviceWithoutPower) {
  Tasmota plug(port, 1);
  plug.end(true);
  ASSERT_TRUE(broker->says("closed its connection"));
  const auto on = make()->power()->on(order);
  EXPECT_EQ(cause_of(on), Cause::device);
  EXPECT_EQ(error_of(on),
            "Tasmota 'plug' at " + place() + ", relay 1: has lost its connection to the broker");
}

TEST_F(TasmotaMqtt, ABrokerThatRefusesOrIsNotThere) {
  setenv("ASSAY_TEST_PASSWORD", "wrong-one", 1);
  const auto refused = make()->power()->on(order);
  EXPECT_EQ(cause_of(refused), Cause::device);
  EXPECT_EQ(error_of(refused), place() + ": Connection Refused: not authorised.");
  broker->stop();
  const auto gone = make()->power()->on(order);
  EXPECT_EQ(cause_of(gone), Cause::device);
  EXPECT_EQ(error_of(gone), place() + ": Connection refused");
}

TEST(TasmotaMqttSettings, RefuseWhatCannotWork) {
  const auto refusal = [](const json& params) {
    return error_of(
        make_driver({"tasmota-mqtt", params.dump(), "/nowhere", nullptr}, network_kinds()));
  };
  EXPECT_EQ(refusal({{"broker", "b"}, {"topic", "a/+"}}),
            "driver tasmota-mqtt: 'topic' must be the device's own, without #, + and /");
  EXPECT_EQ(refusal({{"broker", "b:99999"}, {"topic", "a"}}),
            "driver tasmota-mqtt: 'b:99999' names no port: write HOST:PORT, the port from 1 to "
            "65535");
}

}  // namespace
}  // namespace assay::drivers
