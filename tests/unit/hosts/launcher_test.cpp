#include <gmock/gmock.h>

#include <array>
#include <atomic>
#include <thread>

#include "base/process.hpp"
#include "base/text.hpp"
#include "lab.hpp"

namespace assay::hosts {
namespace {

using testing::HasSubstr;

class LauncherTest : public Lab {
 protected:
  // A board whose host has left a daemon in a session of its own behind.
  std::unique_ptr<HostedBoard> with_daemon(const std::string& id, UniqueFd& daemon) {
    auto s = spec(id);
    s.state_folder = folder_.path() / id;
    auto b = board(s);
    EXPECT_TRUE(b->flash()->write(order(), {.file = "daemon"}));
    daemon = hold(read_pid(s.state_folder / "d" / "daemon.pid"));
    EXPECT_TRUE(daemon);
    return b;
  }
};

TEST_F(LauncherTest, WhatAHostStartedDiesWithItAndWhatOthersStartedDoesNot) {
  UniqueFd first_daemon, second_daemon;
  const auto first = with_daemon("b1", first_daemon);
  const auto second = with_daemon("b2", second_daemon);
  ASSERT_EQ(::kill(first->host_pids()[0].second, SIGKILL), 0);
  EXPECT_TRUE(gone_within(first_daemon, std::chrono::seconds(1)));
  EXPECT_TRUE(first->restart(seconds(20)));
  EXPECT_FALSE(gone_within(second_daemon, Duration{}));
  EXPECT_TRUE(second->restart(seconds(20)));  // is back only once the daemon is gone
  EXPECT_TRUE(gone_within(second_daemon, Duration{}));
}

TEST_F(LauncherTest, LeavesNothingWhenItsOwnerEnds) {
  UniqueFd daemon;
  auto b = with_daemon("b1", daemon);
  const UniqueFd host = hold(b->host_pids()[0].second), launcher = hold(launcher_->pid());
  b.reset();
  EXPECT_TRUE(gone_within(host, Duration{}));
  EXPECT_TRUE(gone_within(daemon, Duration{}));
  launcher_.reset();
  EXPECT_TRUE(gone_within(launcher, Duration{}));
}

TEST_F(LauncherTest, EverythingIsGoneWithinASecondOfTheAgentsDeath) {
  std::array<int, 2> ends{};
  ASSERT_EQ(pipe2(ends.data(), O_CLOEXEC), 0);
  const UniqueFd reader(ends[0]);
  UniqueFd writer(ends[1]);
  auto agent = Process::start({.args = {HOST_PROGRAM, "--agent", mark_ + "-agent", folder_.path()},
                               .fds = {{writer.get(), 1}}});
  ASSERT_TRUE(agent);
  writer.reset();
  std::array<std::uint8_t, 100> line{};
  const auto n = read_some(reader.get(), line, seconds(20));
  ASSERT_TRUE(n && *n > 0);
  std::vector<UniqueFd> held;
  for (const auto word : split(as_text(ByteView(line).first(*n)), ' ')) {
    held.push_back(hold(std::atoi(std::string(word).c_str())));
    EXPECT_TRUE(held.back());
  }
  ASSERT_EQ(held.size(), 3U);  // launcher, host, daemon
  ::kill(agent->pid(), SIGKILL);
  const Deadline limit = Deadline::after(std::chrono::seconds(1));
  for (const auto& process : held) EXPECT_TRUE(gone_within(process, limit.left()));
}

TEST_F(LauncherTest, AKilledLauncherIsReplacedAndLeavesNothing) {
  UniqueFd daemon;
  const auto b = with_daemon("b1", daemon);
  const pid_t before = launcher_->pid();
  const UniqueFd host = hold(b->host_pids()[0].second);
  ASSERT_EQ(::kill(before, SIGKILL), 0);
  EXPECT_TRUE(gone_within(host, std::chrono::seconds(1)));
  EXPECT_TRUE(b->restart(seconds(20)));  // by the next launcher, which first ends the daemon
  EXPECT_TRUE(gone_within(daemon, Duration{}));
  EXPECT_NE(launcher_->pid(), before);
  EXPECT_TRUE(b->power()->on(order()));
}

TEST_F(LauncherTest, IgnoresTheSignalsOfATerminal) {
  const auto b = board(spec());
  ASSERT_TRUE(b->power()->on(order()));
  for (const int signal : {SIGINT, SIGTERM, SIGHUP}) ::kill(launcher_->pid(), signal);
  EXPECT_TRUE(b->restart(seconds(20)));
  EXPECT_TRUE(b->incidents().empty());
}

TEST_F(LauncherTest, HostsHaveTheirOwnSessionAndNoOtherDescriptors) {
  const auto b = board(spec());
  ASSERT_TRUE(b->power()->on(order()));
  const pid_t pid = b->host_pids()[0].second;
  EXPECT_EQ(getsid(pid), pid);
  EXPECT_EQ(getpgid(pid), pid);
  std::vector<int> fds;
  for (const auto& entry : std::filesystem::directory_iterator(fmt::format("/proc/{}/fd", pid))) {
    fds.push_back(std::stoi(entry.path().filename()));
  }
  EXPECT_THAT(fds, testing::UnorderedElementsAre(0, 1, 2, 3));
}

// A host in D state: SIGKILL does nothing until `release()`.
class Unkillable : public HostProcesses {
 public:
  explicit Unkillable(HostProcesses& real) : real_(real) {}
  Result<HostProcess> start(const std::vector<std::string>& argv, const UniqueFd& socket,
                            const Wait& wait) override {
    return real_.start(argv, socket, wait);
  }
  void kill(std::uint64_t number) override {
    if (released_) return real_.kill(number);
    number_ = number;
  }
  Result<ExitStatus> wait_gone(std::uint64_t number, const Wait& wait) override {
    return real_.wait_gone(number, wait);
  }
  void release() {
    released_ = true;
    real_.kill(number_);
  }

 private:
  HostProcesses& real_;
  std::atomic<bool> released_ = false;
  std::atomic<std::uint64_t> number_ = 0;
};

TEST_F(LauncherTest, AHostThatDoesNotEndIsAbandonedUntilItDoes) {
  Unkillable processes(*launcher_);
  auto b = *HostedBoard::make(processes, spec());
  ASSERT_TRUE(b->power()->on(order()));
  const pid_t pid = b->host_pids()[0].second;
  const auto hung =
      b->flash()->write({1, Wait::for_(std::chrono::milliseconds(1))}, {.file = "hang"});
  EXPECT_EQ(hung.error().cause, Cause::timeout);
  const std::string why = fmt::format(
      "its host (process {}) was killed but does not end: it hangs in the kernel. Unplug the "
      "device or restart this machine",
      pid);
  EXPECT_EQ(b->power()->on(order()).error().text, "board b1, device d: power on: " + why);
  EXPECT_EQ(b->power()->on(order()).error().text, "board b1, device d: " + why);
  EXPECT_EQ(b->restart(seconds(20)).error().cause, Cause::unavailable);
  b->console()->listen(nullptr);
  processes.release();
  const UniqueFd host = hold(pid);
  EXPECT_TRUE(gone_within(host, std::chrono::seconds(10)));
  Result<> on;
  for (const Deadline limit = Deadline::after(std::chrono::seconds(10)); !limit.passed();) {
    if ((on = b->power()->on(order()))) break;
    std::this_thread::yield();
  }
  EXPECT_TRUE(on);
}

}  // namespace
}  // namespace assay::hosts
