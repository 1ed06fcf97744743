#include "api/care_book.hpp"

#include "base/text.hpp"

namespace assay::api {

void CareBook::ask_for(Board& board, BootTime at, std::string why) {
  if (board.checking || (board.due && *board.due <= at)) return;
  board.due = at;
  board.why = std::move(why);
}

void CareBook::saw(const std::vector<Seen>& all, BootTime now) {
  for (const Seen& seen : all) {
    Board& board = boards_[seen.board];
    board.profile = seen.profile;
    const bool back = seen.fit && !board.fit && !board.incarnation.empty();
    board.fit = seen.fit;
    board.usable = seen.usable;
    if (seen.incarnation.empty()) continue;
    const bool started = seen.incarnation != board.incarnation;
    board.incarnation = seen.incarnation;
    if (!started && !back) continue;
    const auto health = health_of_(board.profile);
    if (health.plan.empty()) continue;
    if (started && health.at_start) ask_for(board, now, "its agent started");
    if (!started && health.after_lab_error) ask_for(board, now, "it is back");
    if (health.every > Duration::zero())
      ask_for(board, now + health.every, "every " + human(health.every));
  }
}

void CareBook::lab_error(const std::string& id, BootTime now) {
  const auto found = boards_.find(id);
  if (found == boards_.end()) return;
  const auto health = health_of_(found->second.profile);
  if (!health.plan.empty() && health.after_lab_error)
    ask_for(found->second, now, "after a lab error");
}

void CareBook::began(const std::string& id) {
  Board& board = boards_[id];
  board.checking = true;
  board.due.reset();
}

void CareBook::ended(const std::string& id, BootTime now) {
  Board& board = boards_[id];
  board.checking = false;
  const auto health = health_of_(board.profile);
  if (!health.plan.empty() && health.every > Duration::zero())
    ask_for(board, now + health.every, "every " + human(health.every));
}

std::vector<CareBook::Due> CareBook::take_due(BootTime now) {
  std::vector<Due> all;
  for (auto& [id, board] : boards_) {
    if (!board.due || *board.due > now || !board.usable || board.checking) continue;
    board.due.reset();
    const auto health = health_of_(board.profile);
    if (health.plan.empty()) continue;
    board.checking = true;
    all.push_back({id, board.profile, health.plan, board.why});
  }
  return all;
}

std::optional<BootTime> CareBook::next_due() const {
  std::optional<BootTime> next;
  for (const auto& [id, board] : boards_) {
    if (board.due && board.usable && !board.checking && (!next || *board.due < *next))
      next = board.due;
  }
  return next;
}

}  // namespace assay::api
