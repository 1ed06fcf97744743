// A real server program on loopback for the length of a test.
#pragma once

#include <arpa/inet.h>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <memory>
#include <string>

#include "base/process.hpp"

namespace assay::drivers {

// One that nobody has now.
inline int free_port(int type = SOCK_STREAM) {
  const UniqueFd socket(::socket(AF_INET, type | SOCK_CLOEXEC, 0));
  sockaddr_in here{};
  here.sin_family = AF_INET;
  here.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof here;
  auto* address = reinterpret_cast<sockaddr*>(&here);
  EXPECT_EQ(::bind(socket.get(), address, size), 0);
  getsockname(socket.get(), address, &size);
  return ntohs(here.sin_port);
}

class ServerProgram {
 public:
  // Has started once it has said `ready`, on either of its streams.
  ServerProgram(std::vector<std::string> args, const std::string& ready) {
    std::array<int, 2> ends{-1, -1};
    EXPECT_EQ(pipe2(ends.data(), O_CLOEXEC), 0);
    output_.reset(ends[0]);
    const UniqueFd theirs(ends[1]);
    auto started = Process::start({.args = std::move(args),
                                   .fds = {{theirs.get(), 1}, {theirs.get(), 2}},
                                   .dies_with_parent = true});
    EXPECT_TRUE(started) << started.error().text;
    if (started) process_ = std::make_unique<Process>(std::move(*started));
    writer_ = UniqueFd(dup(theirs.get()));  // or its death would look like more to read
    EXPECT_TRUE(says(ready)) << said_;
  }

  // Reads on until it has said it; false after 20 s.
  bool says(const std::string& words) {
    const Wait wait = Wait::for_(std::chrono::seconds(20));
    while (said_.find(words) == std::string::npos) {
      std::array<std::uint8_t, 4096> piece;
      const auto n = read_some(output_.get(), piece, wait);
      if (!n) return false;
      said_ += as_text({piece.data(), *n});
    }
    return true;
  }
  void stop() { process_.reset(); }
  [[nodiscard]] pid_t pid() const { return process_->pid(); }

 private:
  UniqueFd output_, writer_;
  std::string said_;
  std::unique_ptr<Process> process_;
};

}  // namespace assay::drivers
