// One short conversation with an MQTT broker, by libmosquitto, without TLS. For
// single-threaded programs; the broker's name is looked up without a deadline.
#pragma once

#include <deque>
#include <memory>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "base/result.hpp"

struct mosquitto;
struct mosquitto_message;

namespace assay::drivers {

struct MqttBroker {
  std::string host;
  int port = 1883;
  std::string user = {}, password = {};
  [[nodiscard]] std::string place() const { return fmt::format("MQTT broker {}:{}", host, port); }
};

class MqttSession {
 public:
  struct Message {
    std::string topic, payload;
    bool retained = false;  // said before this session
  };

  // Connected, and `topics` subscribed to. Cause::device when the broker is not
  // there or says no; timeout when it says nothing.
  static Result<std::unique_ptr<MqttSession>> open(MqttBroker,
                                                   const std::vector<std::string>& topics,
                                                   const Wait&);
  MqttSession(const MqttSession&) = delete;
  MqttSession& operator=(const MqttSession&) = delete;
  ~MqttSession();

  // At least once.
  Result<> publish(const std::string& topic, const std::string& payload);
  // The next one of the topics.
  Result<Message> next(const Wait&);

 private:
  explicit MqttSession(MqttBroker broker) : broker_(std::move(broker)) {}
  Result<> connect();
  Result<> subscribe(const std::vector<std::string>& topics);
  Result<> step(const Wait&);
  [[nodiscard]] tl::unexpected<Error> lost(int code) const;
  void keep(const mosquitto_message&);

  const MqttBroker broker_;
  mosquitto* client_ = nullptr;
  int answer_ = -1;  // to CONNECT, once there is one
  bool subscribed_ = false, denied_ = false;
  std::deque<Message> messages_;
};

}  // namespace assay::drivers
