#include "scheduler/queue.hpp"

#include <algorithm>

namespace assay::scheduler {

Queue::Lane& Queue::add(const Entry& entry, BootTime now) {
  auto [found, fresh] = kinds_.try_emplace(entry.kind);
  Kind& kind = found->second;
  if (fresh) {
    kind.name = entry.kind;
    kind.watches = entry.watches;
    std::sort(kind.watches.begin(), kind.watches.end());
    kind.watches.erase(std::unique(kind.watches.begin(), kind.watches.end()), kind.watches.end());
    kind.wary = entry.wary;
    for (const std::string& watched : kind.watches) watchers_[watched].push_back(&kind);
  }
  auto [at, new_lane] = kind.lanes.try_emplace({entry.project, entry.priority});
  Lane& lane = at->second;
  if (new_lane) {
    lane.kind = &kind;
    lane.project = entry.project;
    lane.priority = entry.priority;
    lane.since = now;
  }
  lane.jobs.insert(entry.job);
  ++size_;
  // Where another of its kind was looked at in vain, so would this one be: unless it comes
  // before one that boards are kept for.
  if (!kind.blocked || kind.wary || new_lane) wake(kind);
  return lane;
}

Queue::Kind* Queue::remove(Lane& lane, JobId job) {
  Kind& kind = *lane.kind;
  size_ -= lane.jobs.erase(job);
  if (!lane.jobs.empty()) return &kind;
  kind.lanes.erase({lane.project, lane.priority});
  if (!kind.lanes.empty()) return &kind;
  for (const std::string& watched : kind.watches) {
    const auto all = watchers_.find(watched);
    std::erase(all->second, &kind);
    if (all->second.empty()) watchers_.erase(all);
  }
  if (kind.woken) std::erase(woken_, &kind);
  kinds_.erase(kind.name);
  return nullptr;
}

void Queue::wake(Kind& kind) {
  kind.blocked = false;
  if (!std::exchange(kind.woken, true)) woken_.push_back(&kind);
}

void Queue::wake(const std::string& watched, bool free) {
  const auto found = watchers_.find(watched);
  if (found == watchers_.end()) return;
  for (Kind* kind : found->second) {
    if (free || kind->wary) wake(*kind);
  }
}

void Queue::wake_kind(const std::string& name) {
  if (const auto kind = kinds_.find(name); kind != kinds_.end()) wake(kind->second);
}

std::vector<Queue::Kind*> Queue::take_woken() {
  for (Kind* kind : woken_) kind->woken = false;
  return std::exchange(woken_, {});
}

std::int64_t Queue::level(const Lane& lane, BootTime now, Duration ageing) {
  return lane.priority + std::max<std::int64_t>(0, (now - lane.since) / ageing);
}

std::vector<const Queue::Kind*> Queue::watching(const std::string& watched) const {
  const auto found = watchers_.find(watched);
  if (found == watchers_.end()) return {};
  return {found->second.begin(), found->second.end()};
}

}  // namespace assay::scheduler
