#include "drivers_net/mqtt_session.hpp"

#include <mosquitto.h>

#include <cerrno>
#include <cstring>

#include "base/fd.hpp"

namespace assay::drivers {

namespace {

constexpr int keepalive = 60;  // seconds; a session takes less
constexpr int at_least_once = 1;
constexpr int refused_topic = 0x80;  // MQTT 3.1.1, SUBACK
constexpr std::size_t most_kept = 1000;

}  // namespace

Result<std::unique_ptr<MqttSession>> MqttSession::open(MqttBroker broker,
                                                       const std::vector<std::string>& topics,
                                                       const Wait& wait) {
  static const int started = mosquitto_lib_init();
  if (started != MOSQ_ERR_SUCCESS) return fail(Cause::internal, "libmosquitto does not start");
  std::unique_ptr<MqttSession> session(new MqttSession(std::move(broker)));
  TRY(session->connect());
  while (session->answer_ < 0) TRY(session->step(wait));
  if (session->answer_ != 0) {
    return fail(Cause::device, "{}: {}", session->broker_.place(),
                mosquitto_connack_string(session->answer_));
  }
  TRY(session->subscribe(topics));
  while (!session->subscribed_) TRY(session->step(wait));
  if (!session->denied_) return session;
  return fail(Cause::device, "{}: may not be listened to by this user", session->broker_.place());
}

MqttSession::~MqttSession() {
  if (client_ == nullptr) return;
  mosquitto_disconnect(client_);
  mosquitto_destroy(client_);
}

Result<> MqttSession::connect() {
  client_ = mosquitto_new(nullptr, true, this);
  if (client_ == nullptr) return fail(Cause::internal, "libmosquitto does not start");
  mosquitto_int_option(client_, MOSQ_OPT_TCP_NODELAY, 1);
  if (!broker_.user.empty()) {
    mosquitto_username_pw_set(client_, broker_.user.c_str(), broker_.password.c_str());
  }
  mosquitto_connect_callback_set(client_, [](mosquitto*, void* self, int code) {
    static_cast<MqttSession*>(self)->answer_ = code;
  });
  mosquitto_subscribe_callback_set(client_,
                                   [](mosquitto*, void* self, int, int topics, const int* granted) {
                                     auto& session = *static_cast<MqttSession*>(self);
                                     session.subscribed_ = true;
                                     for (int i = 0; i < topics; ++i)
                                       session.denied_ |= granted[i] == refused_topic;
                                   });
  mosquitto_message_callback_set(client_,
                                 [](mosquitto*, void* self, const mosquitto_message* message) {
                                   static_cast<MqttSession*>(self)->keep(*message);
                                 });
  const int code = mosquitto_connect_async(client_, broker_.host.c_str(), broker_.port, keepalive);
  if (code != MOSQ_ERR_SUCCESS) return lost(code);
  return {};
}

Result<> MqttSession::subscribe(const std::vector<std::string>& topics) {
  std::vector<char*> names;
  for (const auto& topic : topics) names.push_back(const_cast<char*>(topic.c_str()));
  const int code = mosquitto_subscribe_multiple(client_, nullptr, static_cast<int>(names.size()),
                                                names.data(), at_least_once, 0, nullptr);
  if (code != MOSQ_ERR_SUCCESS) return lost(code);
  return {};
}

Result<> MqttSession::publish(const std::string& topic, const std::string& payload) {
  const int code =
      mosquitto_publish(client_, nullptr, topic.c_str(), static_cast<int>(payload.size()),
                        payload.data(), at_least_once, false);
  if (code != MOSQ_ERR_SUCCESS) return lost(code);
  return {};
}

Result<MqttSession::Message> MqttSession::next(const Wait& wait) {
  while (messages_.empty()) TRY(step(wait));
  auto message = std::move(messages_.front());
  messages_.pop_front();
  return message;
}

// The library's own waiting knows no stop: only what is ready is left to it.
Result<> MqttSession::step(const Wait& wait) {
  const int fd = mosquitto_socket(client_);
  if (fd < 0) return lost(MOSQ_ERR_CONN_LOST);
  const bool writes = mosquitto_want_write(client_);
  pollfd socket{fd, static_cast<short>(writes ? POLLIN | POLLOUT : POLLIN), 0};
  TRY(wait_ready({&socket, 1}, wait));
  const int code = mosquitto_loop(client_, 0, 1);
  // A refusal closes the connection, too.
  if (code == MOSQ_ERR_SUCCESS || answer_ > 0) return {};
  return lost(code);
}

tl::unexpected<Error> MqttSession::lost(int code) const {
  return fail(Cause::device, "{}: {}", broker_.place(),
              code == MOSQ_ERR_ERRNO ? std::strerror(errno) : mosquitto_strerror(code));
}

void MqttSession::keep(const mosquitto_message& message) {
  if (messages_.size() >= most_kept) messages_.pop_front();
  messages_.push_back(
      {message.topic,
       {static_cast<const char*>(message.payload), static_cast<std::size_t>(message.payloadlen)},
       message.retain});
}

}  // namespace assay::drivers
