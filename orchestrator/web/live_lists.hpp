// The live streams of the first page and of the list of runs.
#pragma once

#include <mutex>
#include <set>
#include <string>

#include "web/live_source.hpp"
#include "web/producer.hpp"

namespace assay::web {

// "overview", whole, whenever something of it has changed.
class LiveOverview final : public Producer {
 public:
  explicit LiveOverview(LiveSource source) : source_(std::move(source)) {}
  Result<News> news(BootTime now) override;
  Result<std::string> catch_up(Place&) override;
  [[nodiscard]] bool over() const override { return false; }

 private:
  const LiveSource source_;
  std::string told_;  // serialised, without its clock
  std::string text_;  // as an event
};

// Runs that changed and were not told yet. Thread-safe.
class ChangedRuns {
 public:
  void add(const std::string& run) {
    const std::lock_guard lock(mutex_);
    if (runs_.size() < most) runs_.insert(run);
  }
  std::set<std::string> take() {
    const std::lock_guard lock(mutex_);
    return std::exchange(runs_, {});
  }

 private:
  // No list shows so many; a flood of submissions must not fill the memory.
  static constexpr std::size_t most = 10'000;
  std::mutex mutex_;
  std::set<std::string> runs_;
};

// "run": a RunChange for each.
class LiveRuns final : public Producer {
 public:
  LiveRuns(LiveSource source, std::shared_ptr<ChangedRuns> changed)
      : source_(std::move(source)), changed_(std::move(changed)) {}
  Result<News> news(BootTime now) override;
  Result<std::string> catch_up(Place& place) override {
    place.level = true;
    return std::string();
  }
  [[nodiscard]] bool over() const override { return false; }

 private:
  const LiveSource source_;
  const std::shared_ptr<ChangedRuns> changed_;
};

}  // namespace assay::web
