#include "web/live_lists.hpp"

#include <assay/v1/web.pb.h>

#include "api/runs.hpp"
#include "web/event_text.hpp"
#include "wire/json.hpp"

namespace assay::web {

Result<News> LiveOverview::news(BootTime) {
  v1::Overview overview;
  TRY(source_.overview(&overview));
  const auto clock = overview.unix_micros();
  overview.clear_unix_micros();
  std::string now = overview.SerializeAsString();
  if (now == told_ && !text_.empty()) return News{};
  overview.set_unix_micros(clock);
  std::string text;
  add_event(text, "overview", "", TRY(wire::to_json(overview)));
  told_ = std::move(now);
  text_ = std::move(text);
  return News{text_, {}};
}

Result<std::string> LiveOverview::catch_up(Place& place) {
  place.level = true;
  return text_;
}

Result<std::set<std::string>> ChangedRuns::take() {
  const std::lock_guard lock(mutex_);
  auto runs = std::exchange(runs_, {});
  if (std::exchange(too_many_, false))
    return fail(Cause::exhausted, "more than {} runs changed at once", most);
  return runs;
}

Result<News> LiveRuns::news(BootTime) {
  News news;
  for (const std::string& run : TRY(changed_->take())) {
    v1::RunChange change;
    TRY(api::fill_head(source_.backend, TRY(api::run_number(run)), change.mutable_run()));
    add_event(news.text, "run", "", TRY(wire::to_json(change)));
  }
  before_ = std::exchange(told_, news.text);
  return news;
}

// It came before this news(), or while the one before was made.
Result<std::string> LiveRuns::catch_up(Place& place) {
  place.level = true;
  return before_ + told_;
}

}  // namespace assay::web
