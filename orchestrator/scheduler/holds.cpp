// A person's lease.
#include "scheduler/scheduler.hpp"

namespace assay::scheduler {

void Scheduler::begin_hold(Job& job, const Placing& boards, BootTime now, Changes& out) {
  Run& run = runs_.at(job.record.id.run);
  Attempt attempt;
  attempt.record.id = {job.record.id, ++job.record.attempts};
  attempt.record.state = AttemptState::running;
  attempt.record.started = now;
  run.record.hold->until = now + run.record.hold->length;
  attempt.lease_until = attempt.answer_by = *run.record.hold->until;
  for (std::size_t i = 0; i < boards.size(); ++i) {
    Board& board = boards_.at(boards[i]);
    board.lease = attempt.record.id;
    board.last_used = ++uses_;
    // The person's runs raise the epoch, each for itself.
    attempt.record.leases.push_back({job.record.needs[i].role, boards[i], board.record.epoch});
  }
  charge(job, attempt);
  job.current = attempt.record.id;
  job.record.state = State::running;
  run.record.state = State::running;
  out.jobs.push_back(job.record);
  out.runs.push_back(run.record);
  out.attempts.push_back(attempt.record);
  if (limits_.defect != Defect::lease_endless) due_.emplace(attempt.due(), attempt.record.id);
  attempts_.emplace(attempt.record.id, std::move(attempt));
  for (const std::string& id : boards) index(boards_.at(id));
}

Scheduler::Attempt* Scheduler::holding(const Run& run) {
  return const_cast<Attempt*>(std::as_const(*this).holding(run));
}
const Scheduler::Attempt* Scheduler::holding(const Run& run) const {
  const auto& current = run.jobs.front().current;
  return run.record.hold && current ? &attempts_.at(*current) : nullptr;
}

void Scheduler::end_hold(Run& run, Outcome outcome, const std::string& sentence, BootTime now,
                         Changes& out) {
  Job& job = run.jobs.front();
  if (const Attempt* held = holding(run)) {
    auto node = attempts_.extract(held->record.id);
    Attempt& attempt = node.mapped();
    due_.erase({attempt.due(), attempt.record.id});
    attempt.record.state = AttemptState::ended;
    attempt.record.verdict = outcome;
    attempt.record.sentence = sentence;
    out.attempts.push_back(attempt.record);
    settle_share(attempt, now);
    job.current.reset();
    for (const BoardLease& lease : attempt.record.leases) {
      Board& board = boards_.at(lease.board);
      board.lease.reset();
      index(board);
    }
  }
  const std::int64_t number = run.record.number;
  conclude(job, outcome, sentence, out);
  // The person's runs end with it.
  const auto under = under_.find(number);
  if (under == under_.end()) return;
  const std::string why = fmt::format("the lease {} is over: {}", run_name(number), sentence);
  for (const std::int64_t one : std::set<std::int64_t>(under->second)) {
    (void)cancel(one, why, now, out);
  }
}

Result<Scheduler::Run*> Scheduler::find_hold(std::int64_t number) {
  const auto found = runs_.find(number);
  if (found == runs_.end())
    return fail(Cause::not_found, "{}: not waiting and not running", run_name(number));
  if (!found->second.record.hold) {
    return fail(Cause::refused, "{} is a run, not a lease: 'assay cancel {}' ends it",
                run_name(number), run_name(number));
  }
  return &found->second;
}

Result<> Scheduler::extend(std::int64_t number, Duration more, Changes& out) {
  Run* run = TRY(find_hold(number));
  Hold& hold = *run->record.hold;
  if (hold.length + more > limits_.longest_hold) {
    return fail(Cause::invalid,
                "{} would last {} then, and a lease lasts {} at most: take a new one",
                run_name(number), human(hold.length + more), human(limits_.longest_hold));
  }
  hold.length += more;
  if (Attempt* held = holding(*run)) {
    due_.erase({held->due(), held->record.id});
    hold.until = *hold.until + more;
    held->lease_until = held->answer_by = *hold.until;
    due_.emplace(held->due(), held->record.id);
  }
  out.runs.push_back(run->record);
  return {};
}

Result<> Scheduler::release(std::int64_t number, const std::string& sentence, BootTime now,
                            Changes& out) {
  Run* run = TRY(find_hold(number));
  end_hold(*run, holding(*run) != nullptr ? Outcome::passed : Outcome::cancelled, sentence, now,
           out);
  return {};
}

}  // namespace assay::scheduler
