// What the pages ask of many runs, of any back end.
#include <gmock/gmock.h>

#include "conformance.hpp"

namespace assay::store {

using Numbers = std::vector<std::int64_t>;

GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(StoreLists);

Numbers StoreLists::list(const RunFilter& filter) {
  Numbers all;
  const RunPage page = store().runs(filter).value();
  for (const RunRow& row : page.rows) all.push_back(row.number);
  return all;
}
void StoreLists::add(std::int64_t number, const std::function<void(RunRow&, JobRow&)>& change) {
  RunRow run = a_run(number);
  JobRow job = a_job(number, 1);
  change(run, job);
  ASSERT_TRUE(store().commit({{run}, {job}, {}, {}}));
}
void StoreLists::add_use(std::int64_t run, std::int32_t job, std::int32_t number,
                         const std::string& board, std::int64_t started) {
  AttemptRow row = an_attempt(run, job, number);
  row.leases_json = R"([{"board":")" + board + R"(","epoch":1,"role":"dut"}])";
  row.started = started;
  ASSERT_TRUE(store().commit({{a_run(run)}, {a_job(run, job)}, {row}, {}}));
}

TEST_P(StoreLists, FilterByRevisionProfileAndText) {
  for (std::int64_t n = 1; n <= 6; ++n) {
    add(n, [n](RunRow& run, JobRow& job) {
      run.rev = n < 4 ? "a1" : "b2";
      job.profile = n % 2 == 0 ? "virtual-sensor" : "virtual-zephyr";
      run.sentence = n == 5 ? "100% of The marker_s were not seen" : "";
    });
  }
  ASSERT_TRUE(store().commit({{}, {a_job(4, 2)}, {}, {}}));
  EXPECT_EQ(list({.rev = "a1"}), (Numbers{3, 2, 1}));
  EXPECT_EQ(list({.profile = "virtual-sensor"}), (Numbers{6, 4, 2}));
  EXPECT_EQ(list({.profile = "virtual-zephyr"}), (Numbers{5, 4, 3, 1})) << "r4 has both";
  EXPECT_EQ(list({.rev = "b2", .profile = "virtual-sensor"}), (Numbers{6, 4}));
  EXPECT_EQ(list({.rev = "b2", .profile = "virtual-sensor", .before = 6}), (Numbers{4}));
  EXPECT_EQ(list({.profile = "virtual-sensor", .limit = 1}), (Numbers{6}));
  EXPECT_TRUE(list({.profile = "none"}).empty());
  EXPECT_EQ(list({.text = "the MARKER"}), (Numbers{5}));
  EXPECT_EQ(list({.text = "100%"}), (Numbers{5}));
  EXPECT_EQ(list({.text = "marker_s"}), (Numbers{5}));
  EXPECT_TRUE(list({.text = "10%"}).empty()) << "% and _ are letters like any other";
  EXPECT_TRUE(list({.text = "markers_"}).empty());
  EXPECT_EQ(list({.text = "B2"}), (Numbers{6, 5, 4}));
  EXPECT_EQ(list({.text = "ota-rev"}), (Numbers{6, 5, 4, 3, 2, 1}));
  EXPECT_EQ(list({.profile = "virtual-zephyr", .text = "b2"}), (Numbers{5, 4}));
}

TEST_P(StoreLists, SayWhereTheNextPageBegins) {
  for (std::int64_t n = 1; n <= 5; ++n) add(n, [](RunRow&, JobRow&) {});
  const auto next = [&](const RunFilter& filter) { return store().runs(filter).value().next; };
  EXPECT_EQ(next({.limit = 2}), 4);
  EXPECT_EQ(next({.before = 4, .limit = 2}), 2);
  EXPECT_EQ(next({.before = 2, .limit = 2}), 0);
  EXPECT_EQ(next({.limit = 5}), 0);
  EXPECT_EQ(next({.plan = "ota-revert", .limit = 4}), 2);
  EXPECT_EQ(next({.plan = "none"}), 0);
}

TEST_P(StoreLists, LookBackNoFurtherThanTheySay) {
  Batch batch;
  for (std::int64_t n = 1; n <= look_back + 10; ++n) {
    RunRow row = a_run(n);
    row.request.clear();
    row.sentence = n == 3 ? "needle" : "";
    batch.runs.push_back(row);
  }
  ASSERT_TRUE(store().commit(batch));
  for (const RunFilter& filter :
       {RunFilter{.text = "needle"}, RunFilter{.plan = "ota-revert", .text = "needle"}}) {
    const RunPage first = store().runs(filter).value();
    EXPECT_TRUE(first.rows.empty());
    EXPECT_EQ(first.next, 11);
    RunFilter again = filter;
    again.before = first.next;
    const RunPage second = store().runs(again).value();
    ASSERT_EQ(second.rows.size(), 1U);
    EXPECT_EQ(second.rows[0].number, 3);
    EXPECT_EQ(second.next, 0);
  }
}

TEST_P(StoreLists, CountRunsOfAState) {
  for (std::int64_t n = 1; n <= 3; ++n)
    add(n, [n](RunRow& run, JobRow&) { run.state = n < 3 ? "running" : "queued"; });
  EXPECT_EQ(store().count_runs("running").value(), 2);
  EXPECT_EQ(store().count_runs("queued").value(), 1);
}

TEST_P(StoreLists, FindTheLastThatPassed) {
  for (std::int64_t n = 1; n <= 6; ++n) {
    add(n, [n](RunRow& run, JobRow&) {
      run.state = "ended";
      run.verdict = n <= 2 || n == 5 ? "passed" : "failed";
      run.project = n == 2 ? "other" : "sensor";
    });
  }
  EXPECT_EQ(store().last_passed("ota-revert", "sensor", 6).value()->number, 5);
  EXPECT_EQ(store().last_passed("ota-revert", "sensor", 5).value()->number, 1);
  EXPECT_EQ(store().last_passed("ota-revert", "other", 5).value()->number, 2);
  EXPECT_FALSE(store().last_passed("ota-revert", "sensor", 1).value());
  EXPECT_FALSE(store().last_passed("other", "sensor", 6).value());
  EXPECT_TRUE(store().last_passed("ota-revert", "sensor", 6).value()->request.empty());
}

TEST_P(StoreLists, KnowWhichAttemptHadWhichBoard) {
  add_use(1, 1, 1, "v1", 100);
  add_use(2, 1, 1, "v2", 150);
  add_use(1, 1, 2, "v1", 200);
  add_use(3, 1, 1, "v1", 190);
  AttemptRow end = an_attempt(3, 1, 1);
  end.leases_json = "";
  end.state = "ended";
  end.verdict = "failed";
  end.sentence = "it broke";
  end.ended = 250;
  ASSERT_TRUE(store().commit({{}, {}, {end}, {}, {{3, 1, 1, "v1", 4, 2}, {1, 1, 1, "v1", 3, 1}}}));
  ASSERT_TRUE(store().commit({{}, {}, {}, {}, {{3, 1, 1, "v1", 5, 2}, {9, 9, 9, "v1", 5, 2}}}));
  const BoardUses uses = store().board_uses("v1", 2).value();
  EXPECT_EQ(uses.power_switches, 8) << "the last word counts, once, of attempts that there are";
  EXPECT_EQ(uses.flash_cycles, 3);
  ASSERT_EQ(uses.newest.size(), 2U);
  EXPECT_EQ(uses.newest[0].run, 1) << "by start, not by number";
  EXPECT_EQ(uses.newest[0].number, 2);
  EXPECT_FALSE(uses.newest[0].counted);
  const UseRow& row = uses.newest[1];
  EXPECT_EQ(std::tie(row.run, row.job, row.number, row.plan, row.project, row.rev, row.ref),
            std::make_tuple(3, 1, 1, "ota-revert", "sensor", "abc", "main"));
  EXPECT_EQ(std::tie(row.state, row.verdict, row.sentence, row.started, row.ended, row.counted),
            std::make_tuple("ended", "failed", "it broke", 190, 250, true));
  EXPECT_TRUE(store().board_uses("v9", 10).value().newest.empty());
}

TEST_P(StoreLists, TakeLeasesThatMakeNoSenseForNone) {
  std::int32_t number = 0;
  for (const char* leases : {"", "{", "7", "[]", "[7, \"v1\", null, [], {}]", R"([{"board":3}])"}) {
    AttemptRow row = an_attempt(1, 1, ++number);
    row.leases_json = leases;
    ASSERT_TRUE(store().commit({{a_run(1)}, {a_job(1, 1)}, {row}, {}})) << leases;
  }
  EXPECT_TRUE(store().board_uses("v1", 9).value().newest.empty());
  EXPECT_TRUE(store().board_uses("3", 9).value().newest.empty());
}

TEST_P(StoreLists, TellHowRunsWentOnEachProfileAndBoard) {
  add_use(1, 1, 1, "v1", 100);
  add_use(1, 1, 2, "v2", 200);
  add_use(2, 1, 1, "v1", 300);
  JobRow job = a_job(1, 1);
  job.state = "ended";
  job.verdict = "passed";
  AttemptRow first = an_attempt(1, 1, 1), second = an_attempt(1, 1, 2);
  first.state = second.state = "ended";
  first.verdict = "lab-error";
  second.verdict = "passed";
  ASSERT_TRUE(store().commit({{}, {job}, {first, second}, {}}));
  using Told = std::vector<std::string>;
  const auto told = [&](Axis axis, const Numbers& runs) {
    Told all;
    const auto rows = store().outcomes(axis, runs).value();
    for (const OutcomeRow& row : rows)
      all.push_back(fmt::format("r{} {} {} {}", row.run, row.name, row.state, row.verdict));
    return all;
  };
  EXPECT_EQ(told(Axis::profile, {2, 1}),
            (Told{"r2 virtual-zephyr queued ", "r1 virtual-zephyr ended passed"}));
  EXPECT_EQ(told(Axis::board, {2, 1}), (Told{"r2 v1 assigned ", "r1 v2 ended passed"}))
      << "only a job's last attempt speaks";
  EXPECT_TRUE(told(Axis::board, {}).empty());
}

}  // namespace assay::store
