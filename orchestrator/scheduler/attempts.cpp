#include <algorithm>

#include "base/statistics.hpp"
#include "scheduler/scheduler.hpp"

namespace assay::scheduler {

static constexpr std::string_view check_verb = "check";

void Scheduler::begin(Job& job, const std::string& agent, Placing boards, BootTime now,
                      Changes& out) {
  if (runs_.at(job.record.id.run).record.hold) return begin_hold(job, boards, now, out);
  if (limits_.defect == Defect::gang_in_parts && boards.size() > 1) boards.pop_back();
  Attempt attempt;
  attempt.record.id = {job.record.id, ++job.record.attempts};
  attempt.record.agent = agent;
  attempt.record.incarnation = agents_.at(agent).facts.incarnation;
  attempt.record.started = now;
  attempt.lease_until = now + limits_.lease;
  attempt.answer_by = now + limits_.answer;
  attempt.look = last_look();
  charge(job, attempt);
  for (std::size_t i = 0; i < boards.size(); ++i) {
    Board& board = boards_.at(boards[i]);
    if (limits_.defect != Defect::epoch_kept) ++board.record.epoch;
    board.holder = attempt.record.id;
    board.last_used = ++uses_;
    index(board);
    attempt.record.leases.push_back({job.record.needs[i].role, boards[i], board.record.epoch});
    out.boards.push_back(board.record);
  }
  job.current = attempt.record.id;
  job.record.state = State::running;
  out.jobs.push_back(job.record);
  Run& run = runs_.at(job.record.id.run);
  if (run.record.state == State::queued) {
    run.record.state = State::running;
    out.runs.push_back(run.record);
  }
  out.attempts.push_back(attempt.record);
  out.decisions.push_back(Assign{agent, attempt.record.id, attempt.record.leases});
  due_.emplace(attempt.due(), attempt.record.id);
  by_agent_[agent].insert(attempt.record.id);
  attempts_.emplace(attempt.record.id, std::move(attempt));
}

// Board time in advance, as far as it is known; settled when it has ended.
void Scheduler::charge(const Job& job, Attempt& attempt) {
  const Run& run = runs_.at(job.record.id.run);
  if (run.record.lease != 0) return;  // its boards were charged with the lease
  attempt.project = share_of(run);
  attempt.charged = charge_of(job);
  shares_.charge(*attempt.project, attempt.charged, job.record.needs.size());
  ++projects_[*attempt.project].running;
}

void Scheduler::settle_share(const Attempt& attempt, BootTime now) {
  if (!attempt.project) return;
  const auto load = projects_.find(*attempt.project);
  shares_.charge(*attempt.project, (now - attempt.record.started) - attempt.charged,
                 attempt.record.leases.size());
  for (const std::string& kind : std::exchange(load->second.held_back, {})) queue_.wake_kind(kind);
  if (--load->second.running == 0 && load->second.queued == 0) projects_.erase(load);
}

void Scheduler::accept(Attempt& attempt, BootTime now, Changes& out) {
  due_.erase({attempt.due(), attempt.record.id});
  attempt.lease_until = now + limits_.lease;
  attempt.look = last_look();
  if (attempt.record.state == AttemptState::assigned) {
    attempt.record.state = AttemptState::running;
    out.attempts.push_back(attempt.record);
    // Until the agent says that it is done with them.
    for (const BoardLease& lease : attempt.record.leases) {
      boards_.at(lease.board).record.facts.busy = to_string(attempt.record.id);
    }
  }
  due_.emplace(attempt.due(), attempt.record.id);
}

void Scheduler::answered(AttemptId id, bool accepted, const std::string& reason, BootTime now,
                         Changes& out) {
  if (const auto found = attempts_.find(id); found != attempts_.end()) {
    if (accepted) return accept(found->second, now, out);
    return finish(id, Outcome::lab_error,
                  fmt::format("the agent '{}' refused the assignment: {}",
                              found->second.record.agent, reason),
                  After::safe, Retry::elsewhere, now, out);
  }
  // Too late: it was given up, and its boards are fenced.
  std::vector<std::string> fenced;
  for (const auto& [until, board] : fences_) {
    if (boards_.at(board).fence->attempt == to_string(id)) fenced.push_back(board);
  }
  for (const std::string& name : fenced) {
    Board& board = boards_.at(name);
    if (!accepted) {
      unfence(board, out);
      continue;
    }
    board.fence->seen = true;
    board.record.facts.busy = to_string(id);
    if (name == fenced.front()) {
      out.decisions.push_back(
          Cancel{board.record.agent, to_string(id), "its answer came too late"});
    }
  }
}

// The agent is done with the attempt's boards, however late that is.
void Scheduler::left_by(AttemptId id) {
  const std::string name = to_string(id);
  const auto leave = [&](Board& board) {
    if (board.record.facts.busy != name) return;
    board.record.facts.busy.clear();
    index(board);
  };
  if (const auto found = attempts_.find(id); found != attempts_.end()) {
    for (const BoardLease& lease : found->second.record.leases) leave(boards_.at(lease.board));
  } else {
    for (auto& [board_id, board] : boards_) leave(board);
  }
}

bool Scheduler::ended(AttemptId id, Outcome outcome, const std::string& sentence,
                      bool retry_elsewhere, BootTime now, Changes& out) {
  left_by(id);
  if (const auto run = runs_.find(id.job.run); run != runs_.end() && run->second.record.hold)
    return false;  // no agent has it
  if (!attempts_.contains(id)) {
    if (limits_.defect != Defect::late_result_counted || !runs_.contains(id.job.run)) return false;
    if (!job(id.job).current) return false;
    id = *job(id.job).current;
  }
  if (limits_.defect == Defect::failure_retried && outcome == Outcome::failed)
    outcome = Outcome::lab_error;
  // Of a job that checks a board a lab error is the answer; and its board may have
  // been set aside for just that, so that a second try would wait for ever.
  const auto& verbs = job(id.job).record.verbs;
  const bool checks = std::find(verbs.begin(), verbs.end(), check_verb) != verbs.end();
  finish(id, outcome, sentence, After::safe,
         checks            ? Retry::never
         : retry_elsewhere ? Retry::elsewhere
                           : Retry::anywhere,
         now, out);
  return true;
}

void Scheduler::finish(AttemptId id, Outcome outcome, const std::string& sentence, After after,
                       Retry retry, BootTime now, Changes& out) {
  const auto node = attempts_.extract(id);
  Attempt attempt = node.mapped();
  due_.erase({attempt.due(), id});
  attempt.record.state = AttemptState::ended;
  attempt.record.verdict = outcome;
  attempt.record.sentence = sentence;
  out.attempts.push_back(attempt.record);
  settle_share(attempt, now);
  by_agent_[attempt.record.agent].erase(id);
  const auto agent = agents_.find(attempt.record.agent);
  BootTime fenced_until = attempt.lease_until;
  if (agent != agents_.end() && agent->second.connected)
    fenced_until = now + limits_.renew_every * renewals_of_a_lease();
  free(attempt.record, after, fenced_until, out);
  // It may have been one too many for its agent, whose other boards are looked at again.
  if (agent != agents_.end() && agent->second.facts.max_attempts > 0) wake_boards(agent->second);

  Job& owner = job(id.job);
  owner.current.reset();
  if (outcome == Outcome::passed || outcome == Outcome::failed)
    history_.add(owner.record.work, now - attempt.record.started);
  const std::string cancelling = runs_.at(id.job.run).record.cancelling;
  if (outcome != Outcome::lab_error) return conclude(owner, outcome, sentence, out);
  if (retry != Retry::uncounted) ++owner.record.lab_errors;
  if (!cancelling.empty()) return conclude(owner, Outcome::cancelled, cancelling, out);
  if (retry == Retry::never ||
      (owner.record.lab_errors > limits_.retries && limits_.defect != Defect::retried_for_ever))
    return conclude(owner, outcome, sentence, out);
  if (retry == Retry::elsewhere) {
    for (const BoardLease& lease : attempt.record.leases) owner.avoid.insert(lease.board);
  }
  owner.record.state = State::queued;
  out.jobs.push_back(owner.record);
  enqueue(owner, now);
}

void Scheduler::free(const AttemptRecord& attempt, After after, BootTime fenced_until,
                     Changes& out) {
  for (const BoardLease& lease : attempt.leases) {
    Board& board = boards_.at(lease.board);
    board.holder.reset();
    if (after == After::unknown && limits_.defect != Defect::fence_forgotten) {
      if (board.fence) fences_.erase({board.fence->until, lease.board});
      board.fence = Fence{to_string(attempt.id), fenced_until};
      board.record.fenced_by = board.fence->attempt;
      fences_.emplace(fenced_until, lease.board);
      out.boards.push_back(board.record);
    }
    index(board);
  }
}

// The last thing a caller does with the job: its run may be over and forgotten.
void Scheduler::conclude(Job& done, Outcome outcome, const std::string& sentence, Changes& out) {
  dequeue(done);
  shares_.leave(share_of(runs_.at(done.record.id.run)));
  done.record.state = State::ended;
  done.record.verdict = outcome;
  done.record.sentence = sentence;
  out.jobs.push_back(done.record);
  Run& run = runs_.at(done.record.id.run);
  for (const Job& each : run.jobs) {
    if (each.record.state != State::ended) return;
  }
  conclude_run(run, out);
}

static std::string_view verdict_word(Outcome outcome) {
  switch (outcome) {
    case Outcome::passed:
      return "passed";
    case Outcome::failed:
      return "failed";
    case Outcome::lab_error:
      return "ended with a lab error";
    case Outcome::cancelled:
      return "were cancelled";
  }
  return "";
}

// Of the same job many times: how often it passes, and how well that is known.
std::string Scheduler::rate(const Run& run) {
  std::uint64_t passed = 0, told = 0;
  const JobRecord& one = run.jobs.front().record;
  for (const Job& each : run.jobs) {
    if (each.record.work != one.work || each.record.needs != one.needs) return "";
    const bool good = each.record.verdict == Outcome::passed;
    passed += good;
    told += good || each.record.verdict == Outcome::failed;
  }
  if (told < 2 || one.work.empty()) return "";
  const Interval within = wilson(passed, told);
  return fmt::format(" (pass rate {:.4g} %, 95 % interval {:.4g} to {:.4g} %)",
                     100.0 * static_cast<double>(passed) / static_cast<double>(told),
                     100 * within.low, 100 * within.high);
}

void Scheduler::conclude_run(Run& run, Changes& out) {
  // Failed over lab-error over cancelled over passed.
  Outcome verdict = Outcome::passed;
  for (const Outcome worse : {Outcome::cancelled, Outcome::lab_error, Outcome::failed}) {
    for (const Job& each : run.jobs) {
      if (each.record.verdict == worse) verdict = worse;
    }
  }
  std::size_t count = 0;
  const Job* first = nullptr;
  for (const Job& each : run.jobs) {
    if (each.record.verdict != verdict) continue;
    ++count;
    if (first == nullptr) first = &each;
  }
  run.record.state = State::ended;
  run.record.verdict = verdict;
  if (run.jobs.size() == 1) {
    run.record.sentence = first->record.sentence;
  } else if (verdict == Outcome::passed) {
    run.record.sentence = fmt::format("all {} jobs passed{}", count, rate(run));
  } else {
    run.record.sentence =
        fmt::format("{} of {} jobs {}{}; {}: {}", count, run.jobs.size(), verdict_word(verdict),
                    rate(run), to_string(first->record.id), first->record.sentence);
  }
  out.runs.push_back(run.record);
  if (const auto lease = under_.find(run.record.lease); lease != under_.end()) {
    lease->second.erase(run.record.number);
    if (lease->second.empty()) under_.erase(lease);
  }
  runs_.erase(run.record.number);
}

}  // namespace assay::scheduler
