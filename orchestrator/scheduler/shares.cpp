#include "scheduler/shares.hpp"

#include <algorithm>

namespace assay::scheduler {

void Shares::join(const std::string& project) {
  One& one = projects_[project];
  if (one.jobs++ > 0) return;
  if (!active_.empty()) least_ = std::max(least_, active_.begin()->first);
  one.had = std::max(one.had, least_);
  active_.emplace(one.had, project);
}

void Shares::leave(const std::string& project) {
  const auto found = projects_.find(project);
  if (found == projects_.end() || --found->second.jobs > 0) return;
  active_.erase({found->second.had, project});
  // It would start from there again: nothing to remember.
  if (found->second.had <= least_) projects_.erase(found);
}

void Shares::charge(const std::string& project, Duration time, std::size_t boards) {
  One& one = projects_[project];
  const bool active = active_.erase({one.had, project}) > 0;
  one.had += std::chrono::duration_cast<std::chrono::microseconds>(time).count() *
             static_cast<std::int64_t>(boards);
  if (active) active_.emplace(one.had, project);
}

std::int64_t Shares::had(const std::string& project) const {
  const auto found = projects_.find(project);
  return found == projects_.end() ? least_ : found->second.had;
}

}  // namespace assay::scheduler
