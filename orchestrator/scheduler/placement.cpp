#include <algorithm>
#include <functional>

#include "scheduler/scheduler.hpp"

namespace assay::scheduler {

static bool has_all(const std::vector<std::string>& have, const std::vector<std::string>& need) {
  return std::all_of(need.begin(), need.end(), [&](const std::string& one) {
    return std::find(have.begin(), have.end(), one) != have.end();
  });
}

// ---- whose turn it is --------------------------------------------------------------------

Queue::Rank Scheduler::rank(const Queue::Lane& lane, BootTime now) const {
  const std::int64_t level = limits_.defect == Defect::ageing_dropped
                                 ? lane.priority
                                 : Queue::level(lane, now, limits_.ageing);
  const std::int64_t had = limits_.defect == Defect::share_dropped ? 0 : shares_.had(lane.project);
  return {-level, had, *lane.jobs.begin()};
}

bool Scheduler::at_limit(const std::string& project) const {
  const auto load = projects_.find(project);
  return limits_.project_running > 0 && load != projects_.end() &&
         load->second.running >= limits_.project_running;
}

// Looks at the kinds for which something changed, and at the first job of each of their
// lanes, best rank first.
void Scheduler::place(BootTime now, Changes& out) {
  std::map<Queue::Rank, Queue::Lane*> turns;
  const auto list = [&](Queue::Lane& lane) {
    if (std::exchange(lane.listed, true)) return;
    turns.emplace(rank(lane, now), &lane);
  };
  for (;;) {
    for (Queue::Kind* kind : queue_.take_woken()) {
      for (auto& [key, lane] : kind->lanes) list(lane);
    }
    if (turns.empty()) return;
    const Queue::Rank stood = turns.begin()->first;
    Queue::Lane& lane = *turns.begin()->second;
    turns.erase(turns.begin());
    lane.listed = false;
    if (lane.kind->blocked) continue;
    if (const Queue::Rank stands = rank(lane, now); stands != stood) {
      list(lane);  // its project has had more since
      continue;
    }
    Job& next = job(*lane.jobs.begin());
    if (runs_.at(next.record.id.run).record.lease == 0 && at_limit(lane.project)) {
      projects_.at(lane.project).held_back.insert(lane.kind->name);
      continue;
    }
    const std::vector<std::string> kept = let_go(*lane.kind);
    const auto boards = find_now(next, now);
    if (!boards) {
      lane.kind->blocked = true;
      if (next.record.needs.size() > 1) keep_boards(next, now);
      wake_unkept(kept);
      continue;
    }
    lane.since = now;
    // What follows it in its lane has its turn like all others.
    Queue::Lane* rest = lane.jobs.size() > 1 ? &lane : nullptr;
    dequeue(next);
    begin(next, boards_.at(boards->front()).record.agent, *boards, now, out);
    wake_unkept(kept);
    if (rest != nullptr) list(*rest);
  }
}

// ---- boards kept for a job with several roles ------------------------------------------------

// Otherwise others would take them one by one, for ever.
void Scheduler::keep_boards(Job& waits, BootTime now) {
  if (limits_.defect == Defect::gang_not_reserved) return;
  const auto kept = find(waits, Look::usable, false, now);
  if (!kept) return;
  BootTime ready = now;
  for (const std::string& id : *kept) {
    const auto back = back_in(boards_.at(id), now);
    ready = std::max(ready, now + (back ? back->low : Duration::zero()));
  }
  Queue::Kind& kind = *waits.lane->kind;
  kind.keeper = waits.record.id;
  for (const std::string& id : *kept) {
    Board& board = boards_.at(id);
    // From one whose turn comes later: it looks for others.
    if (board.kept_for) queue_.wake(*job(*board.kept_for).lane->kind);
    board.kept_for = waits.record.id;
    board.kept_until = ready;
    kind.reserved.push_back(id);
  }
}

std::vector<std::string> Scheduler::let_go(Queue::Kind& kind) {
  for (const std::string& id : kind.reserved) {
    // Another may have taken it over.
    if (auto& kept_for = boards_.at(id).kept_for; kept_for == kind.keeper) kept_for.reset();
  }
  return std::exchange(kind.reserved, {});
}

void Scheduler::wake_unkept(const std::vector<std::string>& boards) {
  for (const std::string& id : boards) {
    const Board& board = boards_.at(id);
    if (board.idle && !board.kept_for) wake(board, true);
  }
}

// Kept boards go to jobs whose turn comes before, and, to be used and not to be kept once more, to
// those that give them back in time.
bool Scheduler::allowed(const Board& board, const Job& job, Look look, BootTime now) const {
  if (!board.kept_for || job.lane == nullptr || *board.kept_for == job.record.id) return true;
  const Job& first = this->job(*board.kept_for);
  if (first.lane == nullptr || rank(*job.lane, now) < rank(*first.lane, now)) return true;
  const auto takes = lasts(job);
  return look == Look::idle && takes && now + takes->high <= board.kept_until;
}

// ---- boards for a job ----------------------------------------------------------------------

const Scheduler::Session* Scheduler::session_of(const Board& board) const {
  const auto found = agents_.find(board.record.agent);
  return found == agents_.end() ? nullptr : &found->second;
}

bool Scheduler::fits(const Board& board, const BoardNeed& need) const {
  return board.record.facts.profile == need.profile &&
         (need.board.empty() || need.board == board.record.facts.id) &&
         has_all(board.record.facts.abilities, need.abilities) &&
         has_all(board.record.facts.tags, need.tags);
}

bool Scheduler::can_have(const Board& board, const Job& job, const BoardNeed& need, Look look,
                         bool avoiding, BootTime now) const {
  if (!fits(board, need) || (avoiding && job.avoid.contains(board.record.facts.id))) return false;
  const std::int64_t lease = runs_.at(job.record.id.run).record.lease;
  if (lease != 0) {
    if (!board.lease || board.lease->job.run != lease || !usable(board)) return false;
    return look == Look::usable ||
           (!board.holder && !board.fence && board.record.facts.busy.empty());
  }
  if (look == Look::idle) return board.idle && allowed(board, job, look, now);
  return usable(board) && allowed(board, job, look, now);
}

bool Scheduler::takes(const Session& session, const Job& job, BootTime now) const {
  if (!session.connected || silent(session, now)) return false;
  if (runs_.at(job.record.id.run).record.hold) return true;
  if (const auto its = by_agent_.find(session.facts.name);
      session.facts.max_attempts > 0 && its != by_agent_.end() &&
      its->second.size() >= session.facts.max_attempts && limits_.defect != Defect::limit_ignored)
    return false;
  return has_all(session.facts.verbs, job.record.verbs);
}

std::vector<const Scheduler::Board*> Scheduler::candidates(const Job& job, const BoardNeed& need,
                                                           const Session& session, Look look,
                                                           bool avoiding, BootTime now) const {
  std::vector<const Board*> found;
  for (const std::string& id : session.boards) {
    const Board& board = boards_.at(id);
    if (can_have(board, job, need, look, avoiding, now)) found.push_back(&board);
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
                                                   Look look, bool avoiding, BootTime now) const {
  const std::vector<BoardNeed>& needs = job.record.needs;
  std::vector<std::vector<const Board*>> options;
  for (const BoardNeed& need : needs)
    options.push_back(candidates(job, need, session, look, avoiding, now));
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

template <class Try>
std::optional<Scheduler::Placing> Scheduler::first_of(const std::string& profile, Look look,
                                                      Try&& attempt) const {
  if (look == Look::idle) {
    const auto idle = idle_.find(profile);
    if (idle == idle_.end()) return std::nullopt;
    for (const auto& [used, id] : idle->second) {
      if (auto placing = attempt(id)) return placing;
    }
  } else if (const auto all = by_profile_.find(profile); all != by_profile_.end()) {
    for (const std::string& id : all->second) {
      if (auto placing = attempt(id)) return placing;
    }
  }
  return std::nullopt;
}

// One role: the first board will do, and no agent's other boards are looked at.
std::optional<Scheduler::Placing> Scheduler::find_one(const Job& job, Look look, bool avoiding,
                                                      BootTime now) const {
  const BoardNeed& need = job.record.needs.front();
  const auto good = [&](const std::string& id) {
    const auto board = boards_.find(id);
    if (board == boards_.end() || !can_have(board->second, job, need, look, avoiding, now))
      return false;
    const Session* session = session_of(board->second);
    return session != nullptr && takes(*session, job, now);
  };
  if (!need.board.empty())
    return good(need.board) ? std::optional(Placing{need.board}) : std::nullopt;
  return first_of(need.profile, look, [&](const std::string& id) {
    return good(id) ? std::optional(Placing{id}) : std::nullopt;
  });
}

std::optional<Scheduler::Placing> Scheduler::find(const Job& job, Look look, bool avoiding,
                                                  BootTime now) const {
  const std::int64_t lease = runs_.at(job.record.id.run).record.lease;
  if (job.record.needs.size() == 1 && lease == 0) return find_one(job, look, avoiding, now);
  std::set<std::string> tried;
  const auto attempt = [&](const std::string& id) -> std::optional<Placing> {
    const Board& board = boards_.at(id);
    if (!tried.insert(board.record.agent).second) return std::nullopt;
    const Session* session = session_of(board);
    if (session == nullptr || !takes(*session, job, now)) return std::nullopt;
    return match(job, *session, look, avoiding, now);
  };
  if (lease != 0) {
    const auto run = runs_.find(lease);
    const Attempt* held = run == runs_.end() ? nullptr : holding(run->second);
    if (held == nullptr) return std::nullopt;
    for (const BoardLease& one : held->record.leases) {
      if (auto placing = attempt(one.board)) return placing;
    }
    return std::nullopt;
  }
  return first_of(job.record.needs.front().profile, look, attempt);
}

std::optional<Scheduler::Placing> Scheduler::find_now(const Job& job, BootTime now) const {
  if (auto placing = find(job, Look::idle, true, now)) return placing;
  // Another board than the one with the lab error is worth waiting for, if there is one.
  if (job.avoid.empty() || find(job, Look::usable, true, now)) return std::nullopt;
  return find(job, Look::idle, false, now);
}

}  // namespace assay::scheduler
