#include "lab.hpp"

namespace assay::scheduler {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

struct Leases : testing::Test {
  Leases() {
    EXPECT_TRUE(lab.hello(agent("lab-a", "i1", {board("v1")})));
    lab.submit_one();
    lab.decisions();
  }
  Lab lab;
};

TEST_F(Leases, RunOutOneLeaseAfterTheLastRenewal) {
  lab.accept("r1.1.1");
  lab.pass(5s);
  lab.renew("lab-a", {"r1.1.1"});
  lab.core.disconnected("lab-a");
  // First it counts as silent, and gets no more.
  EXPECT_EQ(lab.core.next_due(), lab.now + 15s + 1ns);
  lab.pass(15s + 1ns);
  // Then assayd wakes up a second before the end.
  EXPECT_EQ(lab.core.next_due(), lab.now + 14s - 1ns);
  lab.pass(15s - 2ns);
  EXPECT_EQ(lab.attempt("r1.1.1"), "running");
  lab.pass(1ns);
  EXPECT_EQ(
      lab.attempt("r1.1.1"),
      "ended: lab-error: the agent 'lab-a' was not heard for 30.0 s: the lease of v1 ran out");
  EXPECT_EQ(lab.run(1), "running");
  EXPECT_THAT(lab.core.why(1, lab.now).front().reason,
              "waits: board v1 is offline: agent 'lab-a' is not connected");
}

// By its own clock assayd is not late: that stood still with its machine. But what agents said
// meanwhile is not read yet.
TEST_F(Leases, DoNotRunOutBeforeAssaydHasBeenAwakeForASecond) {
  lab.accept("r1.1.1");
  lab.pass(28s);
  lab.now = lab.now + 2s;  // the first second was due, and a little more
  lab.settle();
  EXPECT_EQ(lab.attempt("r1.1.1"), "running");
  lab.pass(1s - 1ns);
  EXPECT_EQ(lab.attempt("r1.1.1"), "running");
  lab.renew("lab-a", {"r1.1.1"});
  lab.pass(30s - 1ns);
  EXPECT_EQ(lab.attempt("r1.1.1"), "running");
  lab.pass(1ns);
  EXPECT_THAT(lab.attempt("r1.1.1"), testing::StartsWith("ended: lab-error"));
}

TEST_F(Leases, AreNotAnsweredTooLateBeforeAssaydHasBeenAwakeForASecond) {
  lab.pass(8s);
  lab.now = lab.now + 2s;
  lab.settle();
  EXPECT_EQ(lab.attempt("r1.1.1"), "assigned");
  lab.pass(1s - 1ns);
  EXPECT_EQ(lab.attempt("r1.1.1"), "assigned");
  lab.pass(1ns);
  EXPECT_THAT(lab.attempt("r1.1.1"), testing::StartsWith("ended: lab-error"));
}

TEST_F(Leases, OfVanishedAgentsMoveToOthers) {
  lab.accept("r1.1.1");
  lab.core.disconnected("lab-a");
  lab.pass(20s);
  ASSERT_TRUE(lab.hello(agent("lab-b", "i1", {board("w1")})));
  EXPECT_THAT(lab.decisions(), IsEmpty());
  lab.pass(10s);
  EXPECT_THAT(lab.decisions(), ElementsAre("cancel r1.1.1 at lab-a: its lease has ended",
                                           "assign r1.1.2 w1@1 to lab-b"));
}

TEST_F(Leases, AreNotExtendedForAttemptsThatTheAgentDoesNotList) {
  lab.accept("r1.1.1");
  for (int i = 0; i < 6; ++i) {
    lab.pass(5s);
    lab.renew("lab-a", {});
  }
  EXPECT_THAT(lab.attempt("r1.1.1"), testing::StartsWith("ended: lab-error"));
}

TEST_F(Leases, AreNotExtendedByAnotherAgent) {
  lab.accept("r1.1.1");
  ASSERT_TRUE(lab.hello(agent("lab-b", "i1", {board("w1", "gateway")})));
  lab.core.disconnected("lab-a");
  lab.pass(20s);
  lab.renew("lab-b", {"r1.1.1"});
  lab.pass(10s);
  EXPECT_THAT(lab.attempt("r1.1.1"), testing::StartsWith("ended: lab-error"));
}

TEST_F(Leases, OfUnansweredAssignmentsStayFenced) {
  lab.pass(10s);
  EXPECT_EQ(lab.attempt("r1.1.1"),
            "ended: lab-error: the agent 'lab-a' did not answer the assignment within 10.0 s");
  EXPECT_THAT(lab.decisions(), ElementsAre("cancel r1.1.1 at lab-a: its lease has ended"));
  EXPECT_EQ(lab.board_state("v1"), "leased r1.1.1");
  lab.renew("lab-a", {});
  EXPECT_EQ(lab.why(1),
            "waits: board v1 may still be used by r1.1.1 until its lease runs out in 35.0 s; "
            "starts within 35.0 s");
  EXPECT_FALSE(lab.end("r1.1.1", Outcome::passed));
  for (int i = 0; i < 6; ++i) {
    EXPECT_THAT(lab.decisions(), IsEmpty());
    lab.pass(5s);
    lab.renew("lab-a", {});
  }
  lab.pass(1ns);
  EXPECT_THAT(lab.decisions(), ElementsAre("assign r1.1.2 v1@2 to lab-a"));
}

// Both machines stand still again and again, and the agent more: between two of its renewals
// never half a lease goes by here, and yet its own clock has hardly moved.
TEST_F(Leases, FencedAreNotOverBecauseTimeGoesByForAssayd) {
  lab.pass(10s);
  lab.decisions();
  for (int i = 0; i < 6; ++i) {
    lab.renew("lab-a", {});
    lab.pass(14s);
    EXPECT_THAT(lab.decisions(), IsEmpty());
    EXPECT_EQ(lab.board_state("v1"), "leased r1.1.1");
  }
  // Now it reads the assignment, by a lease that still runs.
  lab.accept("r1.1.1");
  EXPECT_THAT(lab.decisions(), ElementsAre("cancel r1.1.1 at lab-a: its answer came too late"));
  lab.pass(1min);
  EXPECT_THAT(lab.decisions(), IsEmpty());
  lab.renew("lab-a", {"r1.1.1"});
  lab.core.board_changed("lab-a", board("v1"), lab.out);
  lab.renew("lab-a", {});
  EXPECT_THAT(lab.decisions(), ElementsAre("assign r1.1.2 v1@2 to lab-a"));
}

// However late it is read: the answer was sent before the renewal that ends the fence.
TEST_F(Leases, FencedAreNotOverBeforeAnAnswerThatLiesInTheQueue) {
  lab.pass(10s);
  lab.decisions();
  for (int i = 0; i < 7; ++i) lab.core.renewed("lab-a", {}, lab.now, lab.out);
  lab.accept("r1.1.1");
  EXPECT_THAT(lab.decisions(), ElementsAre("cancel r1.1.1 at lab-a: its answer came too late"));
  lab.pass(1s);
  EXPECT_EQ(lab.board_state("v1"), "leased r1.1.1");
  lab.core.board_changed("lab-a", board("v1"), lab.out);
  lab.settle();
  EXPECT_THAT(lab.decisions(), ElementsAre("assign r1.1.2 v1@2 to lab-a"));
}

// An agent that listed it says itself how long it uses the board.
TEST_F(Leases, FencedAndSeenAreLeftToTheAgentsOwnWord) {
  lab.core.disconnected("lab-a");
  lab.pass(10s);
  auto used = board("v1");
  used.busy = "r1.1.1";
  ASSERT_TRUE(lab.hello(agent("lab-a", "i1", {used}, {"r1.1.1"})));
  lab.decisions();
  for (int i = 0; i < 20; ++i) {
    lab.pass(5s);
    lab.renew("lab-a", {"r1.1.1"});
    ASSERT_EQ(lab.board_state("v1"), "leased r1.1.1");
  }
  EXPECT_THAT(lab.decisions(), IsEmpty());
  lab.renew("lab-a", {});
  EXPECT_THAT(lab.decisions(), ElementsAre("assign r1.1.2 v1@2 to lab-a"));
}

TEST_F(Leases, StayFencedThroughADisconnection) {
  lab.core.disconnected("lab-a");
  lab.pass(10s);
  EXPECT_THAT(lab.attempt("r1.1.1"),
              testing::StartsWith("ended: lab-error: the agent 'lab-a' did not answer"));
  ASSERT_TRUE(lab.hello(agent("lab-a", "i1", {board("v1")}, {"r1.1.1"})));
  EXPECT_THAT(lab.decisions(), testing::Contains("cancel r1.1.1 at lab-a: its lease has ended"));
  EXPECT_EQ(lab.board_state("v1"), "leased r1.1.1");
  // It has stopped it: the next renewal says so.
  lab.pass(1s);
  lab.renew("lab-a", {});
  EXPECT_THAT(lab.decisions(), ElementsAre("assign r1.1.2 v1@2 to lab-a"));
}

TEST_F(Leases, FencedAreSettledByAHelloWithoutTheAttempt) {
  lab.pass(10s);
  lab.decisions();
  lab.core.disconnected("lab-a");
  ASSERT_TRUE(lab.hello(agent("lab-a", "i1", {board("v1")})));
  EXPECT_THAT(lab.decisions(), ElementsAre("assign r1.1.2 v1@2 to lab-a"));
}

TEST_F(Leases, FencedAreSettledByANewIncarnation) {
  lab.pass(10s);
  lab.decisions();
  lab.core.disconnected("lab-a");
  ASSERT_TRUE(lab.hello(agent("lab-a", "i2", {board("v1")})));
  EXPECT_THAT(lab.decisions(), ElementsAre("assign r1.1.2 v1@2 to lab-a"));
}

TEST_F(Leases, FencedAndAnsweredTooLateAreStopped) {
  lab.pass(10s);
  lab.decisions();
  lab.pass(1s);
  lab.accept("r1.1.1");
  EXPECT_THAT(lab.decisions(), ElementsAre("cancel r1.1.1 at lab-a: its answer came too late"));
  lab.renew("lab-a", {"r1.1.1"});
  EXPECT_EQ(lab.board_state("v1"), "leased r1.1.1");
  lab.renew("lab-a", {});
  EXPECT_THAT(lab.decisions(), ElementsAre("assign r1.1.2 v1@2 to lab-a"));
}

// A machine that slept: its agent wakes up with a board that is still under power.
TEST_F(Leases, RunOutButTheBoardIsKeptUntilItsAgentHasMadeItSafe) {
  lab.accept("r1.1.1");
  lab.pass(31s);
  EXPECT_THAT(lab.attempt("r1.1.1"), testing::StartsWith("ended: lab-error"));
  lab.decisions();
  lab.renew("lab-a", {"r1.1.1"});
  EXPECT_THAT(lab.decisions(), IsEmpty());
  EXPECT_EQ(lab.board_state("v1"), "leased r1.1.1");
  EXPECT_EQ(lab.why(1),
            "waits: board v1 is still used by r1.1.1, which is over: its agent makes it safe");
  lab.core.board_changed("lab-a", board("v1"), lab.out);
  lab.settle();
  EXPECT_THAT(lab.decisions(), ElementsAre("assign r1.1.2 v1@2 to lab-a"));
}

TEST_F(Leases, RunOutAndTheBoardIsFreeOnceARenewalDoesNotNameIt) {
  lab.accept("r1.1.1");
  lab.pass(31s);
  lab.decisions();
  lab.renew("lab-a", {});
  EXPECT_THAT(lab.decisions(), ElementsAre("assign r1.1.2 v1@2 to lab-a"));
}

TEST_F(Leases, AHelloSaysWhichBoardsAreStillUsed) {
  lab.accept("r1.1.1");
  lab.pass(31s);
  lab.core.disconnected("lab-a");
  lab.decisions();
  auto used = board("v1");
  used.busy = "r1.1.1";
  ASSERT_TRUE(lab.hello(agent("lab-a", "i1", {used}, {"r1.1.1"})));
  EXPECT_THAT(lab.decisions(), ElementsAre("cancel r1.1.1 at lab-a: its lease has ended"));
  ASSERT_TRUE(lab.hello(agent("lab-a", "i1", {board("v1")}, {})));
  EXPECT_THAT(lab.decisions(), ElementsAre("assign r1.1.2 v1@2 to lab-a"));
}

TEST_F(Leases, FencedAndRefusedTooLateAreFree) {
  lab.pass(10s);
  lab.decisions();
  lab.renew("lab-a", {});
  lab.answer("r1.1.1", false, "busy");
  EXPECT_THAT(lab.decisions(), ElementsAre("assign r1.1.2 v1@2 to lab-a"));
}

TEST_F(Leases, HaveOneLeaseOfGraceAfterARestart) {
  lab.accept("r1.1.1");
  Lab next;
  next.core.load(lab.saved(), next.now);
  next.settle();
  EXPECT_THAT(next.decisions(), IsEmpty());
  next.pass(3s);
  ASSERT_TRUE(next.hello(agent("lab-a", "i1", {board("v1")}, {"r1.1.1"})));
  EXPECT_EQ(next.board_state("v1"), "leased r1.1.1");
  next.end("r1.1.1", Outcome::passed);
  EXPECT_EQ(next.run(1), "ended: passed");
}

TEST_F(Leases, RunOutWhenTheAgentDoesNotReportAfterARestart) {
  lab.accept("r1.1.1");
  Lab next;
  next.core.load(lab.saved(), next.now);
  next.pass(12s);
  const auto waiting = next.core.boards(next.now).front();
  EXPECT_EQ(waiting.state, "leased");
  next.pass(18s);
  EXPECT_THAT(next.attempt("r1.1.1"),
              testing::StartsWith("ended: lab-error: the agent 'lab-a' was not heard"));
  EXPECT_EQ(next.why(1),
            "waits: board v1 is offline: agent 'lab-a' has not reported since assayd started, 30.0 "
            "s ago");
}

TEST_F(Leases, FencedStayFencedOverARestart) {
  lab.pass(10s);
  Lab next;
  next.core.load(lab.saved(), next.now);
  ASSERT_TRUE(next.hello(agent("lab-a", "i1", {board("v1")}, {"r1.1.1"})));
  EXPECT_THAT(next.decisions(), ElementsAre("cancel r1.1.1 at lab-a: its lease has ended"));
  EXPECT_EQ(next.board_state("v1"), "leased r1.1.1");
  next.renew("lab-a", {});
  EXPECT_THAT(next.decisions(), ElementsAre("assign r1.1.2 v1@2 to lab-a"));
}

TEST_F(Leases, KeepTheirEpochsOverARestart) {
  lab.end("r1.1.1", Outcome::lab_error, "x");
  Lab next;
  next.core.load(lab.saved(), next.now);
  ASSERT_TRUE(next.hello(agent("lab-a", "i9", {board("v1")})));
  EXPECT_THAT(next.decisions(), ElementsAre("assign r1.1.3 v1@3 to lab-a"));
  EXPECT_EQ(next.attempt("r1.1.2"), "ended: lab-error: the agent 'lab-a' restarted");
}

TEST_F(Leases, OfACancelledRunAreCancelledAfterARestart) {
  lab.accept("r1.1.1");
  ASSERT_TRUE(lab.cancel(1));
  Lab next;
  next.core.load(lab.saved(), next.now);
  ASSERT_TRUE(next.hello(agent("lab-a", "i1", {board("v1")}, {"r1.1.1"})));
  EXPECT_THAT(next.decisions(), ElementsAre("cancel r1.1.1 at lab-a: cancelled by ann"));
}

}  // namespace
}  // namespace assay::scheduler
