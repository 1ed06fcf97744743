#include "scheduler/scheduler.hpp"

#include <algorithm>

#include "base/text.hpp"

namespace assay::scheduler {

void Scheduler::load(const Saved& saved, BootTime now) {
  runs_.clear();
  queue_ = {};
  shares_ = {};
  projects_.clear();
  by_agent_.clear();
  under_.clear();
  due_.clear();
  fences_.clear();
  idle_.clear();
  const std::map<AttemptId, Attempt> before = std::exchange(attempts_, {});
  if (before.empty() && agents_.empty()) loaded_ = now;

  for (auto& [id, board] : boards_) {
    board.holder.reset();
    board.lease.reset();
    board.kept_for.reset();
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
  for (const auto& [work, took] : saved.took) history_.add(work, took);
  for (const RunRecord& record : saved.runs) {
    runs_[record.number].record = record;
    if (record.lease != 0) under_[record.lease].insert(record.number);
  }
  for (const AttemptRecord& record : saved.attempts) {
    // Its end is stored with its beginning.
    const auto run = runs_.find(record.id.job.run);
    if (run != runs_.end() && run->second.record.hold && !run->second.record.hold->until)
      run->second.record.hold->until = now;
  }
  std::vector<JobRecord> jobs = saved.jobs;
  std::sort(jobs.begin(), jobs.end(), [](const auto& a, const auto& b) { return a.id < b.id; });
  for (const JobRecord& record : jobs) {
    const auto run = runs_.find(record.id.run);
    if (run == runs_.end()) continue;
    run->second.jobs.push_back({record, {}, {}, nullptr});
    if (record.state != State::ended) shares_.join(share_of(run->second));
  }
  for (const AttemptRecord& record : saved.attempts) {
    if (!runs_.contains(record.id.job.run)) continue;
    Job& owner = job(record.id.job);
    if (record.state == AttemptState::ended) {
      if (record.verdict != Outcome::lab_error) continue;
      for (const BoardLease& lease : record.leases) owner.avoid.insert(lease.board);
      continue;
    }
    Attempt attempt{record, now + limits_.lease, now + limits_.lease, std::nullopt, {}};
    const auto& hold = runs_.at(record.id.job.run).record.hold;
    if (hold) {
      attempt.lease_until = attempt.answer_by = *hold->until;
    } else {
      attempt.look = last_look();
      if (const auto known = before.find(record.id); known != before.end()) {
        attempt.lease_until = known->second.lease_until;
        attempt.answer_by = known->second.answer_by;
      }
    }
    charge(owner, attempt);
    due_.emplace(attempt.due(), record.id);
    owner.current = record.id;
    for (const BoardLease& lease : record.leases) {
      Board& board = boards_[lease.board];
      (hold ? board.lease : board.holder) = record.id;
    }
    if (!hold) by_agent_[record.agent].insert(record.id);
    attempts_.emplace(record.id, std::move(attempt));
  }
  for (auto& [number, run] : runs_) {
    for (Job& waiting : run.jobs) {
      if (waiting.record.state != State::ended && !waiting.current) enqueue(waiting, now);
    }
  }
  for (auto& [id, board] : boards_) index(board);
}

Result<> Scheduler::submit(RunRecord record, std::vector<JobRecord> jobs, BootTime now,
                           Changes& out) {
  if (record.lease != 0) TRY(find_hold(record.lease));
  if (queue_.size() + jobs.size() > limits_.queued) {
    return fail(Cause::exhausted,
                "{} jobs wait, and at most {} may: try again later, or cancel what nobody needs",
                queue_.size(), limits_.queued);
  }
  Run& run = runs_[record.number];
  run.record = std::move(record);
  const std::string share = share_of(run);
  if (const auto load = projects_.find(share);
      jobs.size() + (load == projects_.end() ? 0 : load->second.queued) > limits_.project_queued) {
    runs_.erase(run.record.number);
    return fail(Cause::exhausted,
                "project '{}' has {} jobs waiting, and at most {} may with these {}: wait, cancel "
                "some ('assay runs --project {} --status queued'), or let assayd be started with a "
                "higher --project-queued",
                share, load == projects_.end() ? 0 : load->second.queued, limits_.project_queued,
                jobs.size(), share);
  }
  if (run.record.lease != 0) under_[run.record.lease].insert(run.record.number);
  out.runs.push_back(run.record);
  for (JobRecord& one : jobs) {
    out.jobs.push_back(one);
    run.jobs.push_back({std::move(one), {}, {}, nullptr});
    shares_.join(share);
  }
  for (Job& waiting : run.jobs) enqueue(waiting, now);
  return {};
}

Result<> Scheduler::cancel(std::int64_t number, const std::string& reason, BootTime now,
                           Changes& out) {
  const auto found = runs_.find(number);
  if (found == runs_.end())
    return fail(Cause::not_found, "{}: not waiting and not running", run_name(number));
  Run& run = found->second;
  if (!run.record.cancelling.empty()) return {};
  run.record.cancelling = reason.empty() ? "cancelled" : reason;
  out.runs.push_back(run.record);
  if (run.record.hold) {
    const std::string why = run.record.cancelling;
    end_hold(run, Outcome::cancelled, why, now, out);
    return {};
  }
  if (limits_.defect == Defect::cancel_forgotten) return {};
  // Ending the last job forgets the run: names first.
  std::vector<JobId> waiting;
  std::vector<AttemptId> lost;
  for (const Job& each : run.jobs) {
    if (each.record.state == State::ended) continue;
    if (!each.current) {
      waiting.push_back(each.record.id);
      continue;
    }
    const std::string& agent = attempts_.at(*each.current).record.agent;
    const auto session = agents_.find(agent);
    // After a restart of assayd it may be about to come.
    const bool gone = session == agents_.end()
                          ? now - loaded_.value_or(now) > limits_.lease / 2
                          : !session->second.connected || silent(session->second, now);
    if (gone)
      lost.push_back(*each.current);
    else
      out.decisions.push_back(Cancel{agent, to_string(*each.current), run.record.cancelling});
  }
  const std::string why = run.record.cancelling;
  for (const JobId id : waiting) conclude(job(id), Outcome::cancelled, why, out);
  for (const AttemptId id : lost) give_up(id, why, now, out);
  return {};
}

// Nobody waits for an agent that cannot be reached; its boards do, until it can.
void Scheduler::give_up(AttemptId id, const std::string& why, BootTime now, Changes& out) {
  const AttemptRecord& record = attempts_.at(id).record;
  const std::string sentence = fmt::format(
      "{}; agent '{}' cannot be reached: its boards stay taken "
      "until it says that they are safe",
      why, record.agent);
  finish(id, Outcome::cancelled, sentence,
         record.state == AttemptState::assigned ? After::unknown : After::safe, Retry::uncounted,
         now, out);
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
    BoardView view{
        board.record.facts, board.record.agent, "idle", "", "", board.record.epoch, "", "", {}};
    if (board.lease) {
      const Hold& hold = *runs_.at(board.lease->job.run).record.hold;
      view.lease = run_name(board.lease->job.run);
      view.person = hold.person;
      view.left = std::max(Duration::zero(), *hold.until - now);
    }
    if (board.holder) {
      view.state = "leased";
      view.holder = to_string(*board.holder);
      view.free_in = back_in(board, now);
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
    } else if (board.lease) {
      view.state = "leased";
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
    if (const auto its = by_agent_.find(name); its != by_agent_.end()) {
      for (const AttemptId id : its->second) view.attempts.push_back(to_string(id));
    }
    view.facts.attempts = view.attempts;
    views.push_back(std::move(view));
  }
  return views;
}

}  // namespace assay::scheduler
