#include "scheduler/shares.hpp"

#include <algorithm>

namespace assay::scheduler {

void Shares::join(const std::string& project) {
  One& one = projects_[project];
  if (one.jobs++ > 0) return;
  one.had = std::max(one.had, served_at_);
}

void Shares::leave(const std::string& project) {
  const auto found = projects_.find(project);
  if (found == projects_.end() || --found->second.jobs > 0) return;
  // It would start from there again: nothing to remember.
  if (found->second.had <= served_at_) projects_.erase(found);
}

void Shares::charge(const std::string& project, Duration time, std::size_t boards) {
  One& one = projects_[project];
  if (time > Duration::zero()) served_at_ = std::max(served_at_, one.had);
  one.had += std::chrono::duration_cast<std::chrono::microseconds>(time).count() *
             static_cast<std::int64_t>(boards);
}

std::int64_t Shares::had(const std::string& project) const {
  const auto found = projects_.find(project);
  return found == projects_.end() ? served_at_ : found->second.had;
}

}  // namespace assay::scheduler
