#include "lab.hpp"

namespace assay::scheduler {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

struct Attempts : testing::Test {
  Attempts() {
    EXPECT_TRUE(lab.hello(agent("lab-a", "i1", {board("v1"), board("v2")})));
    lab.submit_one();
    lab.accept("r1.1.1");
    lab.decisions();
  }
  Lab lab;
};

TEST_F(Attempts, EndTheirRunOnce) {
  EXPECT_TRUE(lab.end("r1.1.1", Outcome::passed));
  EXPECT_FALSE(lab.end("r1.1.1", Outcome::passed));
  EXPECT_FALSE(lab.end("r1.1.1", Outcome::failed));
  EXPECT_EQ(lab.run(1), "ended: passed");
  EXPECT_EQ(lab.ends(1), 1);
  EXPECT_EQ(lab.board_state("v1"), "idle");
}

TEST_F(Attempts, ThatFailAreNeverRetried) {
  lab.end("r1.1.1", Outcome::failed, "step 3: v2 does not run");
  EXPECT_EQ(lab.run(1), "ended: failed: step 3: v2 does not run");
  EXPECT_THAT(lab.decisions(), IsEmpty());
}

TEST_F(Attempts, OfACheckOfTheBoardAreNeverRetriedEither) {
  auto other = agent("lab-b", "i1", {board("w1"), board("w2")});
  other.verbs = {"check"};
  ASSERT_TRUE(lab.hello(other));
  lab.verbs = {"check"};
  lab.submit_one();
  EXPECT_THAT(lab.decisions(), ElementsAre("assign r2.1.1 w1@1 to lab-b"));
  lab.end("r2.1.1", Outcome::lab_error, "the contact is welded");
  EXPECT_EQ(lab.run(2), "ended: lab-error: the contact is welded");
  EXPECT_THAT(lab.decisions(), IsEmpty());
}

TEST_F(Attempts, WithALabErrorAreRetriedOnAnotherBoardTwice) {
  lab.end("r1.1.1", Outcome::lab_error, "the probe hangs");
  EXPECT_THAT(lab.decisions(), ElementsAre("assign r1.1.2 v2@1 to lab-a"));
  lab.end("r1.1.2", Outcome::lab_error, "the relay is stuck");
  // Both had one: there is no other, so the longest unused.
  EXPECT_THAT(lab.decisions(), ElementsAre("assign r1.1.3 v1@2 to lab-a"));
  lab.end("r1.1.3", Outcome::lab_error, "the probe hangs again");
  EXPECT_THAT(lab.decisions(), IsEmpty());
  EXPECT_EQ(lab.run(1), "ended: lab-error: the probe hangs again");
  EXPECT_EQ(lab.attempt("r1.1.1"), "ended: lab-error: the probe hangs");
}

TEST_F(Attempts, WaitForAnotherBoardThatIsBusy) {
  lab.submit_one();
  EXPECT_THAT(lab.decisions(), ElementsAre("assign r2.1.1 v2@1 to lab-a"));
  lab.end("r1.1.1", Outcome::lab_error, "the probe hangs");
  EXPECT_THAT(lab.decisions(), IsEmpty());
  EXPECT_EQ(lab.why(1),
            "waits: board v1 gave this job a lab error before; board v2 is leased by r2.1.1");
  lab.end("r2.1.1", Outcome::passed);
  EXPECT_THAT(lab.decisions(), ElementsAre("assign r1.1.2 v2@2 to lab-a"));
}

TEST_F(Attempts, GoToTheSameBoardWhenThereIsNoOther) {
  ASSERT_TRUE(lab.core.quarantine("v2", "broken", lab.out));
  lab.end("r1.1.1", Outcome::lab_error, "the probe hangs");
  EXPECT_THAT(lab.decisions(), ElementsAre("assign r1.1.2 v1@2 to lab-a"));
}

TEST_F(Attempts, MayStayWhenTheAgentSaysThatAnotherBoardWouldNotHelp) {
  lab.submit_one();
  lab.decisions();
  lab.end("r1.1.1", Outcome::lab_error, "the artifact could not be fetched", false);
  EXPECT_THAT(lab.decisions(), ElementsAre("assign r1.1.2 v1@2 to lab-a"));
}

TEST_F(Attempts, RefusedByTheAgentAreRetriedElsewhere) {
  lab.submit_one();
  lab.decisions();
  lab.answer("r2.1.1", false, "v2 is open on the bench");
  EXPECT_EQ(lab.attempt("r2.1.1"),
            "ended: lab-error: the agent 'lab-a' refused the assignment: v2 is open on the bench");
  EXPECT_EQ(lab.board_state("v2"), "idle");
  EXPECT_THAT(lab.decisions(), IsEmpty());
  lab.end("r1.1.1", Outcome::passed);
  EXPECT_THAT(lab.decisions(), ElementsAre("assign r2.1.2 v1@2 to lab-a"));
}

TEST_F(Attempts, CancelledWhileWaitingEndAtOnce) {
  lab.submit_one();
  const auto waiting = lab.submit_one();
  ASSERT_TRUE(lab.cancel(waiting));
  EXPECT_EQ(lab.run(waiting), "ended: cancelled: cancelled by ann");
  EXPECT_EQ(lab.cancel(waiting).error().cause, Cause::not_found);
}

TEST_F(Attempts, CancelledWhileRunningEndWithTheAgentsWord) {
  ASSERT_TRUE(lab.cancel(1));
  ASSERT_TRUE(lab.cancel(1, "again"));
  EXPECT_THAT(lab.decisions(), ElementsAre("cancel r1.1.1 at lab-a: cancelled by ann"));
  EXPECT_EQ(lab.run(1), "running");
  EXPECT_EQ(lab.board_state("v1"), "leased r1.1.1");
  lab.end("r1.1.1", Outcome::cancelled, "cancelled by ann");
  EXPECT_EQ(lab.run(1), "ended: cancelled: cancelled by ann");
}

TEST_F(Attempts, CancelledAndOvertakenByTheResultKeepIt) {
  ASSERT_TRUE(lab.cancel(1));
  lab.end("r1.1.1", Outcome::passed);
  EXPECT_EQ(lab.run(1), "ended: passed");
}

TEST_F(Attempts, CancelledAreNotRetriedAfterALabError) {
  ASSERT_TRUE(lab.cancel(1));
  lab.decisions();
  lab.end("r1.1.1", Outcome::lab_error, "the probe hangs");
  EXPECT_THAT(lab.decisions(), IsEmpty());
  EXPECT_EQ(lab.run(1), "ended: cancelled: cancelled by ann");
}

TEST_F(Attempts, CancelledOfAVanishedAgentEndWithTheLease) {
  ASSERT_TRUE(lab.cancel(1));
  lab.core.disconnected("lab-a");
  lab.pass(29s);
  EXPECT_EQ(lab.run(1), "running");
  lab.pass(1s);
  EXPECT_EQ(lab.run(1), "ended: cancelled: cancelled by ann");
}

TEST(Runs, FoldTheVerdictsOfTheirJobs) {
  Lab lab;
  ASSERT_TRUE(lab.hello(agent("lab-a", "i1", {board("v1"), board("v2"), board("v3")})));
  lab.submit({{need()}, {need()}, {need()}});
  lab.end("r1.1.1", Outcome::passed);
  lab.end("r1.3.1", Outcome::cancelled, "stopped");
  lab.end("r1.2.1", Outcome::failed, "no reply");
  EXPECT_EQ(lab.run(1), "ended: failed: 1 of 3 jobs failed; r1.2: no reply");
  lab.submit({{need()}, {need()}});
  lab.end("r2.1.1", Outcome::passed);
  EXPECT_EQ(lab.run(2), "running");
  lab.end("r2.2.1", Outcome::passed);
  EXPECT_EQ(lab.run(2), "ended: passed: all 2 jobs passed");
  EXPECT_EQ(lab.ends(2), 1);
}

TEST(Cancel, DoesNotWaitForAnAgentThatCannotBeReached) {
  Lab lab;
  ASSERT_TRUE(lab.hello(agent("lab-a", "i1", {board("v1")})));
  lab.submit_one();
  lab.accept("r1.1.1");
  lab.core.disconnected("lab-a");
  ASSERT_TRUE(lab.cancel(1));
  EXPECT_EQ(lab.run(1),
            "ended: cancelled: cancelled by ann; agent 'lab-a' cannot be reached: its boards stay "
            "taken until it says that they are safe");
  // It may still use the board, and is told to stop.
  BoardFacts busy = board("v1");
  busy.busy = "r1.1.1";
  lab.decisions();
  ASSERT_TRUE(lab.hello(agent("lab-a", "i1", {busy}, {"r1.1.1"})));
  lab.submit_one();
  EXPECT_THAT(lab.decisions(), testing::ElementsAre("cancel r1.1.1 at lab-a: its lease has ended"));
  EXPECT_FALSE(lab.end("r1.1.1", Outcome::passed));
  EXPECT_THAT(lab.decisions(), testing::ElementsAre("assign r2.1.1 v1@2 to lab-a"));
  EXPECT_EQ(lab.ends(1), 1);
}

TEST(Cancel, WaitsForAgentsThatMayBeAboutToComeAfterARestart) {
  Lab lab;
  ASSERT_TRUE(lab.hello(agent("lab-a", "i1", {board("v1")})));
  lab.submit_one();
  lab.accept("r1.1.1");
  const Saved saved = lab.saved();
  lab.core = Scheduler({});
  lab.core.load(saved, lab.now);
  ASSERT_TRUE(lab.cancel(1));
  EXPECT_EQ(lab.run(1), "running");
  lab.decisions();
  ASSERT_TRUE(lab.hello(agent("lab-a", "i1", {board("v1")}, {"r1.1.1"})));
  EXPECT_THAT(lab.decisions(), testing::ElementsAre("cancel r1.1.1 at lab-a: cancelled by ann"));
  // One that stays away is not waited for.
  lab.core = Scheduler({});
  lab.core.load(lab.saved(), lab.now);
  lab.pass(16s);
  EXPECT_EQ(lab.run(1), "running");
}

TEST(Cancel, OfAnUnansweredAssignmentKeepsTheBoardFenced) {
  Lab lab;
  ASSERT_TRUE(lab.hello(agent("lab-a", "i1", {board("v1")})));
  lab.submit_one();
  lab.core.disconnected("lab-a");
  ASSERT_TRUE(lab.cancel(1));
  lab.decisions();
  lab.submit_one();
  ASSERT_TRUE(lab.hello(agent("lab-a", "i1", {board("v1")}, {"r1.1.1"})));
  EXPECT_THAT(lab.decisions(), testing::ElementsAre("cancel r1.1.1 at lab-a: its lease has ended"));
  lab.renew("lab-a", {});
  EXPECT_THAT(lab.decisions(), testing::ElementsAre("assign r2.1.1 v1@2 to lab-a"));
}

}  // namespace
}  // namespace assay::scheduler
