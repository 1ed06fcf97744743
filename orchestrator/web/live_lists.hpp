// The live streams of the first page and of the list of runs.
#pragma once

#include <memory>
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
    if (runs_.size() < most) {
      runs_.insert(run);
    } else {
      too_many_ = true;
    }
  }
  // Cause::exhausted: some were not kept; whoever wants to know looks at the list.
  Result<std::set<std::string>> take();

 private:
  // No list shows so many; a flood of submissions must not fill the memory.
  static constexpr std::size_t most = 10'000;
  std::mutex mutex_;
  std::set<std::string> runs_;
  bool too_many_ = false;
};

// "run": a RunChange for each. A reader is told what changed since it came, and
// may be told a little of before.
class LiveRuns final : public Producer {
 public:
  LiveRuns(LiveSource source, std::shared_ptr<ChangedRuns> changed)
      : source_(std::move(source)), changed_(std::move(changed)) {}
  Result<News> news(BootTime now) override;
  Result<std::string> catch_up(Place&) override;
  [[nodiscard]] bool over() const override { return false; }

 private:
  const LiveSource source_;
  const std::shared_ptr<ChangedRuns> changed_;
  std::string before_, told_;  // by the last two news()
};

}  // namespace assay::web
