// Bad histories, as they were or could have been: the checker must name what is wrong in
// each, and a checker that has become blind to it must be told from one that sees.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "simulation/checker.hpp"

namespace assay::simulation {
namespace {

using scheduler::Assign;
using scheduler::AttemptId;

store::RunRow run(std::int64_t number, const std::string& state, const std::string& verdict = "") {
  store::RunRow row;
  row.number = number;
  row.request_id = "q" + std::to_string(number);
  row.state = state;
  row.verdict = verdict;
  return row;
}
store::JobRow job(std::int64_t number, const std::string& state, const std::string& verdict = "") {
  store::JobRow row;
  row.run = number;
  row.index = 1;
  row.needs_json = R"([{"role":"dut"}])";
  row.state = state;
  row.verdict = verdict;
  row.attempts = 1;
  return row;
}
store::AttemptRow attempt(std::int64_t number, const std::string& state,
                          const std::string& verdict = "", std::int32_t which = 1) {
  store::AttemptRow row;
  row.run = number;
  row.job = 1;
  row.number = which;
  row.agent = "a";
  row.leases_json = R"([{"role":"dut","board":"v1","epoch":1}])";
  row.state = state;
  row.verdict = verdict;
  return row;
}
Assign assign(std::int64_t number, std::vector<scheduler::BoardLease> leases) {
  return {"a", AttemptId{{number, 1}, 1}, std::move(leases)};
}
// Run `number` is on disk, with an attempt that is assigned.
void begun(Checker& checker, std::int64_t number) {
  checker.stored(
      {{run(number, "running")}, {job(number, "running")}, {attempt(number, "assigned")}, {}});
}

struct History {
  const char* name;
  CheckerDefect blind;
  const char* words;
  std::function<void(Checker&)> happens;
};
void PrintTo(const History& history, std::ostream* out) {
  *out << history.name;
}

const std::vector<History>& histories() {
  static const std::vector<History> all = {
      {"TwoOnOneBoard", CheckerDefect::overlap_unseen,
       "board v1 is used by r1.1.1 and r2.1.1 at once",
       [](Checker& checker) {
         begun(checker, 1);
         begun(checker, 2);
         checker.assigned(assign(1, {{"dut", "v1", 1}}), {"v1"}, 0);
         checker.uses("v1", "r1.1.1", 1);
         checker.assigned(assign(2, {{"dut", "v1", 2}}), {"v1"}, 0);
         checker.uses("v1", "r2.1.1", 2);
         checker.leaves("v1", "r2.1.1");
       }},
      {"AnEpochTwice", CheckerDefect::epoch_unseen, "r2.1.1: epoch 1 of board v1 was given before",
       [](Checker& checker) {
         begun(checker, 1);
         begun(checker, 2);
         checker.assigned(assign(1, {{"dut", "v1", 1}}), {"v1"}, 0);
         checker.assigned(assign(2, {{"dut", "v1", 1}}), {"v1"}, 0);
       }},
      {"OneRequestTwoRuns", CheckerDefect::double_run_unseen,
       "request q1 was accepted as r1 and as r2",
       [](Checker& checker) {
         checker.stored({{run(1, "queued"), run(2, "queued")}, {}, {}, {}});
         checker.accepted("q1", "r1");
         checker.accepted("q1", "r2");
       }},
      {"AcceptedAndLost", CheckerDefect::lost_run_unseen, "r1 was accepted and is not on disk",
       [](Checker& checker) { checker.accepted("q1", "r1"); }},
      {"FailedAndStoredAsPassed", CheckerDefect::truth_unseen,
       "r1.1.1 is stored as passed, but came to 'failed'",
       [](Checker& checker) {
         begun(checker, 1);
         checker.came_to("r1.1.1", "failed");
         checker.stored({{run(1, "ended", "passed")},
                         {job(1, "ended", "passed")},
                         {attempt(1, "ended", "passed")},
                         {}});
       }},
      {"ALeasedBoardGivenAway", CheckerDefect::lease_unseen, "r2.1.1: board v1 is leased by r1",
       [](Checker& checker) {
         store::RunRow lease = run(1, "running");
         lease.hold = 1;
         checker.stored({{lease}, {}, {attempt(1, "running")}, {}});
         begun(checker, 2);
         checker.assigned(assign(2, {{"dut", "v1", 1}}), {"v1"}, 0);
       }},
      {"BegunAfterItWasCancelled", CheckerDefect::cancel_unseen,
       "r1.1.1 is assigned after its run was cancelled",
       [](Checker& checker) {
         begun(checker, 1);
         store::RunRow cancelled = run(1, "running");
         cancelled.cancelling = "by ann";
         checker.stored({{cancelled}, {}, {}, {}});
         checker.assigned(assign(1, {{"dut", "v1", 1}}), {"v1"}, 0);
       }},
      {"HalfOfItsBoards", CheckerDefect::parts_unseen, "r1.1.1: 1 boards for 2 roles",
       [](Checker& checker) {
         store::JobRow two = job(1, "running");
         two.needs_json = R"([{"role":"dut"},{"role":"peer"}])";
         checker.stored({{run(1, "running")}, {two}, {attempt(1, "assigned")}, {}});
         checker.assigned(assign(1, {{"dut", "v1", 1}}), {"v1"}, 0);
       }},
      {"TwoAttemptsAtOnce", CheckerDefect::open_unseen, "r1.1.2 is open beside r1.1.1",
       [](Checker& checker) {
         begun(checker, 1);
         checker.stored({{}, {}, {attempt(1, "assigned", "", 2)}, {}});
       }},
      {"OpenAfterItsAgentIsLongGone", CheckerDefect::open_unseen,
       "r1.1.1 is still open, though agent a has been gone for 2 min",
       [](Checker& checker) {
         begun(checker, 1);
         checker.acting_since(BootTime{0});
         checker.silent("a", BootTime{0});
         checker.step(BootTime{0} + std::chrono::minutes(2));
       }},
      {"GivenUpByOneWhoDidNotListen", CheckerDefect::blame_unseen,
       "r1.1.1 was given up, though agent a has been in order for 1 min",
       [](Checker& checker) {
         begun(checker, 1);
         checker.in_order("a", BootTime{0});
         store::AttemptRow ended = attempt(1, "ended", "lab-error");
         ended.sentence = "the agent 'a' was not heard for 30.0 s: the lease of v1 ran out";
         checker.stored({{}, {}, {ended}, {}}, BootTime{0} + std::chrono::minutes(1));
       }},
  };
  return all;
}

class BadHistories : public testing::TestWithParam<History> {};

TEST_P(BadHistories, AreSeen) {
  Checker checker(std::chrono::seconds(30));
  GetParam().happens(checker);
  EXPECT_THAT(checker.violations(), testing::Contains(testing::HasSubstr(GetParam().words)));
}

// So the test above is one that a checker with this mistake fails.
TEST_P(BadHistories, PassAMutantOfTheChecker) {
  Checker checker(std::chrono::seconds(30), GetParam().blind);
  GetParam().happens(checker);
  EXPECT_THAT(checker.violations(), testing::IsEmpty());
}

INSTANTIATE_TEST_SUITE_P(Simulation, BadHistories, testing::ValuesIn(histories()),
                         [](const auto& one) { return one.param.name; });

TEST(Checker, SeesNothingWrongInAGoodHistory) {
  Checker checker(std::chrono::seconds(30));
  begun(checker, 1);
  checker.accepted("q1", "r1");
  checker.assigned(assign(1, {{"dut", "v1", 1}}), {"v1"}, 1);
  checker.uses("v1", "r1.1.1", 1);
  checker.came_to("r1.1.1", "passed");
  checker.leaves("v1", "r1.1.1");
  checker.stored({{run(1, "ended", "passed")},
                  {job(1, "ended", "passed")},
                  {attempt(1, "ended", "passed")},
                  {}});
  checker.acknowledged("r1.1.1");
  checker.at_the_end(true);
  EXPECT_THAT(checker.violations(), testing::IsEmpty());
}

}  // namespace
}  // namespace assay::simulation
