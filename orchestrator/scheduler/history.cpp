#include "scheduler/history.hpp"

#include <algorithm>

namespace assay::scheduler {

void History::add(const std::string& work, Duration took) {
  if (work.empty() || took < Duration::zero()) return;
  if (!works_.contains(work) && works_.size() >= works) return;
  Last& last = works_[work];
  if (last.took.size() < kept) {
    last.took.push_back(took);
  } else {
    last.took[last.next] = took;
    last.next = (last.next + 1) % kept;
  }
  std::vector<Duration> sorted = last.took;
  std::sort(sorted.begin(), sorted.end());
  const auto at = [&](std::size_t percent) { return sorted[(sorted.size() - 1) * percent / 100]; };
  last.spread = {at(5), at(50), sorted[((sorted.size() - 1) * 95 + 99) / 100]};
}

std::optional<Spread> History::of(const std::string& work) const {
  const auto found = works_.find(work);
  if (found == works_.end()) return std::nullopt;
  return found->second.spread;
}

}  // namespace assay::scheduler
