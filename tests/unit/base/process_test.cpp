#include "base/process.hpp"

#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>

#include <thread>

namespace assay {
namespace {

using std::chrono::seconds;

TEST(Process, runs_a_program_and_keeps_what_it_prints) {
  const auto output =
      run({.args = {"sh", "-c", "echo out; echo err >&2; exit 3"}}, Wait::for_(seconds(10)));
  ASSERT_TRUE(output) << output.error().text;
  EXPECT_EQ(output->out, "out\nerr\n");
  EXPECT_EQ(to_string(output->status), "exit status 3");
}

TEST(Process, a_missing_program_is_not_found_either_way_of_starting) {
  for (const bool dies_with_parent : {false, true}) {
    const auto process =
        Process::start({.args = {"assay-no-such-program"}, .dies_with_parent = dies_with_parent});
    ASSERT_FALSE(process);
    EXPECT_EQ(process.error().cause, Cause::not_found);
    EXPECT_EQ(process.error().text, "assay-no-such-program: No such file or directory");
  }
}

TEST(Process, passes_descriptors_and_environment) {
  auto pair = make_socket_pair();
  ASSERT_TRUE(pair);
  auto process = Process::start({.args = {"sh", "-c", "printf %s \"$WORD\" >&3"},
                                 .env = {{"WORD", "hello"}},
                                 .fds = {{pair->theirs.get(), 3}}});
  ASSERT_TRUE(process) << process.error().text;
  pair->theirs.reset();
  std::array<std::uint8_t, 16> bytes{};
  const auto n = read_some(pair->ours.get(), bytes, Wait::for_(seconds(10)));
  ASSERT_TRUE(n);
  EXPECT_EQ(as_text(ByteView(bytes).first(*n)), "hello");
  EXPECT_TRUE(process->wait(Wait::for_(seconds(10)))->ok());
}

TEST(Process, an_end_by_force_reaches_the_whole_group) {
  auto pair = make_socket_pair();
  // The grandchild ignores SIGTERM and holds the socket open until it dies.
  auto process = Process::start(
      {.args = {"sh", "-c", "trap '' TERM; (trap '' TERM; echo x >&3; sleep 100) & wait; wait"},
       .fds = {{pair->theirs.get(), 3}}});
  ASSERT_TRUE(process);
  pair->theirs.reset();
  std::array<std::uint8_t, 16> bytes{};
  ASSERT_TRUE(read_some(pair->ours.get(), bytes, Wait::for_(seconds(10))));
  EXPECT_EQ(process->end(std::chrono::milliseconds(100)).signal, SIGKILL);
  const auto end = read_some(pair->ours.get(), bytes, Wait::for_(seconds(10)));
  ASSERT_TRUE(end) << end.error().text;
  EXPECT_EQ(*end, 0u) << "the grandchild still lives";
}

TEST(Process, a_run_that_is_too_long_is_killed_at_its_deadline) {
  const auto output = run({.args = {"sleep", "100"}}, Wait::for_(std::chrono::milliseconds(50)));
  ASSERT_FALSE(output);
  EXPECT_EQ(output.error().cause, Cause::timeout);
}

TEST(Process, a_wait_ends_when_it_is_called_off) {
  auto process = Process::start({.args = {"sleep", "100"}});
  ASSERT_TRUE(process);
  std::stop_source stop;
  std::jthread later([&] { stop.request_stop(); });
  const auto ended = process->wait({Deadline::never(), stop.get_token()});
  ASSERT_FALSE(ended);
  EXPECT_EQ(ended.error().cause, Cause::cancelled);
}

TEST(Process, output_past_the_limit_is_cut_and_does_not_block_the_program) {
  const auto output = run({.args = {"sh", "-c", "head -c 300000 /dev/zero | tr '\\0' x"}},
                          Wait::for_(seconds(10)), 1000);
  ASSERT_TRUE(output);
  EXPECT_EQ(output->out.size(), 1000u);
  EXPECT_TRUE(output->status.ok());
}

}  // namespace
}  // namespace assay
