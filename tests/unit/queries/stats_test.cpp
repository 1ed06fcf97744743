#include "queries/stats.hpp"

#include <assay/v1/web.pb.h>
#include <gtest/gtest.h>

#include <chrono>

#include "queries/first_bad.hpp"

namespace assay::queries {
namespace {

using std::chrono::milliseconds;

// Values from the formula by hand, to four places.
TEST(Wilson, IsTheIntervalOfTheScore) {
  EXPECT_NEAR(wilson(8, 10).low, 0.4902, 5e-5);
  EXPECT_NEAR(wilson(8, 10).high, 0.9433, 5e-5);
  EXPECT_EQ(wilson(0, 10).low, 0);
  EXPECT_NEAR(wilson(0, 10).high, 0.2775, 5e-5);
  EXPECT_NEAR(wilson(10, 10).low, 0.7225, 5e-5);
  EXPECT_EQ(wilson(10, 10).high, 1);
  EXPECT_EQ(wilson(0, 0).high, 0);
}

TEST(Percentile, IsOneOfTheValues) {
  EXPECT_EQ(percentile({}, 0.5), Duration{});
  EXPECT_EQ(percentile({milliseconds(7)}, 0.95), milliseconds(7));
  std::vector<Duration> values;
  for (int i = 100; i >= 1; --i) values.emplace_back(milliseconds(i));
  EXPECT_EQ(percentile(values, 0.5), milliseconds(50));
  EXPECT_EQ(percentile(values, 0.95), milliseconds(95));
}

void add(v1::History& history, v1::Verdict verdict, const char* rev, int seconds) {
  auto* point = history.add_points();
  point->set_verdict(verdict);
  point->set_rev(rev);
  point->mutable_took()->set_seconds(seconds);
}

TEST(Summary, CountsBuildsThatWereBoth) {
  v1::History history;
  add(history, v1::VERDICT_PASSED, "a", 2);
  add(history, v1::VERDICT_FAILED, "a", 4);
  add(history, v1::VERDICT_PASSED, "b", 2);
  add(history, v1::VERDICT_PASSED, "b", 2);
  add(history, v1::VERDICT_PASSED, "c", 2);
  add(history, v1::VERDICT_LAB_ERROR, "c", 9);
  add(history, v1::VERDICT_CANCELLED, "c", 500);
  add(history, v1::VERDICT_UNSPECIFIED, "d", 1);  // runs
  add(history, v1::VERDICT_FAILED, "", 3);        // of no build
  summarise(&history);
  const auto& stats = history.stats();
  EXPECT_EQ(stats.passed(), 4U);
  EXPECT_EQ(stats.failed(), 2U);
  EXPECT_EQ(stats.lab_errors(), 1U);
  EXPECT_EQ(stats.cancelled(), 1U);
  EXPECT_DOUBLE_EQ(stats.pass_rate(), 4.0 / 6);
  EXPECT_EQ(stats.builds_repeated(), 2U);
  EXPECT_EQ(stats.builds_flaky(), 1U);
  EXPECT_DOUBLE_EQ(stats.lab_error_rate(), 1.0 / 7);
  EXPECT_EQ(stats.took_median().seconds(), 2);
  EXPECT_EQ(stats.took_p95().seconds(), 9);
}

TEST(Summary, OfNothingIsNothing) {
  v1::History history;
  summarise(&history);
  EXPECT_EQ(history.stats().pass_high(), 0);
  EXPECT_FALSE(history.stats().has_took_median());
}

std::int32_t first_bad_of(std::initializer_list<v1::Verdict> newest_first) {
  v1::MatrixRow row;
  for (const auto verdict : newest_first) {
    auto* cell = row.add_cells();
    if (verdict == v1::VERDICT_UNSPECIFIED) continue;  // no run there
    cell->set_run("r1");
    cell->set_state(v1::RUN_STATE_ENDED);
    cell->set_verdict(verdict);
  }
  return first_bad(row);
}

TEST(FirstBad, IsTheOldestFailedAfterTheLastThatPassed) {
  constexpr auto good = v1::VERDICT_PASSED, bad = v1::VERDICT_FAILED, lab = v1::VERDICT_LAB_ERROR,
                 none = v1::VERDICT_UNSPECIFIED;
  EXPECT_EQ(first_bad_of({bad, bad, good, bad}), 1);
  EXPECT_EQ(first_bad_of({good, bad, bad}), -1);
  EXPECT_EQ(first_bad_of({bad, none, lab, bad, lab, good}), 3);
  EXPECT_EQ(first_bad_of({lab, none, bad, good}), 2);
  EXPECT_EQ(first_bad_of({bad, bad}), 1) << "it never passed";
  EXPECT_EQ(first_bad_of({none, lab}), -1);
  EXPECT_EQ(first_bad_of({}), -1);
}

}  // namespace
}  // namespace assay::queries
