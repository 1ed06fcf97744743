// What the pages ask, of both back ends of the store.
#include <gmock/gmock.h>
#include <rapidcheck/gtest.h>

#include "lab_fixture.hpp"

namespace assay::queries::test {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

struct Asked : testing::TestWithParam<bool> {
  Lab lab{GetParam()};
};
INSTANTIATE_TEST_SUITE_P(Memory, Asked, testing::Values(false));
INSTANTIATE_TEST_SUITE_P(Sqlite, Asked, testing::Values(true));

std::string words(const v1::MatrixRow& row) {
  std::string text = row.name() + ":";
  for (const auto& cell : row.cells()) {
    text += fmt::format(" {}/{}/{}{}{}{}", cell.run().empty() ? "-" : cell.run(),
                        v1::Verdict_Name(cell.verdict()).substr(8), cell.passed(), cell.failed(),
                        cell.lab_errors(), cell.others());
  }
  return text + fmt::format(" first_bad {}", row.first_bad());
}

std::vector<std::string> rows_of(const v1::Matrix& matrix) {
  std::vector<std::string> all;
  for (const auto& row : matrix.rows()) all.push_back(words(row));
  return all;
}

TEST_P(Asked, ForTheMatrixGiveBuildsByTheirNewestRun) {
  lab.add(Lab::row(1, "passed", "a"));
  lab.add(Lab::row(2, "failed", "b"), "virtual-sensor", "v2");
  lab.add(Lab::row(3, "passed", "b", "power"));
  lab.add(Lab::row(4, "passed", "b"), "virtual-sensor", "v2", 2);
  lab.add(Lab::row(5, "passed", ""));
  lab.add(Lab::row(6, "lab-error", "a"));
  v1::Matrix plans, profiles, boards;
  ASSERT_TRUE(lab.ask().matrix({}, &plans));
  ASSERT_EQ(plans.builds_size(), 2) << "what has no revision is of no build";
  EXPECT_EQ(plans.builds(0).rev(), "a");
  EXPECT_EQ(plans.builds(0).first_unix_micros(), 1'000'000);
  EXPECT_EQ(plans.builds(1).rev(), "b");
  EXPECT_THAT(rows_of(plans), ElementsAre("ota: r6/LAB_ERROR/1010 r4/FAILED/1100 first_bad 1",
                                          "power: -/UNSPECIFIED/0000 r3/PASSED/1000 first_bad -1"));
  ASSERT_TRUE(lab.ask().matrix({.rows = "profile"}, &profiles));
  EXPECT_THAT(rows_of(profiles),
              ElementsAre("virtual-sensor: -/UNSPECIFIED/0000 r4/FAILED/1100 first_bad 1",
                          "virtual-zephyr: r6/LAB_ERROR/1010 r3/PASSED/1000 first_bad -1"));
  ASSERT_TRUE(lab.ask().matrix({.rows = "board", .builds = 1}, &boards));
  EXPECT_THAT(rows_of(boards), ElementsAre("v1: r6/LAB_ERROR/1010 first_bad -1"))
      << "an attempt that was made again on another board does not speak";
}

TEST_P(Asked, ForWhatMakesNoSenseSaysWhatWould) {
  v1::Matrix matrix;
  EXPECT_EQ(lab.ask().matrix({.rows = "moon"}, &matrix).error().text,
            "rows=moon: it is none of plan, profile, board");
  EXPECT_EQ(lab.ask().matrix({.builds = 101}, &matrix).error().text, "builds 101: 1 to 100");
  v1::History history;
  EXPECT_EQ(lab.ask().plan_history("ota", {.limit = 2001}, &history).error().text,
            "limit 2001: 1 to 2000");
  EXPECT_EQ(lab.ask().plan_history("ota-revrt", {}, &history).error().text,
            "no run of a plan 'ota-revrt', did you mean 'ota-revert'?");
  EXPECT_EQ(lab.ask().board_history("v1", {}, &history).error().text, "no board 'v1'");
  v1::Run run;
  EXPECT_EQ(lab.ask().run("r9", &run).error().text, "no run 'r9'");
  EXPECT_EQ(lab.ask().run("9", &run).error().text, "no run '9'; runs are named like r17");
  v1::Baseline baseline;
  EXPECT_EQ(lab.ask().baseline("r9", &baseline).error().text, "no run 'r9'");
  v1::ListRunsRequest request;
  v1::ListRunsResponse runs;
  request.set_status("red");
  EXPECT_EQ(lab.ask().runs(request, &runs).error().text,
            "status 'red' is none of passed, failed, lab-error, cancelled, running, queued");
  request.set_status("");
  request.set_text(std::string(201, 'x'));
  EXPECT_EQ(lab.ask().runs(request, &runs).error().text, "text: 201 bytes, at most 200");
  request.set_text("");
  request.set_page_size(1001);
  EXPECT_EQ(lab.ask().runs(request, &runs).error().text, "page_size 1001: at most 1000");
  request.set_page_size(0);
  // No run is there yet: each token is from elsewhere.
  for (const char* token : {"moon", "r1"}) {
    request.set_page_token(token);
    const auto refused = lab.ask().runs(request, &runs);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().cause, Cause::invalid);
    EXPECT_EQ(refused.error().text,
              fmt::format("page_token '{}' is from no list of runs here: take the one of the last "
                          "answer, or none for the first page",
                          token));
  }
}

TEST_P(Asked, ForABaselineGivesTheLastThatPassed) {
  lab.add(Lab::row(1, "passed"));
  lab.add(Lab::row(2, "passed", "b", "power"));
  lab.add(Lab::row(3, "failed", "c"));
  v1::Baseline of_three, of_one;
  ASSERT_TRUE(lab.ask().baseline("r3", &of_three));
  EXPECT_EQ(of_three.run().id(), "r1");
  ASSERT_TRUE(lab.ask().baseline("r1", &of_one));
  EXPECT_FALSE(of_one.has_run());
}

TEST_P(Asked, ForAHistoryGivesPointsAndRates) {
  lab.add(Lab::row(1, "passed"));
  lab.add(Lab::row(2, "failed"));
  lab.add(Lab::row(3, "lab-error", "b"));
  v1::History history, one;
  ASSERT_TRUE(lab.ask().plan_history("ota", {}, &history));
  ASSERT_EQ(history.points_size(), 3);
  EXPECT_EQ(history.points(0).id(), "r3");
  EXPECT_EQ(history.points(0).took().seconds(), 2);
  EXPECT_EQ(history.stats().builds_flaky(), 1U);
  EXPECT_DOUBLE_EQ(history.stats().pass_rate(), 0.5);
  ASSERT_TRUE(lab.ask().plan_history("ota", {.limit = 1}, &one));
  EXPECT_EQ(one.points_size(), 1);
}

TEST_P(Asked, ForABoardCountsWhatIsNotCountedYet) {
  ASSERT_TRUE(lab.store->commit(
      {{},
       {},
       {},
       {{"v1", "lab-a", "virtual-zephyr", R"({"abilities":[],"tags":[]})", "", "", 1}}}));
  lab.add(Lab::row(1, "passed"));
  lab.add(Lab::row(2, "failed"));
  ASSERT_TRUE(lab.store->commit({{}, {}, {}, {}, {{2, 1, 1, "v1", 10, 5}}}));
  Queries& queries = lab.ask();
  using namespace evidence;
  const std::vector<Event> events{
      {1, {}, "", "", AttemptStarted{1, "lab-a", {}}},
      {2, {}, "dut", "v1", StepStarted{0, "", "flash base", "p.yaml:1:1"}},
      {3, {}, "dut", "v1", StepEnded{0, StepState::passed, "", {}, 0, 0}},
      {4, {}, "dut", "v1", PowerEdge{true, true}},
      {5, {}, "", "", AttemptEnded{evidence::Verdict::passed, "", -1, false}}};
  ASSERT_TRUE(lab.segments->append("r1.1.1", events));
  for (int times = 0; times < 2; ++times) {
    v1::History history;
    ASSERT_TRUE(queries.board_history("v1", {}, &history));
    EXPECT_EQ(history.power_switches(), 11U);
    EXPECT_EQ(history.flash_cycles(), 6U);
    ASSERT_EQ(history.points_size(), 2);
    EXPECT_EQ(history.points(0).id(), "r2.1.1");
    EXPECT_EQ(history.board().id(), "v1");
  }
}

TEST_P(Asked, ForNowGivesWhatRunsWaitsAndNeedsSomebody) {
  ASSERT_TRUE(lab.store->commit(
      {{},
       {},
       {},
       {{"v1", "lab-a", "virtual-zephyr", R"({"abilities":[],"tags":[]})", "dust", "", 1}}}));
  lab.add(Lab::row(1, "passed"));
  lab.add(Lab::row(2, "failed"));
  auto waiting = Lab::row(3, "", "c");
  waiting.state = "queued";
  lab.add(waiting, "virtual-zephyr", "v1", 0);
  auto urgent = Lab::row(4, "", "d");
  urgent.state = "queued";
  urgent.priority = 5;
  lab.add(urgent, "virtual-sensor", "v1", 0);
  lab.ask();
  lab.connect({{"v1", "virtual-zephyr", {}, {}, "", 1}});
  v1::Overview now;
  ASSERT_TRUE(lab.ask().overview(&now));
  EXPECT_THAT(now.running(), IsEmpty());
  ASSERT_EQ(now.waiting_size(), 2);
  EXPECT_EQ(now.waiting(0).job(), "r4.1");
  EXPECT_EQ(now.waiting(0).run().id(), "r4");
  EXPECT_EQ(now.waiting(0).profile(), "virtual-sensor");
  EXPECT_EQ(now.waiting(0).reason(),
            "no agent has a board of profile 'virtual-sensor', did you mean 'virtual-zephyr'?");
  EXPECT_EQ(now.waiting(1).reason(), "board v1 is quarantined: dust");
  EXPECT_EQ(now.waiting_total(), 2U);
  ASSERT_EQ(now.ended_size(), 2);
  EXPECT_EQ(now.ended(0).id(), "r2");
  ASSERT_EQ(now.alerts_size(), 1);
  EXPECT_EQ(now.alerts(0).kind(), v1::Alert::KIND_BOARD_QUARANTINED);
  EXPECT_EQ(now.alerts(0).sentence(), "board v1 is quarantined: dust");
  EXPECT_EQ(now.boards_total(), 1U);
  EXPECT_EQ(now.version(), "0.1.0");

  lab.dispatcher->agent_disconnected("lab-a", lab.link.get());
  ASSERT_TRUE(lab.dispatcher->quarantine("v1", "dust")) << "answered behind it";
  v1::Overview later;
  ASSERT_TRUE(lab.ask().overview(&later));
  ASSERT_EQ(later.alerts_size(), 1) << "its boards are named with it";
  EXPECT_EQ(later.alerts(0).kind(), v1::Alert::KIND_AGENT_LOST);
  EXPECT_EQ(later.alerts(0).sentence(), "agent lab-a is not connected: its board cannot be used");
}

// All pages together are the whole list, each run once, also while runs are added.
void pages_are_the_list(bool sqlite) {
  Lab lab(sqlite);
  const int before = *rc::gen::inRange(0, 25), size = *rc::gen::inRange(1, 9);
  const bool filtered = *rc::gen::arbitrary<bool>(), by_text = *rc::gen::arbitrary<bool>();
  std::vector<std::string> want, got;
  std::int64_t number = 0;
  const auto add = [&](bool counts) {
    const bool fits = *rc::gen::arbitrary<bool>();
    lab.add(Lab::row(++number, "passed", "a", fits ? "ota" : "power"),
            fits ? "virtual-zephyr" : "virtual-sensor");
    if (counts && (fits || !filtered)) want.insert(want.begin(), fmt::format("r{}", number));
  };
  for (int i = 0; i < before; ++i) add(true);
  v1::ListRunsRequest request;
  request.set_page_size(static_cast<std::uint32_t>(size));
  if (filtered && by_text) request.set_text("OT");
  if (filtered && !by_text) request.set_profile("virtual-zephyr");
  do {
    v1::ListRunsResponse page;
    RC_ASSERT(lab.ask().runs(request, &page).has_value());
    RC_ASSERT(page.runs_size() <= size);
    for (const auto& run : page.runs()) got.push_back(run.id());
    request.set_page_token(page.next_page_token());
    for (int i = *rc::gen::inRange(0, 3); i > 0; --i) add(false);
  } while (!request.page_token().empty());
  RC_ASSERT(got == want);
}

RC_GTEST_PROP(Paging, OfMemoryShowsEachRunOnce, ()) {
  pages_are_the_list(false);
}
RC_GTEST_PROP(Paging, OfSqliteShowsEachRunOnce, ()) {
  pages_are_the_list(true);
}

}  // namespace
}  // namespace assay::queries::test
