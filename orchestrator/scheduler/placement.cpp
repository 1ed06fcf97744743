#include <algorithm>
#include <functional>

#include "scheduler/scheduler.hpp"

namespace assay::scheduler {

static bool has_all(const std::vector<std::string>& have, const std::vector<std::string>& need) {
  return std::all_of(need.begin(), need.end(), [&](const std::string& one) {
    return std::find(have.begin(), have.end(), one) != have.end();
  });
}

// ---- the queue: jobs of one kind wait in order; when the first cannot run, none can -----

void Scheduler::enqueue(Job& job) {
  job.kind.clear();
  const auto add = [&job](char mark, const std::string& word) {
    job.kind.append(1, mark).append(word).append(1, '\0');
  };
  for (const BoardNeed& need : job.record.needs) {
    add('p', need.profile);
    add('b', need.board);
    for (const std::string& ability : need.abilities) add('a', ability);
  }
  for (const std::string& verb : job.record.verbs) add('v', verb);
  for (const std::string& board : job.avoid) add('x', board);
  const std::int32_t priority = runs_.at(job.record.id.run).record.priority;
  waiting_[job.kind].emplace(Order{-priority, job.record.id.run, job.record.id.index},
                             job.record.id);
}

void Scheduler::dequeue(const Job& job) {
  const auto kind = waiting_.find(job.kind);
  if (kind == waiting_.end()) return;
  const std::int32_t priority = runs_.at(job.record.id.run).record.priority;
  kind->second.erase(Order{-priority, job.record.id.run, job.record.id.index});
  if (kind->second.empty()) waiting_.erase(kind);
}

void Scheduler::place(BootTime now, Changes& out) {
  reserved_.clear();
  std::map<Order, std::string> heads;
  for (const auto& [kind, jobs] : waiting_) heads.emplace(jobs.begin()->first, kind);
  while (!heads.empty()) {
    const std::string kind = heads.begin()->second;
    heads.erase(heads.begin());
    Job& next = job(waiting_.at(kind).begin()->second);
    if (const auto boards = find_now(next, now)) {
      dequeue(next);
      begin(next, boards_.at(boards->front()).record.agent, *boards, now, out);
      if (const auto more = waiting_.find(kind); more != waiting_.end()) {
        heads.emplace(more->second.begin()->first, kind);
      }
    } else if (next.record.needs.size() > 1) {
      // Otherwise later jobs with one role would take its boards one by one, for ever.
      const auto kept = find(next, Look::usable, false, now);
      if (kept) reserved_.insert(kept->begin(), kept->end());
    }
  }
}

// ---- boards ------------------------------------------------------------------------------

const Scheduler::Session* Scheduler::session_of(const Board& board) const {
  const auto found = agents_.find(board.record.agent);
  return found == agents_.end() ? nullptr : &found->second;
}

// With its lease free it could be used.
bool Scheduler::usable(const Board& board) const {
  const Session* session = session_of(board);
  return session != nullptr && session->connected && board.announced &&
         board.record.quarantine.empty() && board.record.facts.quarantine.empty();
}

// Brings idle_ up to date after anything about the board changed.
void Scheduler::index(Board& board) {
  const std::string& id = board.record.facts.id;
  if (board.idle) {
    idle_[board.idle_profile].erase(*board.idle);
    board.idle.reset();
  }
  if (!usable(board) || board.holder || board.fence) return;
  if (!board.record.facts.busy.empty() && limits_.defect != Defect::busy_forgotten) return;
  board.idle = Idle{board.last_used, id};
  board.idle_profile = board.record.facts.profile;
  idle_[board.idle_profile].insert(*board.idle);
}

bool Scheduler::fits(const Board& board, const BoardNeed& need) const {
  return board.record.facts.profile == need.profile &&
         (need.board.empty() || need.board == board.record.facts.id) &&
         has_all(board.record.facts.abilities, need.abilities);
}

std::vector<const Scheduler::Board*> Scheduler::candidates(const Job& job, const BoardNeed& need,
                                                           const Session& session, Look look,
                                                           bool avoiding) const {
  std::vector<const Board*> found;
  for (const std::string& id : session.boards) {
    const Board& board = boards_.at(id);
    if (!fits(board, need) || (avoiding && job.avoid.contains(id)) || reserved_.contains(id))
      continue;
    if (look == Look::idle ? board.idle.has_value() : usable(board)) found.push_back(&board);
  }
  std::sort(found.begin(), found.end(), [](const Board* a, const Board* b) {
    return std::make_tuple(!a->idle, a->last_used, a->record.facts.id) <
           std::make_tuple(!b->idle, b->last_used, b->record.facts.id);
  });
  return found;
}

// A board for each role by augmenting paths: a role may take another's board
// when that one finds itself a different one.
std::optional<Scheduler::Placing> Scheduler::match(const Job& job, const Session& session,
                                                   Look look, bool avoiding) const {
  const std::vector<BoardNeed>& needs = job.record.needs;
  std::vector<std::vector<const Board*>> options;
  for (const BoardNeed& need : needs)
    options.push_back(candidates(job, need, session, look, avoiding));
  std::map<const Board*, std::size_t> taken;
  std::set<const Board*> visited;
  const std::function<bool(std::size_t)> seat = [&](std::size_t role) {
    for (const Board* board : options[role]) {
      if (!taken.contains(board)) return taken[board] = role, true;
    }
    for (const Board* board : options[role]) {
      if (!visited.insert(board).second) continue;
      if (!seat(taken.at(board))) continue;
      taken[board] = role;
      return true;
    }
    return false;
  };
  for (std::size_t role = 0; role < needs.size(); ++role) {
    visited.clear();
    if (!seat(role)) return std::nullopt;
  }
  Placing placing(needs.size());
  for (const auto& [board, role] : taken) placing[role] = board->record.facts.id;
  return placing;
}

std::optional<Scheduler::Placing> Scheduler::find(const Job& job, Look look, bool avoiding,
                                                  BootTime now) const {
  std::set<std::string> tried;
  const auto attempt = [&](const std::string& id) -> std::optional<Placing> {
    const Board& board = boards_.at(id);
    if (!tried.insert(board.record.agent).second) return std::nullopt;
    const Session* session = session_of(board);
    if (session == nullptr || !session->connected || silent(*session, now)) return std::nullopt;
    if (!has_all(session->facts.verbs, job.record.verbs)) return std::nullopt;
    return match(job, *session, look, avoiding);
  };
  const BoardNeed& first = job.record.needs.front();
  if (look == Look::idle) {
    const auto idle = idle_.find(first.profile);
    if (idle == idle_.end()) return std::nullopt;
    for (const auto& [used, id] : idle->second) {
      if (auto placing = attempt(id)) return placing;
    }
  } else if (const auto all = by_profile_.find(first.profile); all != by_profile_.end()) {
    for (const std::string& id : all->second) {
      if (auto placing = attempt(id)) return placing;
    }
  }
  return std::nullopt;
}

std::optional<Scheduler::Placing> Scheduler::find_now(const Job& job, BootTime now) const {
  if (auto placing = find(job, Look::idle, true, now)) return placing;
  // Another board than the one with the lab error is worth waiting for, if there is one.
  if (job.avoid.empty() || find(job, Look::usable, true, now)) return std::nullopt;
  return find(job, Look::idle, false, now);
}

}  // namespace assay::scheduler
