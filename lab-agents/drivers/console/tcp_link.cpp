#include "drivers/console/tcp_link.hpp"

#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>

#include "base/fd.hpp"

namespace assay::drivers {

namespace {

using Addresses = std::unique_ptr<addrinfo, decltype(&freeaddrinfo)>;

// A server without power says nothing: asked after 10 s of silence, given up after 25.
void watch_over(int fd) {
  const auto set = [fd](int level, int option, int value) {
    setsockopt(fd, level, option, &value, sizeof value);
  };
  set(IPPROTO_TCP, TCP_NODELAY, 1);
  set(SOL_SOCKET, SO_KEEPALIVE, 1);
  set(IPPROTO_TCP, TCP_KEEPIDLE, 10);
  set(IPPROTO_TCP, TCP_KEEPINTVL, 5);
  set(IPPROTO_TCP, TCP_KEEPCNT, 3);
}

class TcpLink final : public Link {
 public:
  TcpLink(Addresses addresses, std::unique_ptr<TelnetCodec> codec)
      : addresses_(std::move(addresses)), next_(addresses_.get()), codec_(std::move(codec)) {}

  // To the next address that does not refuse at once.
  Result<> connect_next() {
    int error = ECONNREFUSED;
    for (; next_ != nullptr; next_ = next_->ai_next) {
      socket_.reset(
          ::socket(next_->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, IPPROTO_TCP));
      if (!socket_) return fail_errno("a socket");
      watch_over(socket_.get());
      if (::connect(socket_.get(), next_->ai_addr, next_->ai_addrlen) == 0 ||
          errno == EINPROGRESS) {
        next_ = next_->ai_next;
        return {};
      }
      error = errno;
    }
    return fail(Cause::not_found, "{}", std::strerror(error));
  }

  bool up() const override { return connected_ && codec_->settled(); }

  void poll_fds(std::vector<pollfd>& fds, bool console_full) override {
    int events = 0;
    if (!connected_ || !pending_.empty()) events |= POLLOUT;
    if (connected_ && (!console_full || !codec_->settled())) events |= POLLIN;
    if (events != 0) fds.push_back({socket_.get(), static_cast<short>(events), 0});
  }

  Result<> on_ready(std::span<const pollfd> fds, const PushBytes& push) override {
    short events = 0;
    for (const auto& fd : fds) {
      if (fd.fd == socket_.get()) events = fd.revents;
    }
    if (events == 0) return {};
    if (!connected_) return finish();
    if ((events & POLLIN) != 0 || (events & ~POLLOUT) != 0) TRY(read(push));
    return flush();
  }

  Result<> write(ByteView bytes, const Wait& wait) override {
    const auto first = std::exchange(pending_, {});
    TRY(write_all(socket_.get(), first, wait));
    return write_all(socket_.get(), codec_->encode(bytes), wait);
  }

  Duration patience() const override { return std::chrono::seconds(5); }
  Result<> late() override {
    if (!connected_) return fail(Cause::not_found, "no answer within 5 s");
    return fail(Cause::device, "{}", codec_->missing());
  }

 private:
  Result<> finish() {
    int error = 0;
    socklen_t size = sizeof error;
    getsockopt(socket_.get(), SOL_SOCKET, SO_ERROR, &error, &size);
    if (error != 0 && next_ != nullptr) return connect_next();
    if (error != 0) return fail(Cause::not_found, "{}", std::strerror(error));
    connected_ = true;
    pending_ = codec_->hello();
    return flush();
  }

  Result<> read(const PushBytes& push) {
    std::array<std::uint8_t, 65536> piece;
    const auto n = ::recv(socket_.get(), piece.data(), piece.size(), MSG_DONTWAIT);
    if (n > 0) return codec_->decode({piece.data(), static_cast<std::size_t>(n)}, push, pending_);
    if (n < 0 && (errno == EAGAIN || errno == EINTR)) return {};
    return fail(Cause::device, "{}",
                n == 0 ? "the far end closed the connection" : std::strerror(errno));
  }

  // As much as the socket takes now.
  Result<> flush() {
    while (!pending_.empty()) {
      const auto n =
          ::send(socket_.get(), pending_.data(), pending_.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
      if (n < 0 && errno == EINTR) continue;
      if (n < 0 && errno == EAGAIN) return {};
      if (n < 0) return fail(Cause::device, "{}", std::strerror(errno));
      pending_.erase(pending_.begin(), pending_.begin() + n);
    }
    return {};
  }

  const Addresses addresses_;
  const addrinfo* next_;  // of them, to be tried
  const std::unique_ptr<TelnetCodec> codec_;
  UniqueFd socket_;
  bool connected_ = false;
  Bytes pending_;  // the codec's own, not yet sent
};

}  // namespace

Result<std::unique_ptr<Link>> make_tcp_link(const HostPort& at,
                                            std::unique_ptr<TelnetCodec> codec) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_NUMERICSERV | AI_ADDRCONFIG;
  addrinfo* found = nullptr;
  const int error = getaddrinfo(at.host.c_str(), std::to_string(at.port).c_str(), &hints, &found);
  if (error != 0) return fail(Cause::not_found, "{}", gai_strerror(error));
  auto link = std::make_unique<TcpLink>(Addresses(found, &freeaddrinfo), std::move(codec));
  TRY(link->connect_next());
  return link;
}

}  // namespace assay::drivers
