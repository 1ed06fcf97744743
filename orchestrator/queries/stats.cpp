#include "queries/stats.hpp"

#include <assay/v1/web.pb.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <utility>

#include "wire/scalar.hpp"

namespace assay::queries {

Duration percentile(std::vector<Duration> values, double share) {
  if (values.empty()) return {};
  const auto rank = static_cast<std::size_t>(std::ceil(share * static_cast<double>(values.size())));
  const auto at = values.begin() + static_cast<std::ptrdiff_t>(rank == 0 ? 0 : rank - 1);
  std::nth_element(values.begin(), at, values.end());
  return *at;
}

void summarise(v1::History* history) {
  std::uint32_t passed = 0, failed = 0, lab_errors = 0, cancelled = 0;
  std::map<std::pair<std::string, std::string>, std::pair<std::uint32_t, std::uint32_t>> builds;
  std::vector<Duration> took;
  for (const v1::HistoryPoint& point : history->points()) {
    const bool good = point.verdict() == v1::VERDICT_PASSED;
    const bool bad = point.verdict() == v1::VERDICT_FAILED;
    if (good) ++passed;
    if (bad) ++failed;
    if (point.verdict() == v1::VERDICT_LAB_ERROR) ++lab_errors;
    if (point.verdict() == v1::VERDICT_CANCELLED) ++cancelled;
    if ((good || bad) && !point.rev().empty()) {
      auto& build = builds[{point.project(), point.rev()}];
      ++(good ? build.first : build.second);
    }
    // What was called off says nothing of how long it takes.
    if (point.has_took() && point.verdict() != v1::VERDICT_CANCELLED) {
      took.push_back(wire::duration_of(point.took()));
    }
  }
  v1::HistoryStats& stats = *history->mutable_stats();
  stats.set_passed(passed);
  stats.set_failed(failed);
  stats.set_lab_errors(lab_errors);
  stats.set_cancelled(cancelled);
  const std::uint32_t told = passed + failed;
  if (told > 0) {
    const Interval interval = wilson(passed, told);
    stats.set_pass_rate(static_cast<double>(passed) / told);
    stats.set_pass_low(interval.low);
    stats.set_pass_high(interval.high);
  }
  for (const auto& [build, counts] : builds) {
    if (counts.first + counts.second < 2) continue;
    stats.set_builds_repeated(stats.builds_repeated() + 1);
    if (counts.first > 0 && counts.second > 0) stats.set_builds_flaky(stats.builds_flaky() + 1);
  }
  if (told + lab_errors > 0) {
    stats.set_lab_error_rate(static_cast<double>(lab_errors) / (told + lab_errors));
  }
  if (took.empty()) return;
  wire::to_proto(percentile(took, 0.5), stats.mutable_took_median());
  wire::to_proto(percentile(std::move(took), 0.95), stats.mutable_took_p95());
}

}  // namespace assay::queries
