#include "lab.hpp"

namespace assay::scheduler {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

TEST(Placement, GivesAFreeBoardAtOnce) {
  Lab lab;
  ASSERT_TRUE(lab.hello(agent("lab-a", "i1", {board("v1")})));
  const auto run = lab.submit_one();
  EXPECT_THAT(lab.decisions(), ElementsAre("assign r1.1.1 v1@1 to lab-a"));
  EXPECT_EQ(lab.run(run), "running");
  EXPECT_EQ(lab.board_state("v1"), "leased r1.1.1");
  EXPECT_EQ(lab.attempt("r1.1.1"), "assigned");
}

TEST(Placement, TakesThePriorityFirstThenTheEarlier) {
  Lab lab;
  lab.submit_one(0);
  lab.submit_one(0);
  lab.submit_one(5);
  ASSERT_TRUE(lab.hello(agent("lab-a", "i1", {board("v1")})));
  EXPECT_THAT(lab.decisions(), ElementsAre("assign r3.1.1 v1@1 to lab-a"));
  lab.end("r3.1.1", Outcome::passed);
  EXPECT_THAT(lab.decisions(), ElementsAre("assign r1.1.1 v1@2 to lab-a"));
  lab.end("r1.1.1", Outcome::passed);
  EXPECT_THAT(lab.decisions(), ElementsAre("assign r2.1.1 v1@3 to lab-a"));
}

TEST(Placement, UsesTheLongestUnusedBoard) {
  Lab lab;
  ASSERT_TRUE(lab.hello(agent("lab-a", "i1", {board("v1"), board("v2")})));
  lab.submit_one();
  lab.end("r1.1.1", Outcome::passed);
  lab.submit_one();
  EXPECT_THAT(lab.decisions(),
              ElementsAre("assign r1.1.1 v1@1 to lab-a", "assign r2.1.1 v2@1 to lab-a"));
}

TEST(Placement, LooksAtProfileAbilitiesVerbsAndTheBoardAskedFor) {
  Lab lab;
  ASSERT_TRUE(lab.hello(
      agent("lab-a", "i1",
            {board("v1"), board("v2", "gateway"), board("v3", "sensor", {"power", "mux"})})));
  lab.submit({{{"dut", "sensor", {"mux"}, ""}}});
  lab.submit({{{"dut", "gateway", {}, ""}}});
  lab.submit({{{"dut", "sensor", {}, "v1"}}});
  EXPECT_THAT(lab.decisions(),
              ElementsAre("assign r1.1.1 v3@1 to lab-a", "assign r2.1.1 v2@1 to lab-a",
                          "assign r3.1.1 v1@1 to lab-a"));
  lab.verbs = {"sweep"};
  lab.end("r3.1.1", Outcome::passed);
  lab.submit_one();
  EXPECT_THAT(lab.decisions(), IsEmpty());
}

TEST(Placement, GivesAllRolesOnOneAgentOrNone) {
  Lab lab;
  ASSERT_TRUE(lab.hello(agent("lab-a", "i1", {board("a1")})));
  ASSERT_TRUE(lab.hello(agent("lab-b", "i1", {board("b1")})));
  const auto run = lab.submit({{need("left"), need("right")}});
  EXPECT_THAT(lab.decisions(), IsEmpty());
  EXPECT_EQ(lab.run(run), "queued");
  EXPECT_EQ(lab.board_state("a1"), "idle");
  ASSERT_TRUE(lab.hello(agent("lab-c", "i1", {board("c1"), board("c2")})));
  EXPECT_THAT(lab.decisions(), ElementsAre("assign r1.1.1 c1@1 c2@1 to lab-c"));
}

TEST(Placement, LetsARoleMakeRoomForAnother) {
  Lab lab;
  // "any" would take x, the only one with a mux, first.
  ASSERT_TRUE(
      lab.hello(agent("lab-a", "i1", {board("x", "sensor", {"power", "mux"}), board("y")})));
  lab.submit({{need("any"), {"muxed", "sensor", {"mux"}, ""}}});
  EXPECT_THAT(lab.decisions(), ElementsAre("assign r1.1.1 y@1 x@1 to lab-a"));
}

TEST(Placement, KeepsBoardsForAWaitingJobWithSeveralRoles) {
  Lab lab;
  ASSERT_TRUE(lab.hello(agent("lab-a", "i1", {board("v1"), board("v2")})));
  lab.submit_one();
  lab.submit({{need("left"), need("right")}});
  const auto late = lab.submit_one();
  EXPECT_THAT(lab.decisions(), ElementsAre("assign r1.1.1 v1@1 to lab-a"));
  EXPECT_EQ(lab.why(late),
            "waits: board v1 is leased by r1.1.1; board v2 is kept for r2.1, an earlier job with "
            "several roles, behind 1 job of priority 0");
  lab.end("r1.1.1", Outcome::passed);
  EXPECT_THAT(lab.decisions(), ElementsAre("assign r2.1.1 v2@1 v1@2 to lab-a"));
}

TEST(Placement, DoesNotHoldUpOthersForAJobThatNoAgentCanRun) {
  Lab lab;
  ASSERT_TRUE(lab.hello(agent("lab-a", "i1", {board("v1")})));
  lab.submit({{need("left"), need("right")}}, 9);
  lab.submit_one();
  EXPECT_THAT(lab.decisions(), ElementsAre("assign r2.1.1 v1@1 to lab-a"));
}

TEST(Placement, PassesByQuarantinedBoards) {
  Lab lab;
  BoardFacts bad = board("v1");
  bad.quarantine = "relay stuck";
  ASSERT_TRUE(lab.hello(agent("lab-a", "i1", {bad, board("v2")})));
  ASSERT_TRUE(lab.core.quarantine("v2", "on the bench", lab.out));
  lab.submit_one();
  EXPECT_THAT(lab.decisions(), IsEmpty());
  ASSERT_TRUE(lab.core.quarantine("v2", "", lab.out));
  lab.settle();
  EXPECT_THAT(lab.decisions(), ElementsAre("assign r1.1.1 v2@1 to lab-a"));
  lab.submit_one();
  bad.quarantine = "";
  lab.core.board_changed("lab-a", bad, lab.out);
  lab.settle();
  EXPECT_THAT(lab.decisions(), ElementsAre("assign r2.1.1 v1@1 to lab-a"));
}

TEST(Placement, NamesAnUnknownBoardToQuarantine) {
  Lab lab;
  ASSERT_TRUE(lab.hello(agent("lab-a", "i1", {board("virtual-1")})));
  const auto result = lab.core.quarantine("virtual-2", "x", lab.out);
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().cause, Cause::not_found);
  EXPECT_EQ(result.error().text, "no board 'virtual-2', did you mean 'virtual-1'?");
}

TEST(Placement, GivesASilentAgentNothing) {
  Lab lab;
  ASSERT_TRUE(lab.hello(agent("lab-a", "i1", {board("v1")})));
  lab.pass(16s);
  const auto run = lab.submit_one();
  EXPECT_THAT(lab.decisions(), IsEmpty());
  EXPECT_EQ(lab.why(run), "waits: board v1 is offline: agent 'lab-a' was not heard for 16.0 s");
  lab.renew("lab-a", {});
  EXPECT_THAT(lab.decisions(), ElementsAre("assign r1.1.1 v1@1 to lab-a"));
}

}  // namespace
}  // namespace assay::scheduler
