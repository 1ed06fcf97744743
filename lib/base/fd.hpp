// File descriptors that close themselves, and waiting on them with a deadline
// and a stop token. UniqueFd is not thread-safe; the functions are.
#pragma once

#include <poll.h>

#include <cstddef>
#include <span>
#include <utility>

#include "base/bytes.hpp"
#include "base/clock.hpp"
#include "base/result.hpp"

namespace assay {

class UniqueFd {
 public:
  UniqueFd() = default;
  explicit UniqueFd(int fd) : fd_(fd) {}
  UniqueFd(UniqueFd&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  UniqueFd& operator=(UniqueFd&& other) noexcept {
    if (this != &other) reset(std::exchange(other.fd_, -1));
    return *this;
  }
  ~UniqueFd() { reset(); }

  [[nodiscard]] int get() const { return fd_; }
  [[nodiscard]] explicit operator bool() const { return fd_ >= 0; }
  int release() { return std::exchange(fd_, -1); }
  void reset(int fd = -1);

 private:
  int fd_ = -1;
};

struct SocketPair {
  UniqueFd ours;
  UniqueFd theirs;
};
// AF_UNIX, close-on-exec; SOCK_STREAM unless told otherwise.
Result<SocketPair> make_socket_pair(int type = 1 /* SOCK_STREAM */);

// Waits until one of `fds` has events (their revents are set), the deadline
// passes (Cause::timeout) or stop is requested (Cause::cancelled).
Result<> wait_ready(std::span<pollfd> fds, const Wait&);
Result<> wait_readable(int fd, const Wait&);

// All of it or an error; on sockets without SIGPIPE. Blocking or non-blocking fd.
Result<> write_all(int fd, ByteView, const Wait&);
// At least one byte; 0 at the end of the stream.
Result<std::size_t> read_some(int fd, std::span<std::uint8_t>, const Wait&);

// At a position of a file, however often the kernel does less than asked.
// `what` begins the error: "WHAT: the disk is full; free some space and try again".
// How much of `into` there was before the file's end.
Result<std::size_t> read_at(int fd, std::span<std::uint8_t> into, std::uint64_t offset,
                            std::string_view what);
Result<> write_at(int fd, ByteView, std::uint64_t offset, std::string_view what);

}  // namespace assay
