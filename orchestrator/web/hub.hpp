// All live streams: one Feed per topic that has readers. On the loop, but for the
// notifications that it gets from the dispatcher.
#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>

#include "web/feed.hpp"
#include "web/live_source.hpp"

namespace assay::web {

class Hub : public std::enable_shared_from_this<Hub> {
 public:
  // Ready to be told by the dispatcher of `source` for as long as it lives.
  static std::shared_ptr<Hub> make(LiveSource, Loop&, api::Workers&, Duration gap);

  // `topic`: "now", "runs" or the id of a run that exists.
  std::unique_ptr<Feed::Seat> join(const std::string& topic, std::optional<Cursor> after,
                                   LiveReader&);

 private:
  Hub(LiveSource source, Loop& loop, api::Workers& workers, Duration gap)
      : source_(std::move(source)), loop_(loop), workers_(workers), gap_(gap) {}
  std::unique_ptr<Producer> producer(const std::string& topic, const std::shared_ptr<Feed>&);
  void run_changed(const std::string& run);
  void boards_changed();

  const LiveSource source_;
  Loop& loop_;
  api::Workers& workers_;
  const Duration gap_;
  std::unordered_map<std::string, std::weak_ptr<Feed>> feeds_;

  // What the dispatcher's thread needs. Guarded by mutex_.
  std::mutex mutex_;
  std::weak_ptr<Feed> now_, runs_;
  std::weak_ptr<class ChangedRuns> changed_runs_;
};

}  // namespace assay::web
