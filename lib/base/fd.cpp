#include "base/fd.hpp"

#include <fcntl.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <optional>
#include <vector>

namespace assay {

void UniqueFd::reset(int fd) {
  if (fd_ >= 0) ::close(fd_);
  fd_ = fd;
}

Result<SocketPair> make_socket_pair(int type) {
  std::array<int, 2> fds{};
  if (socketpair(AF_UNIX, type | SOCK_CLOEXEC, 0, fds.data()) != 0) return fail_errno("socketpair");
  return SocketPair{UniqueFd(fds[0]), UniqueFd(fds[1])};
}

// ppoll() against an absolute deadline; true when an fd is ready.
static Result<bool> poll_until(std::span<pollfd> fds, Deadline until) {
  while (true) {
    timespec left{};
    timespec* limit = nullptr;
    if (!until.is_never()) {
      const auto ns = until.left().count();
      left = {ns / 1'000'000'000, ns % 1'000'000'000};
      limit = &left;
    }
    const int n = ppoll(fds.data(), fds.size(), limit, nullptr);
    if (n > 0) return true;
    if (n == 0 && until.passed()) return false;
    if (n < 0 && errno != EINTR) return fail_errno("poll");
  }
}

Result<> wait_ready(std::span<pollfd> fds, const Wait& wait) {
  if (!wait.stop.stop_possible()) {
    if (!TRY(poll_until(fds, wait.until))) return fail(Cause::timeout, "timed out");
    return {};
  }
  // A stop request must wake the poll: an eventfd that the callback writes.
  const UniqueFd waker(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!waker) return fail_errno("eventfd");
  const std::stop_callback on_stop(wait.stop, [&] { eventfd_write(waker.get(), 1); });
  std::vector<pollfd> all(fds.begin(), fds.end());
  all.push_back({waker.get(), POLLIN, 0});
  const bool ready = TRY(poll_until(all, wait.until));
  if (all.back().revents != 0) return fail(Cause::cancelled, "cancelled");
  if (!ready) return fail(Cause::timeout, "timed out");
  for (std::size_t i = 0; i < fds.size(); ++i) fds[i].revents = all[i].revents;
  return {};
}

Result<> wait_readable(int fd, const Wait& wait) {
  pollfd p{fd, POLLIN, 0};
  return wait_ready({&p, 1}, wait);
}

Result<> write_all(int fd, ByteView bytes, const Wait& wait) {
  while (!bytes.empty()) {
    ssize_t n = ::send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    if (n < 0 && errno == ENOTSOCK) n = ::write(fd, bytes.data(), bytes.size());
    if (n >= 0) {
      bytes = bytes.subspan(static_cast<std::size_t>(n));
    } else if (errno == EAGAIN) {
      pollfd p{fd, POLLOUT, 0};
      TRY(wait_ready({&p, 1}, wait));
    } else if (errno != EINTR) {
      return fail_errno("write");
    }
  }
  return {};
}

Result<std::size_t> read_some(int fd, std::span<std::uint8_t> into, const Wait& wait) {
  while (true) {
    TRY(wait_readable(fd, wait));
    const ssize_t n = ::read(fd, into.data(), into.size());
    if (n >= 0) return static_cast<std::size_t>(n);
    if (errno != EINTR && errno != EAGAIN) return fail_errno("read");
  }
}

Result<std::size_t> read_at(int fd, std::span<std::uint8_t> into, std::uint64_t offset,
                            std::string_view what) {
  std::size_t done = 0;
  while (done < into.size()) {
    const ssize_t n =
        ::pread(fd, into.data() + done, into.size() - done, static_cast<off_t>(offset + done));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return fail_errno(what);
    if (n == 0) break;
    done += static_cast<std::size_t>(n);
  }
  return done;
}

Result<> write_at(int fd, ByteView bytes, std::uint64_t offset, std::string_view what) {
  while (!bytes.empty()) {
    const ssize_t n = ::pwrite(fd, bytes.data(), bytes.size(), static_cast<off_t>(offset));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return fail_errno(what);
    bytes = bytes.subspan(static_cast<std::size_t>(n));
    offset += static_cast<std::uint64_t>(n);
  }
  return {};
}

}  // namespace assay
