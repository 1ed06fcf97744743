#include "cli/follow.hpp"

#include <fmt/core.h>

#include <algorithm>

#include "base/clock.hpp"
#include "cli/run_feed.hpp"
#include "cli/run_view.hpp"
#include "cli/words.hpp"
#include "wire/run_parts.hpp"

namespace assay::cli {
namespace {

using namespace std::chrono_literals;
constexpr Duration redraw = 200ms;      // for the clocks that are shown
constexpr Duration ask_why_after = 2s;  // a run that waits that long has a reason

class Follower {
 public:
  Follower(Client& client, const std::vector<std::string>& ids, Interrupts& interrupts,
           const FollowOptions& options)
      : client_(client),
        ids_(ids),
        stop_(interrupts.token()),
        options_(options),
        terminal_(terminal_of(options.out)),
        area_(options.out),
        feed_(client, ids) {
    view_.runs.resize(ids.size());
    open_ = ids.size();
  }

  Result<std::vector<v1::Run>> run() {
    const std::stop_callback wake(stop_, [this] { feed_.poke(); });
    while (open_ > 0) {
      auto update = feed_.next(until());
      if (stop_.stop_requested() && !interrupted_) {
        interrupted_ = true;
        if (!options_.cancel)
          return fail(Cause::cancelled, "left; {} on",
                      ids_.size() == 1 ? "the run goes" : "the runs go");
        cancel();
      }
      if (update) TRY(take(*update));
      if (ask_why_ && why_at_.passed()) why();
      draw();
    }
    view_.notes.clear();
    draw();
    area_.keep();
    return std::move(view_.runs);
  }

 private:
  [[nodiscard]] Deadline until() const {
    Deadline until = terminal_.live ? Deadline::after(redraw) : Deadline::never();
    return ask_why_ ? until.sooner(why_at_) : until;
  }

  Result<> take(RunFeed::Update& update) {
    if (!update.note.empty()) note(update.note);
    if (update.error) {
      if (update.error->cause == Cause::not_found && terminal_.live) area_.clear();
      return tl::unexpected(*update.error);
    }
    if (!update.run) return {};
    v1::Run& known = view_.runs[update.index];
    if (!terminal_.live) print(options_.out, changes(known, *update.run));
    const bool had_ended = known.state() == v1::RUN_STATE_ENDED;
    wire::merge(known, std::move(*update.run));
    if (update.ended && !had_ended) --open_;
    if (update.note.empty() && terminal_.live && !interrupted_) view_.notes.clear();
    if (waits(known) && !ask_why_) why_at_ = Deadline::after(ask_why_after);
    ask_why_ = std::any_of(view_.runs.begin(), view_.runs.end(), waits);
    return {};
  }

  // A log says it once, a terminal shows it until something happens.
  void note(const std::string& text) {
    if (terminal_.live) {
      view_.notes = {text};
    } else if (text != last_note_) {
      print(options_.out, Line{{text, Tone::warn}});
    }
    last_note_ = text;
  }

  void why() {
    ask_why_ = true;
    why_at_ = Deadline::after(10 * ask_why_after);
    for (const v1::Run& run : view_.runs) {
      if (!waits(run)) continue;
      const auto answer = client_.why_run(run.id());
      if (!answer || answer->jobs().empty()) continue;
      note(fmt::format("{} {}", answer->jobs(0).job(), answer->jobs(0).reason()));
    }
  }

  void cancel() {
    for (std::size_t i = 0; i < ids_.size(); ++i) {
      if (view_.runs[i].state() == v1::RUN_STATE_ENDED) continue;
      const auto cancelled = client_.cancel_run(ids_[i], "Ctrl-C");
      note(cancelled ? fmt::format("cancelling {}; Ctrl-C again leaves at once", ids_[i])
                     : cancelled.error().text);
    }
  }

  void draw() {
    if (!terminal_.live) return;
    terminal_ = terminal_of(options_.out);
    view_.now_micros = unix_micros();
    view_.height = terminal_.height;
    area_.draw(live_lines(view_), terminal_);
  }

  Client& client_;
  const std::vector<std::string>& ids_;
  std::stop_token stop_;
  FollowOptions options_;
  Terminal terminal_;
  LiveArea area_;
  LiveView view_;
  std::string last_note_;
  std::size_t open_ = 0;
  bool interrupted_ = false, ask_why_ = false;
  Deadline why_at_ = Deadline::never();
  RunFeed feed_;  // last: its threads end first
};

}  // namespace

Result<std::vector<v1::Run>> follow_runs(Client& client, const std::vector<std::string>& ids,
                                         Interrupts& interrupts, const FollowOptions& options) {
  return Follower(client, ids, interrupts, options).run();
}

}  // namespace assay::cli
