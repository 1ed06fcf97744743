// What waits, and what a change of a board means for it.
#include <algorithm>

#include "scheduler/scheduler.hpp"

namespace assay::scheduler {

static std::string lease_key(std::int64_t lease) {
  return "l:" + run_name(lease);
}

// Whose turn it uses. A person is a project of one.
std::string Scheduler::share_of(const Run& run) const {
  return run.record.hold ? "person:" + run.record.hold->person : run.record.project;
}

void Scheduler::enqueue(Job& job, BootTime now) {
  const Run& run = runs_.at(job.record.id.run);
  Queue::Entry entry{job.record.id, share_of(run), run.record.priority, "", {}, false};
  const auto add = [&entry](char mark, const std::string& word) {
    entry.kind.append(1, mark).append(word).append(1, '\0');
  };
  for (const BoardNeed& need : job.record.needs) {
    add('p', need.profile);
    add('b', need.board);
    for (const std::string& ability : need.abilities) add('a', ability);
    for (const std::string& tag : need.tags) add('t', tag);
    if (run.record.lease == 0)
      entry.watches.push_back(need.board.empty() ? "p:" + need.profile : "b:" + need.board);
  }
  for (const std::string& verb : job.record.verbs) add('v', verb);
  for (const std::string& board : job.avoid) add('x', board);
  if (run.record.lease != 0) {
    add('l', lease_key(run.record.lease));
    entry.watches = {lease_key(run.record.lease)};
  }
  // A lease needs no verbs of an agent, so it has a kind of its own.
  if (run.record.hold) add('h', "");
  entry.wary = job.record.needs.size() > 1 || !job.avoid.empty();
  job.lane = &queue_.add(entry, now);
  ++projects_[entry.project].queued;
}

void Scheduler::dequeue(Job& job) {
  if (job.lane == nullptr) return;
  Queue::Lane& lane = *std::exchange(job.lane, nullptr);
  const std::string project = lane.project;
  const std::vector<std::string> kept = let_go(*lane.kind);
  Queue::Kind* rest = queue_.remove(lane, job.record.id);
  wake_unkept(kept);
  if (rest != nullptr && rest->wary) queue_.wake(*rest);
  const auto load = projects_.find(project);
  if (--load->second.queued == 0 && load->second.running == 0) projects_.erase(load);
}

// With its lease free it could be used.
bool Scheduler::usable(const Board& board) const {
  const Session* session = session_of(board);
  return session != nullptr && session->connected && board.announced &&
         (limits_.defect == Defect::quarantine_ignored ||
          (board.record.quarantine.empty() && board.record.facts.quarantine.empty()));
}

// After anything about the board changed: idle_ is brought up to date, and who waits for it is
// looked at again.
void Scheduler::index(Board& board) {
  if (board.idle) {
    idle_[board.idle_profile].erase(*board.idle);
    board.idle.reset();
  }
  const bool busy = !board.record.facts.busy.empty() && limits_.defect != Defect::busy_forgotten;
  const bool free = usable(board) && !board.holder && !board.fence && !busy;
  if (free && (!board.lease || limits_.defect == Defect::lease_given_twice)) {
    board.idle = Idle{board.last_used, board.record.facts.id};
    board.idle_profile = board.record.facts.profile;
    idle_[board.idle_profile].insert(*board.idle);
  }
  wake(board, free);
}

void Scheduler::wake(const Board& board, bool free) {
  if (board.lease) queue_.wake(lease_key(board.lease->job.run), free);
  const bool idle = board.idle.has_value();
  queue_.wake("p:" + board.record.facts.profile, idle);
  queue_.wake("b:" + board.record.facts.id, idle);
}

Waiting Scheduler::waiting(std::size_t limit, BootTime now) const {
  Waiting all;
  all.total = queue_.size();
  struct Next {
    const Queue::Lane* lane;
    std::set<JobId>::const_iterator at;
  };
  std::map<std::string, std::int64_t> had;  // as it will be
  const auto order = [&](const Next& next) {
    const auto [known, fresh] = had.try_emplace(next.lane->project);
    if (fresh) known->second = shares_.had(next.lane->project);
    return Queue::Rank{-Queue::level(*next.lane, now, limits_.ageing), known->second, *next.at};
  };
  std::map<Queue::Rank, Next> heads;
  for (const auto& [name, kind] : queue_.kinds()) {
    for (const auto& [key, lane] : kind.lanes) {
      const Next next{&lane, lane.jobs.begin()};
      heads.emplace(order(next), next);
    }
  }
  std::map<const Queue::Kind*, std::string> reasons;  // those of one kind wait for the same
  while (!heads.empty() && all.first.size() < limit) {
    const Queue::Rank stood = heads.begin()->first;
    Next next = heads.begin()->second;
    heads.erase(heads.begin());
    if (const Queue::Rank stands = order(next); stands != stood) {
      heads.emplace(stands, next);
      continue;
    }
    const JobId id = *next.at;
    const Job& job = this->job(id);
    auto [reason, fresh] = reasons.try_emplace(next.lane->kind);
    if (fresh) reason->second = why_waiting(job, now);
    all.first.push_back({id, job.record.needs.front().profile, reason->second});
    had[next.lane->project] +=
        std::chrono::duration_cast<std::chrono::microseconds>(charge_of(job)).count() *
        static_cast<std::int64_t>(job.record.needs.size());
    if (++next.at != next.lane->jobs.end()) heads.emplace(order(next), next);
  }
  return all;
}

}  // namespace assay::scheduler
