#include "cli/lease_feed.hpp"

#include <fmt/core.h>

#include <utility>

namespace assay::cli {

using namespace std::chrono_literals;
static constexpr Duration patience = 60s;  // for an assayd that restarts

LeaseFeed::LeaseFeed(Client& client, v1::LeaseBoardRequest request)
    : client_(client),
      request_(std::move(request)),
      thread_([this](const std::stop_token& stop) { follow(stop); }) {}

LeaseFeed::~LeaseFeed() {
  thread_.request_stop();
}

void LeaseFeed::poke() {
  const std::lock_guard lock(mutex_);
  poked_ = true;
  changed_.notify_all();
}

void LeaseFeed::post(Update update) {
  const std::lock_guard lock(mutex_);
  updates_.push_back(std::move(update));
  changed_.notify_all();
}

std::optional<LeaseFeed::Update> LeaseFeed::next(Deadline until) {
  std::unique_lock lock(mutex_);
  const auto ready = [&] { return poked_ || !updates_.empty(); };
  if (until.is_never()) {
    changed_.wait(lock, ready);
  } else {
    changed_.wait_for(lock, until.left(), ready);
  }
  if (std::exchange(poked_, false) || updates_.empty()) return std::nullopt;
  Update update = std::move(updates_.front());
  updates_.pop_front();
  return update;
}

void LeaseFeed::follow(const std::stop_token& stop) {
  bool heard = false, away = false, ended = false;
  while (true) {
    const auto result = client_.lease_board(request_, stop, [&](v1::PersonLease&& lease) {
      heard = true;
      ended = lease.state() == v1::RUN_STATE_ENDED;
      post({std::move(lease), std::exchange(away, false) ? "assayd is back" : "", {}});
    });
    if (stop.stop_requested() || ended) return;
    const bool may_be_back = result.has_value() || result.error().cause == Cause::unavailable ||
                             result.error().cause == Cause::cancelled;
    if (!may_be_back || !heard) {
      const Error over{Cause::unavailable, fmt::format("assayd at {} ended", client_.server())};
      return post({{}, "", result ? over : result.error()});
    }
    if (!std::exchange(away, true)) {
      post({{},
            fmt::format("lost assayd at {}; waiting up to {} for it", client_.server(),
                        human(patience)),
            {}});
    }
    if (const auto back = client_.wait_back(patience, stop); !back)
      return post({{}, "", back.error()});
  }
}

}  // namespace assay::cli
