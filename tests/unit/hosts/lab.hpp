// A launcher, boards of test devices, and looks at processes, for these tests.
#pragma once

#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <charconv>
#include <future>
#include <string>
#include <thread>

#include "base/file.hpp"
#include "hosts/hosted_board.hpp"
#include "hosts/launcher.hpp"

namespace assay::hosts {

using abilities::Incident;
using abilities::Order;

inline Wait seconds(int n) {
  return Wait::for_(std::chrono::seconds(n));
}
inline Order order(std::uint64_t epoch = 1) {
  return {epoch, seconds(20)};
}

inline pid_t read_pid(const std::filesystem::path& file) {
  const std::string text = read_text(file).value_or("0");
  pid_t pid = 0;
  std::from_chars(text.data(), text.data() + text.size(), pid);
  return pid;
}

// A hold on a process, so that a reused process id cannot deceive.
inline UniqueFd hold(pid_t pid) {
  return UniqueFd(static_cast<int>(syscall(SYS_pidfd_open, pid, 0)));
}
inline bool gone_within(const UniqueFd& pidfd, Duration limit) {
  return !pidfd || wait_readable(pidfd.get(), Wait::for_(limit)).has_value();
}

class Lab : public testing::Test {
 protected:
  Lab() : folder_(*TempFolder::make("hosts-test-")) {
    mark_ = folder_.path().filename();
    auto launcher = Launcher::start(HOST_PROGRAM, mark_, seconds(20));
    if (!launcher) throw std::runtime_error(launcher.error().text);
    launcher_ = std::move(*launcher);
  }

  // All abilities in one device, unless told otherwise.
  BoardSpec spec(std::string id = "b1") {
    return {.id = std::move(id),
            .devices = {{"d", "test", {"power", "reset", "flash", "console"}, "{}"}},
            .host_argv = {HOST_PROGRAM},
            .state_folder = folder_.path()};
  }
  std::unique_ptr<HostedBoard> board(const BoardSpec& s) {
    auto made = HostedBoard::make(*launcher_, s);
    if (!made) throw std::runtime_error(made.error().text);
    return std::move(*made);
  }

  // flash write of "hang", which the host has begun to carry out when this returns.
  std::future<Result<>> hanging(HostedBoard& b, const Order& o) {
    const auto sign = folder_.path() / "d" / "hanging";
    std::filesystem::remove(sign);
    auto result =
        std::async(std::launch::async, [&b, o] { return b.flash()->write(o, {.file = "hang"}); });
    while (!std::filesystem::exists(sign))
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    return result;
  }

  TempFolder folder_;
  std::string mark_;
  std::unique_ptr<Launcher> launcher_;
};

}  // namespace assay::hosts
