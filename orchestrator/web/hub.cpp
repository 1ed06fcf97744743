#include "web/hub.hpp"

#include "scheduler/types.hpp"
#include "web/live_lists.hpp"
#include "web/live_run.hpp"

namespace assay::web {

std::shared_ptr<Hub> Hub::make(LiveSource source, Loop& loop, api::Workers& workers, Duration gap) {
  const std::shared_ptr<Hub> hub(new Hub(std::move(source), loop, workers, gap));
  auto& dispatcher = hub->source_.backend.parts.dispatcher;
  dispatcher.on_run_changed([weak = std::weak_ptr(hub)](const std::string& run) {
    if (const auto self = weak.lock()) self->run_changed(run);
  });
  dispatcher.on_boards_changed([weak = std::weak_ptr(hub)] {
    if (const auto self = weak.lock()) self->boards_changed();
  });
  return hub;
}

void Hub::run_changed(const std::string& run) {
  std::shared_ptr<Feed> now, runs;
  {
    const std::lock_guard lock(mutex_);
    now = now_.lock();
    runs = runs_.lock();
    const auto changed = changed_runs_.lock();
    if (changed) changed->add(run);
  }
  if (now) now->poke();
  if (runs) runs->poke();
}

void Hub::boards_changed() {
  std::shared_ptr<Feed> now;
  {
    const std::lock_guard lock(mutex_);
    now = now_.lock();
  }
  if (now) now->poke();
}

std::unique_ptr<Producer> Hub::producer(const std::string& topic,
                                        const std::shared_ptr<Feed>& feed) {
  if (topic == "now") {
    const std::lock_guard lock(mutex_);
    now_ = feed;
    return std::make_unique<LiveOverview>(source_);
  }
  if (topic == "runs") {
    auto changed = std::make_shared<ChangedRuns>();
    const std::lock_guard lock(mutex_);
    runs_ = feed;
    changed_runs_ = changed;
    return std::make_unique<LiveRuns>(source_, std::move(changed));
  }
  return std::make_unique<LiveRun>(source_, scheduler::parse_run(topic).value_or(0),
                                   [weak = std::weak_ptr(feed)] {
                                     if (const auto self = weak.lock()) self->poke();
                                   });
}

std::unique_ptr<Feed::Seat> Hub::join(const std::string& topic, std::optional<Cursor> after,
                                      LiveReader& reader) {
  std::shared_ptr<Feed> feed = feeds_[topic].lock();
  if (!feed) {
    std::erase_if(feeds_, [](const auto& one) { return one.second.expired(); });
    feed = std::make_shared<Feed>(loop_, workers_, gap_);
    feed->begin(producer(topic, feed));
    feeds_[topic] = feed;
  }
  return std::make_unique<Feed::Seat>(std::move(feed), reader, std::move(after));
}

}  // namespace assay::web
