#include "cli/run_feed.hpp"

#include <fmt/core.h>

#include <utility>

#include "wire/run_parts.hpp"

namespace assay::cli {

using namespace std::chrono_literals;
constexpr Duration patience = 60s;  // for an assayd that restarts

RunFeed::RunFeed(Client& client, std::vector<std::string> ids)
    : client_(client), ids_(std::move(ids)), slots_(ids_.size()) {
  for (std::size_t i = 0; i < ids_.size(); ++i) {
    slots_[i].update.index = i;
    threads_.emplace_back([this, i](const std::stop_token& stop) { follow(i, stop); });
  }
}

RunFeed::~RunFeed() {
  for (auto& thread : threads_) thread.request_stop();
}

void RunFeed::poke() {
  const std::lock_guard lock(mutex_);
  poked_ = true;
  changed_.notify_all();
}

void RunFeed::post(std::size_t index, const std::function<void(Update&)>& change) {
  const std::lock_guard lock(mutex_);
  change(slots_[index].update);
  slots_[index].fresh = true;
  changed_.notify_all();
}

std::optional<RunFeed::Update> RunFeed::next(Deadline until) {
  std::unique_lock lock(mutex_);
  const auto ready = [&] {
    if (poked_) return true;
    for (const Slot& slot : slots_) {
      if (slot.fresh) return true;
    }
    return false;
  };
  if (until.is_never()) {
    changed_.wait(lock, ready);
  } else {
    changed_.wait_for(lock, until.left(), ready);
  }
  if (poked_) {
    poked_ = false;
    return std::nullopt;
  }
  for (Slot& slot : slots_) {
    if (!slot.fresh) continue;
    slot.fresh = false;
    auto run = std::exchange(slot.update.run, std::nullopt);  // may be large
    Update update = slot.update;
    update.run = std::move(run);
    slot.update.note.clear();
    return update;
  }
  return std::nullopt;
}

void RunFeed::follow(std::size_t index, const std::stop_token& stop) {
  const std::string& id = ids_[index];
  bool ended = false, heard = false;
  while (!stop.stop_requested()) {
    v1::Run fresh;
    const auto result = client_.watch_run(id, stop, [&](v1::Run&& part, bool more) {
      wire::merge(fresh, std::move(part));
      if (more) return;
      heard = true;
      ended = fresh.state() == v1::RUN_STATE_ENDED;
      post(index, [&](Update& update) {
        if (!update.run) update.run.emplace();
        wire::merge(*update.run, std::exchange(fresh, {}));
        if (update.away) update.note = "assayd is back";
        update.away = false;
        update.ended = ended;
      });
    });
    if (stop.stop_requested() || ended) return;
    // A stream that ends early is an assayd that ends.
    const bool may_be_back = result.has_value() || result.error().cause == Cause::unavailable ||
                             result.error().cause == Cause::cancelled;
    const auto give_up = [&](const Error& error) {
      post(index, [&](Update& update) { update.error = error; });
    };
    if (!may_be_back || !heard) {
      return give_up(
          result ? Error{Cause::unavailable, fmt::format("assayd at {} ended", client_.server())}
                 : result.error());
    }
    post(index, [&](Update& update) {
      update.away = true;
      update.note = fmt::format("lost assayd at {}; waiting up to {} for it", client_.server(),
                                human(patience));
    });
    if (const auto back = client_.wait_back(patience, stop); !back) return give_up(back.error());
  }
}

}  // namespace assay::cli
