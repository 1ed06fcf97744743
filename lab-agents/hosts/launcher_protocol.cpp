#include "hosts/launcher_protocol.hpp"

#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <nlohmann/json.hpp>

namespace assay::hosts {

namespace {

using Json = nlohmann::json;
constexpr std::size_t max_packet = 64 << 10;

Result<> send_packet(int fd, const Json& body, int passed, int flags) {
  Bytes bytes;
  try {
    bytes = Json::to_cbor(body);
  } catch (const std::exception& e) {
    return fail(Cause::internal, "a message of the launcher's socket: {}", e.what());
  }
  if (bytes.size() > max_packet) {
    return fail(Cause::exhausted, "a host's command line of {} bytes: the limit is {}",
                bytes.size(), max_packet);
  }
  iovec part{bytes.data(), bytes.size()};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(int))> control{};
  if (passed >= 0) {
    message.msg_control = control.data();
    message.msg_controllen = control.size();
    cmsghdr* header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(sizeof(int));
    std::memcpy(CMSG_DATA(header), &passed, sizeof passed);
  }
  while (sendmsg(fd, &message, MSG_NOSIGNAL | flags) < 0) {
    if (errno != EINTR) return fail_errno("the launcher's socket", Cause::unavailable);
  }
  return {};
}

Result<std::pair<Json, UniqueFd>> receive_packet(int fd) {
  Bytes bytes(max_packet);
  iovec part{bytes.data(), bytes.size()};
  alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(int))> control{};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = control.data();
  message.msg_controllen = control.size();
  ssize_t n = 0;
  while ((n = recvmsg(fd, &message, MSG_CMSG_CLOEXEC)) < 0) {
    if (errno != EINTR) return fail_errno("the launcher's socket", Cause::unavailable);
  }
  if (n == 0) return fail(Cause::unavailable, "the launcher's socket is closed");
  UniqueFd passed;
  const cmsghdr* header = CMSG_FIRSTHDR(&message);
  if (header != nullptr && header->cmsg_level == SOL_SOCKET && header->cmsg_type == SCM_RIGHTS) {
    int received = -1;
    std::memcpy(&received, CMSG_DATA(header), sizeof received);
    passed.reset(received);
  }
  bytes.resize(static_cast<std::size_t>(n));
  Json body = Json::from_cbor(bytes, true, false);
  if (!body.is_object()) return fail(Cause::internal, "the launcher's socket carries no message");
  return std::pair{std::move(body), std::move(passed)};
}

}  // namespace

Result<> send_order(int fd, const LaunchOrder& order, int socket) {
  return send_packet(fd, {{"kill", order.kill}, {"number", order.number}, {"argv", order.argv}},
                     socket, MSG_DONTWAIT);
}

Result<std::pair<LaunchOrder, UniqueFd>> receive_order(int fd) {
  auto [body, socket] = TRY(receive_packet(fd));
  try {
    return std::pair{LaunchOrder{body.at("kill"), body.at("number"), body.at("argv")},
                     std::move(socket)};
  } catch (const std::exception& e) {
    return fail(Cause::internal, "the launcher's socket carries no order: {}", e.what());
  }
}

Result<> send_notice(int fd, const Notice& notice) {
  return send_packet(fd,
                     {{"event", static_cast<int>(notice.event)},
                      {"number", notice.number},
                      {"pid", notice.pid},
                      {"text", notice.text},
                      {"code", notice.status.code},
                      {"signal", notice.status.signal}},
                     -1, 0);
}

Result<Notice> receive_notice(int fd) {
  auto [body, socket] = TRY(receive_packet(fd));
  try {
    return Notice{static_cast<Notice::Event>(body.at("event").get<int>()),
                  body.at("number"),
                  body.at("pid"),
                  body.at("text"),
                  {body.at("code"), body.at("signal")}};
  } catch (const std::exception& e) {
    return fail(Cause::internal, "the launcher's socket carries no notice: {}", e.what());
  }
}

}  // namespace assay::hosts
