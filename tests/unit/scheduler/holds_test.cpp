#include "lab.hpp"

namespace assay::scheduler {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

class Holds : public testing::Test {
 protected:
  void SetUp() override {
    ASSERT_TRUE(lab.hello(agent("lab-a", "i1", {board("v1"), board("v2")})));
  }
  BoardNeed on(const std::string& id) { return {"dut", "sensor", {}, id}; }
  BoardView view(const std::string& id) {
    for (const BoardView& one : lab.core.boards(lab.now)) {
      if (one.facts.id == id) return one;
    }
    return {};
  }
  Lab lab;
};

TEST_F(Holds, TakeABoardFromAllOthers) {
  lab.lease("ann", 30min, on("v1"));
  EXPECT_EQ(lab.run(1), "running");
  EXPECT_THAT(lab.decisions(), IsEmpty());  // no agent is asked
  EXPECT_EQ(view("v1").state, "leased");
  EXPECT_EQ(view("v1").lease, "r1");
  EXPECT_EQ(view("v1").person, "ann");
  EXPECT_EQ(view("v1").left, 30min);
  lab.submit({{need()}, {need()}});
  EXPECT_THAT(lab.decisions(), ElementsAre("assign r2.1.1 v2@1 to lab-a"));
  lab.accept("r2.1.1");
  lab.pass(10s);
  lab.renew("lab-a", {"r2.1.1"});
  EXPECT_EQ(
      lab.why(lab.submit({{on("v1")}})),
      "waits: board v1 is leased by ann (r1) for 29 min 50 s more, behind 1 job of priority 0");
}

TEST_F(Holds, WaitInTheSameQueue) {
  lab.submit({{need()}, {need()}});
  lab.submit({{on("v1")}}, 1);
  lab.lease("ann", 30min, on("v1"));
  EXPECT_EQ(lab.run(3), "queued");
  EXPECT_EQ(lab.why(3), "waits: board v1 is leased by r1.1.1, behind 1 job of priority 1");
  lab.end("r1.1.1", Outcome::passed);
  EXPECT_EQ(lab.run(3), "queued");
  lab.end("r2.1.1", Outcome::passed);
  EXPECT_EQ(lab.run(3), "running");
}

TEST_F(Holds, RunOut) {
  lab.lease("ann", 30min, on("v1"));
  lab.submit({{on("v1")}});
  lab.pass(30min - 1ns);
  EXPECT_EQ(lab.run(1), "running");
  EXPECT_LE(lab.core.next_due(), lab.now + 1ns);
  lab.pass(1ns);
  EXPECT_EQ(lab.run(1), "ended: passed: the lease ran out after 30 min");
  lab.renew("lab-a", {});
  EXPECT_THAT(lab.decisions(), ElementsAre("assign r2.1.1 v1@1 to lab-a"));
}

TEST_F(Holds, AreExtended) {
  lab.lease("ann", 30min, on("v1"));
  lab.pass(20min);
  ASSERT_TRUE(lab.core.extend(1, 30min, lab.out));
  EXPECT_EQ(view("v1").left, 40min);
  lab.pass(40min - 1ns);
  EXPECT_EQ(lab.run(1), "running");
  lab.pass(1ns);
  EXPECT_EQ(lab.run(1), "ended: passed: the lease ran out after 1 h 0 min");
}

TEST_F(Holds, AreExtendedUpToAWeekInAll) {
  lab.lease("ann", 30min, on("v1"));
  ASSERT_TRUE(lab.core.extend(1, 100h, lab.out));
  const auto told = lab.core.extend(1, 100h, lab.out);
  ASSERT_FALSE(told);
  EXPECT_EQ(told.error().text,
            "r1 would last 200 h 30 min then, and a lease lasts 168 h 0 min at most: take a new "
            "one");
  EXPECT_EQ(view("v1").left, 100h + 30min);
}

TEST_F(Holds, AreReleasedAndTakenBack) {
  lab.lease("ann", 30min, on("v1"));
  lab.lease("bob", 30min, on("v2"));
  ASSERT_TRUE(lab.core.release(1, "released by ann", lab.now, lab.out));
  ASSERT_TRUE(lab.cancel(2, "taken back by root: the board is needed"));
  EXPECT_EQ(lab.run(1), "ended: passed: released by ann");
  EXPECT_EQ(lab.run(2), "ended: cancelled: taken back by root: the board is needed");
  EXPECT_EQ(view("v1").state, "idle");
  EXPECT_EQ(view("v2").state, "idle");
  EXPECT_EQ(lab.core.next_due(), lab.now + 15s + 1ns);  // the agent's silence, and no more
}

TEST_F(Holds, OfOthersThanLeasesAreRefused) {
  lab.submit_one();
  const auto told = lab.core.extend(1, 1min, lab.out);
  ASSERT_FALSE(told);
  EXPECT_EQ(told.error().text, "r1 is a run, not a lease: 'assay cancel r1' ends it");
  EXPECT_EQ(lab.core.release(7, "", lab.now, lab.out).error().cause, Cause::not_found);
}

TEST_F(Holds, LetThePersonsRunsUseTheirBoardsAndNoOthers) {
  lab.lease("ann", 30min, on("v1"));
  lab.under = 1;
  lab.submit_one();
  const auto second = lab.submit_one();
  EXPECT_THAT(lab.decisions(), ElementsAre("assign r2.1.1 v1@1 to lab-a"));
  EXPECT_EQ(lab.why(second), "waits: board v1 is leased by r2.1.1");
  EXPECT_EQ(view("v1").holder, "r2.1.1");
  EXPECT_EQ(view("v1").person, "ann");
  lab.end("r2.1.1", Outcome::passed);
  EXPECT_THAT(lab.decisions(), ElementsAre("assign r3.1.1 v1@2 to lab-a"));
}

TEST_F(Holds, KeepThePersonsRunsWaitingUntilThereIsABoard) {
  lab.submit({{on("v1")}});
  lab.lease("ann", 30min, on("v1"));
  lab.under = 2;
  const auto run = lab.submit_one();
  EXPECT_EQ(lab.why(run), "waits: its lease r2 has no board yet");
  lab.decisions();
  lab.end("r1.1.1", Outcome::passed);
  EXPECT_THAT(lab.decisions(), ElementsAre("assign r3.1.1 v1@2 to lab-a"));
}

TEST_F(Holds, EndThePersonsRunsWithThem) {
  lab.lease("ann", 30min, on("v1"));
  lab.under = 1;
  lab.submit_one();
  lab.submit_one();
  lab.accept("r2.1.1");
  lab.decisions();
  ASSERT_TRUE(lab.core.release(1, "released by ann", lab.now, lab.out));
  EXPECT_EQ(lab.run(3), "ended: cancelled: the lease r1 is over: released by ann");
  EXPECT_THAT(lab.decisions(),
              ElementsAre("cancel r2.1.1 at lab-a: the lease r1 is over: released by ann"));
  // Until its agent has made it safe, nobody else gets the board.
  lab.under = 0;
  const auto other = lab.submit({{on("v1")}});
  EXPECT_EQ(lab.run(other), "queued");
  lab.end("r2.1.1", Outcome::cancelled);
  EXPECT_THAT(lab.decisions(), ElementsAre("assign r4.1.1 v1@2 to lab-a"));
}

TEST_F(Holds, ThatAreOverTakeNoRuns) {
  lab.lease("ann", 30min, on("v1"));
  ASSERT_TRUE(lab.core.release(1, "released by ann", lab.now, lab.out));
  lab.under = 1;
  lab.submit_one();
  ASSERT_FALSE(lab.refused);
  EXPECT_EQ(lab.refused.error().cause, Cause::not_found);
}

TEST_F(Holds, OutliveTheirAgentAndAssayd) {
  lab.lease("ann", 30min, on("v1"));
  lab.pass(10min);
  lab.core.disconnected("lab-a");
  const Saved saved = lab.saved();
  lab.core = Scheduler({});
  lab.core.load(saved, lab.now);
  lab.settle();
  EXPECT_EQ(view("v1").person, "ann");
  EXPECT_EQ(view("v1").left, 20min);
  ASSERT_TRUE(lab.hello(agent("lab-a", "i2", {board("v1"), board("v2")})));
  EXPECT_EQ(view("v1").state, "leased");
  lab.pass(20min);
  EXPECT_EQ(view("v1").lease, "");
}

TEST_F(Holds, AreTurnsLikeOthers) {
  // Ann and the project share one board.
  lab.project = "ci";
  lab.work = "w";
  for (int i = 0; i < 3; ++i) lab.submit({{on("v1")}});
  lab.lease("ann", 30min, on("v1"));
  EXPECT_EQ(lab.board_state("v1"), "leased r1.1.1");
  lab.accept("r1.1.1");
  lab.pass(10s);
  lab.end("r1.1.1", Outcome::passed);
  EXPECT_EQ(view("v1").person, "ann");  // who had nothing yet
}

// A lease that nobody knows the end of does not keep short work off the other board.
TEST_F(Holds, LetShortWorkOntoBoardsThatAreKeptForLater) {
  lab.lease("ann", 30min, on("v1"));
  lab.work = "short";
  lab.submit_one();
  lab.accept("r2.1.1");
  lab.pass(10s);
  lab.end("r2.1.1", Outcome::passed);
  lab.work = "pair";
  lab.submit({{need("left"), need("right")}});
  lab.decisions();
  lab.work = "unknown";
  const auto unknown = lab.submit_one();
  EXPECT_EQ(lab.run(unknown), "queued");
  EXPECT_THAT(lab.why(unknown), testing::HasSubstr("board v2 is kept for r3.1, an earlier job"));
}

}  // namespace
}  // namespace assay::scheduler
