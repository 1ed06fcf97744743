#include "base/clock.hpp"

#include <gtest/gtest.h>

#include "base/fd.hpp"

namespace assay {
namespace {

using namespace std::chrono_literals;

TEST(Clock, says_durations_as_people_do) {
  EXPECT_EQ(human(250us), "250 us");
  EXPECT_EQ(human(250ms), "250 ms");
  EXPECT_EQ(human(3200ms), "3.2 s");
  EXPECT_EQ(human(2min), "2 min");
  EXPECT_EQ(human(245s), "4 min 5 s");
  EXPECT_EQ(human(3h + 5min), "3 h 5 min");
}

TEST(Deadline, the_sooner_one_wins_and_never_never_passes) {
  const Deadline soon = Deadline::after(1h);
  EXPECT_EQ(Deadline::never().sooner(soon).time(), soon.time());
  EXPECT_FALSE(Deadline::never().passed());
  EXPECT_TRUE(Deadline::after(-1s).passed());
  EXPECT_EQ(Deadline::after(-1s).left(), 0s);
}

TEST(Wait, tells_a_passed_deadline_from_a_stop) {
  auto pair = make_socket_pair();
  ASSERT_TRUE(pair);
  EXPECT_EQ(wait_readable(pair->ours.get(), Wait::for_(1ms)).error().cause, Cause::timeout);
  std::stop_source stop;
  stop.request_stop();
  EXPECT_EQ(wait_readable(pair->ours.get(), {Deadline::never(), stop.get_token()}).error().cause,
            Cause::cancelled);
}

TEST(Wait, a_large_write_waits_for_its_reader) {
  auto pair = make_socket_pair();
  const Bytes much(4 << 20, 7);
  EXPECT_EQ(write_all(pair->ours.get(), much, Wait::for_(10ms)).error().cause, Cause::timeout);
}

}  // namespace
}  // namespace assay
