#include "protocols/qmp.hpp"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

#include "base/text.hpp"

namespace assay::qmp {

namespace {
using Json = nlohmann::json;
constexpr std::size_t longest_line = 1 << 20;
constexpr std::size_t kept_events = 256;
}  // namespace

Result<Client> Client::greet(UniqueFd fd, const Wait& wait) {
  Client client(std::move(fd));
  const auto greeting = TRY(client.receive(wait));
  if (!greeting.contains("QMP")) return fail(Cause::device, "qmp: no greeting");
  TRY(client.execute("qmp_capabilities", wait));
  return client;
}

Result<Json> Client::receive(const Wait& wait) {
  while (true) {
    if (const auto end = buffer_.find('\n'); end != std::string::npos) {
      auto message = Json::parse(buffer_.substr(0, end), nullptr, false);
      buffer_.erase(0, end + 1);
      if (!message.is_object()) return fail(Cause::device, "qmp: a line that is no JSON object");
      return message;
    }
    if (buffer_.size() > longest_line) return fail(Cause::device, "qmp: a line without end");
    std::array<std::uint8_t, 16384> bytes;
    const auto n = TRY(read_some(fd_.get(), bytes, wait));
    if (n == 0) return fail(Cause::device, "qmp: QEMU closed the connection");
    buffer_ += as_text({bytes.data(), n});
  }
}

void Client::keep(const Json& message) {
  const auto event = message.find("event");
  if (event == message.end() || !event->is_string()) return;
  events_.push_back(event->get<std::string>());
  if (events_.size() > kept_events) events_.pop_front();
}

Result<Json> Client::execute(std::string_view command, const Json& arguments, const Wait& wait) {
  const auto id = next_id_++;
  const Json request{{"execute", command}, {"arguments", arguments}, {"id", id}};
  TRY(write_all(fd_.get(), as_bytes(request.dump() + "\n"), wait));
  while (true) {
    auto message = TRY(receive(wait));
    // The answer to a call that was given up before.
    if (!message.contains("event") && message.value("id", Json()) != id) continue;
    if (const auto error = message.find("error"); error != message.end()) {
      const std::string words = error->is_object() ? error->value("desc", "error") : "error";
      return fail(Cause::device, "qmp {}: {}", command, printable(words));
    }
    if (const auto value = message.find("return"); value != message.end()) return *value;
    keep(message);
  }
}

Result<> Client::execute(std::string_view command, const Wait& wait) {
  TRY(execute(command, Json::object(), wait));
  return {};
}

Result<> Client::await_event(std::string_view name, const Wait& wait) {
  while (true) {
    const auto it = std::find(events_.begin(), events_.end(), name);
    if (it != events_.end()) {
      events_.erase(events_.begin(), it + 1);
      return {};
    }
    keep(TRY(receive(wait)));
  }
}

}  // namespace assay::qmp
