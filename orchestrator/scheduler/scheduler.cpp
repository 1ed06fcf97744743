#include "scheduler/scheduler.hpp"

#include <algorithm>

#include "base/text.hpp"

namespace assay::scheduler {

void Scheduler::load(const Saved& saved, BootTime now) {
  runs_.clear();
  waiting_.clear();
  due_.clear();
  fences_.clear();
  idle_.clear();
  const std::map<AttemptId, Attempt> before = std::exchange(attempts_, {});
  if (before.empty() && agents_.empty()) loaded_ = now;

  for (auto& [id, board] : boards_) {
    board.holder.reset();
    board.fence.reset();
    board.idle.reset();
  }
  for (const BoardRecord& record : saved.boards) {
    Board& board = boards_[record.facts.id];
    const std::uint64_t epoch = std::max(board.record.epoch, record.epoch);
    // A connected agent's own word is newer than the store's.
    if (!board.announced) board.record = record;
    board.record.epoch = epoch;
    board.record.quarantine = record.quarantine;
    board.record.fenced_by = record.fenced_by;
    by_profile_[board.record.facts.profile].insert(record.facts.id);
    if (!record.fenced_by.empty()) {
      board.fence = Fence{record.fenced_by, now + limits_.lease};
      fences_.emplace(board.fence->until, record.facts.id);
    }
  }
  for (const RunRecord& record : saved.runs) runs_[record.number].record = record;
  std::vector<JobRecord> jobs = saved.jobs;
  std::sort(jobs.begin(), jobs.end(), [](const auto& a, const auto& b) { return a.id < b.id; });
  for (const JobRecord& record : jobs) {
    const auto run = runs_.find(record.id.run);
    if (run != runs_.end()) run->second.jobs.push_back({record, {}, {}, {}});
  }
  for (const AttemptRecord& record : saved.attempts) {
    if (!runs_.contains(record.id.job.run)) continue;
    Job& owner = job(record.id.job);
    if (record.state == AttemptState::ended) {
      if (record.verdict != Outcome::lab_error) continue;
      for (const BoardLease& lease : record.leases) owner.avoid.insert(lease.board);
      continue;
    }
    Attempt attempt{record, now + limits_.lease, now + limits_.lease};
    if (const auto known = before.find(record.id); known != before.end()) {
      attempt.lease_until = known->second.lease_until;
      attempt.answer_by = known->second.answer_by;
    }
    due_.emplace(attempt.due(), record.id);
    owner.current = record.id;
    for (const BoardLease& lease : record.leases) boards_[lease.board].holder = record.id;
    attempts_.emplace(record.id, std::move(attempt));
  }
  for (auto& [number, run] : runs_) {
    for (Job& waiting : run.jobs) {
      if (waiting.record.state != State::ended && !waiting.current) enqueue(waiting);
    }
  }
  for (auto& [id, board] : boards_) index(board);
}

void Scheduler::submit(RunRecord record, std::vector<JobRecord> jobs, Changes& out) {
  Run& run = runs_[record.number];
  run.record = std::move(record);
  out.runs.push_back(run.record);
  for (JobRecord& one : jobs) {
    out.jobs.push_back(one);
    run.jobs.push_back({std::move(one), {}, {}, {}});
  }
  for (Job& waiting : run.jobs) enqueue(waiting);
}

Result<> Scheduler::cancel(std::int64_t number, const std::string& reason, Changes& out) {
  const auto found = runs_.find(number);
  if (found == runs_.end())
    return fail(Cause::not_found, "{}: not waiting and not running", run_name(number));
  Run& run = found->second;
  if (!run.record.cancelling.empty()) return {};
  run.record.cancelling = reason.empty() ? "cancelled" : reason;
  out.runs.push_back(run.record);
  // Ending the last job forgets the run: names first.
  std::vector<JobId> waiting;
  for (const Job& each : run.jobs) {
    if (each.record.state == State::ended) continue;
    if (!each.current) {
      waiting.push_back(each.record.id);
    } else {
      const Attempt& attempt = attempts_.at(*each.current);
      out.decisions.push_back(
          Cancel{attempt.record.agent, to_string(attempt.record.id), run.record.cancelling});
    }
  }
  const std::string why = run.record.cancelling;
  for (const JobId id : waiting) conclude(job(id), Outcome::cancelled, why, out);
  return {};
}

Result<> Scheduler::quarantine(const std::string& id, const std::string& reason, Changes& out) {
  const auto found = boards_.find(id);
  if (found == boards_.end()) {
    std::vector<std::string> known;
    for (const auto& [name, board] : boards_) known.push_back(name);
    return fail(Cause::not_found, "no board '{}'{}", id, did_you_mean(id, known));
  }
  Board& board = found->second;
  if (board.record.quarantine == reason) return {};
  board.record.quarantine = reason;
  out.boards.push_back(board.record);
  index(board);
  return {};
}

bool Scheduler::current(AttemptId id) const {
  return attempts_.contains(id);
}

std::vector<BoardView> Scheduler::boards(BootTime now) const {
  std::vector<BoardView> views;
  for (const auto& [id, board] : boards_) {
    BoardView view{board.record.facts, board.record.agent, "idle", "", "", board.record.epoch};
    if (board.holder) {
      view.state = "leased";
      view.holder = to_string(*board.holder);
    } else if (const std::string away = unreachable(board, now); !away.empty()) {
      view.state = "offline";
      view.reason = away;
    } else if (!board.record.quarantine.empty() || !board.record.facts.quarantine.empty()) {
      view.state = "quarantined";
      view.reason =
          board.record.quarantine.empty() ? board.record.facts.quarantine : board.record.quarantine;
    } else if (board.fence) {
      view.state = "leased";
      view.holder = board.fence->attempt;
      view.reason = fmt::format("{} is over, but its lease runs for {} more", board.fence->attempt,
                                human(board.fence->until - now));
    } else if (!board.record.facts.busy.empty()) {
      view.state = "leased";
      view.holder = board.record.facts.busy;
      view.reason = fmt::format("{} is over, but its agent has not made the board safe yet",
                                board.record.facts.busy);
    }
    views.push_back(std::move(view));
  }
  return views;
}

std::vector<AgentView> Scheduler::agents() const {
  std::vector<AgentView> views;
  for (const auto& [name, session] : agents_) {
    AgentView view{session.facts, session.connected, {}};
    for (const std::string& id : session.boards)
      view.facts.boards.push_back(boards_.at(id).record.facts);
    for (const auto& [id, attempt] : attempts_) {
      if (attempt.record.agent == name) view.attempts.push_back(to_string(id));
    }
    view.facts.attempts = view.attempts;
    views.push_back(std::move(view));
  }
  return views;
}

}  // namespace assay::scheduler
