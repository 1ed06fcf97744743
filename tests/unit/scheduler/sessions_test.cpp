#include "lab.hpp"

namespace assay::scheduler {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

struct Sessions : testing::Test {
  Sessions() {
    EXPECT_TRUE(lab.hello(agent("lab-a", "i1", {board("v1")})));
    lab.submit_one();
    lab.decisions();
  }
  Result<> back(const std::string& incarnation, std::vector<std::string> attempts = {}) {
    lab.core.disconnected("lab-a");
    return lab.hello(agent("lab-a", incarnation, {board("v1")}, std::move(attempts)));
  }
  Lab lab;
};

TEST_F(Sessions, ThatRestartEndTheOldAttemptsAndFreeTheBoardsAtOnce) {
  lab.accept("r1.1.1");
  ASSERT_TRUE(back("i2"));
  EXPECT_EQ(lab.attempt("r1.1.1"), "ended: lab-error: the agent 'lab-a' restarted");
  EXPECT_THAT(lab.decisions(), ElementsAre("assign r1.1.2 v1@2 to lab-a"));
}

TEST_F(Sessions, ThatReconnectKeepTheAttemptsTheyList) {
  lab.accept("r1.1.1");
  lab.pass(20s);
  ASSERT_TRUE(back("i1", {"r1.1.1"}));
  EXPECT_THAT(lab.decisions(), IsEmpty());
  lab.pass(29s);
  EXPECT_EQ(lab.attempt("r1.1.1"), "running");
  lab.end("r1.1.1", Outcome::passed);
  EXPECT_EQ(lab.run(1), "ended: passed");
}

TEST_F(Sessions, AreNotChangedByAHelloThatWasOvertaken) {
  lab.core.disconnected("lab-a");
  auto second = agent("lab-a", "i1", {board("v1")}, {"r1.1.1"});
  second.connection = 2;
  ASSERT_TRUE(lab.hello(second));
  auto first = agent("lab-a", "i1", {board("v1")});
  first.connection = 1;
  EXPECT_EQ(lab.hello(first).error().text,
            "agent 'lab-a': this hello is older than the one before it");
  EXPECT_EQ(lab.attempt("r1.1.1"), "running");
}

TEST_F(Sessions, ThatReconnectWithAnUnansweredAssignmentHaveAcceptedIt) {
  ASSERT_TRUE(back("i1", {"r1.1.1"}));
  EXPECT_EQ(lab.attempt("r1.1.1"), "running");
  lab.pass(11s);
  EXPECT_EQ(lab.attempt("r1.1.1"), "running");
}

TEST_F(Sessions, ThatReconnectWithoutTheAssignmentGetItAgainWithoutBlame) {
  for (int i = 2; i < 9; ++i) {
    ASSERT_TRUE(back("i1"));
    EXPECT_THAT(lab.decisions(), ElementsAre(fmt::format("assign r1.1.{} v1@{} to lab-a", i, i)));
  }
  EXPECT_EQ(lab.attempt("r1.1.2"), "ended: lab-error: the assignment did not reach agent 'lab-a'");
}

TEST_F(Sessions, ThatReconnectWithoutARunningAttemptHaveLostIt) {
  lab.accept("r1.1.1");
  ASSERT_TRUE(back("i1"));
  EXPECT_EQ(lab.attempt("r1.1.1"),
            "ended: lab-error: the agent 'lab-a' has no record of the attempt");
}

TEST_F(Sessions, ListingAnEndedAttemptAreToldToStopIt) {
  lab.end("r1.1.1", Outcome::passed);
  ASSERT_TRUE(back("i1", {"r1.1.1", "r9.9.9"}));
  EXPECT_THAT(lab.decisions(), ElementsAre("cancel r1.1.1 at lab-a: its lease has ended",
                                           "cancel r9.9.9 at lab-a: its lease has ended"));
}

TEST_F(Sessions, HearOfACancelAgain) {
  lab.accept("r1.1.1");
  ASSERT_TRUE(lab.cancel(1));
  lab.core.disconnected("lab-a");
  lab.decisions();
  ASSERT_TRUE(lab.hello(agent("lab-a", "i1", {board("v1")}, {"r1.1.1"})));
  EXPECT_THAT(lab.decisions(), ElementsAre("cancel r1.1.1 at lab-a: cancelled by ann"));
}

TEST_F(Sessions, OfALivingOtherIncarnationAreRefused) {
  lab.pass(2s);
  const auto second = lab.hello(agent("lab-a", "i2", {board("v1")}));
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().cause, Cause::refused);
  EXPECT_EQ(second.error().text,
            "agent 'lab-a': another agent of this name is connected and was heard 2.0 s ago; end "
            "it or choose another "
            "name");
  lab.pass(9s);
  EXPECT_TRUE(lab.hello(agent("lab-a", "i2", {board("v1")})));
}

TEST_F(Sessions, WithABoardOfAnotherAgentAreRefused) {
  const auto other = lab.hello(agent("lab-b", "i1", {board("v1")}));
  ASSERT_FALSE(other);
  EXPECT_EQ(other.error().cause, Cause::refused);
  EXPECT_EQ(other.error().text,
            "agent 'lab-b': board 'v1' belongs to agent 'lab-a', which is connected; give one of "
            "the two another id in "
            "its lab file");
  lab.core.disconnected("lab-a");
  const auto held = lab.hello(agent("lab-b", "i1", {board("v1")}));
  EXPECT_EQ(held.error().text,
            "agent 'lab-b': board 'v1' is held through agent 'lab-a' by r1.1.1, whose lease runs "
            "for 30.0 s more; try "
            "again then");
  lab.pass(40s);
  EXPECT_TRUE(lab.hello(agent("lab-b", "i1", {board("v1")})));
  EXPECT_THAT(lab.decisions(), testing::Contains("assign r1.1.2 v1@2 to lab-b"));
}

TEST_F(Sessions, WithOneBoardTwiceAreRefused) {
  const auto twice = lab.hello(agent("lab-b", "i1", {board("w"), board("w")}));
  EXPECT_EQ(twice.error().cause, Cause::invalid);
  EXPECT_EQ(twice.error().text,
            "agent 'lab-b': board 'w' is there twice; give each board its own id in the lab file");
}

TEST_F(Sessions, RaiseEpochsAboveWhatTheAgentHasSeen) {
  lab.end("r1.1.1", Outcome::passed);
  lab.core.disconnected("lab-a");
  BoardFacts seen = board("v1");
  seen.epoch = 40;
  ASSERT_TRUE(lab.hello(agent("lab-a", "i1", {seen})));
  lab.submit_one();
  EXPECT_THAT(lab.decisions(), ElementsAre("assign r2.1.1 v1@41 to lab-a"));
}

TEST_F(Sessions, WithABoardLessTakeItOffline) {
  lab.end("r1.1.1", Outcome::passed);
  ASSERT_TRUE(lab.hello(agent("lab-a", "i1", {board("v2")})));
  EXPECT_EQ(lab.board_state("v1"), "offline");
  const auto run = lab.submit({{{"dut", "sensor", {}, "v1"}}});
  EXPECT_EQ(lab.why(run),
            "waits: board v1 is offline: agent 'lab-a' no longer has it in its lab file");
}

}  // namespace
}  // namespace assay::scheduler
