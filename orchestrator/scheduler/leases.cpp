#include <algorithm>

#include "base/text.hpp"
#include "scheduler/scheduler.hpp"

namespace assay::scheduler {

void Scheduler::settle(BootTime now, Changes& out) {
  expire(now, out);
  place(now, out);
}

BootTime Scheduler::next_due() const {
  BootTime due{INT64_MAX};
  if (!due_.empty()) due = std::min(due, due_.begin()->first);
  if (!fences_.empty()) due = std::min(due, fences_.begin()->first);
  if (!silences_.empty()) due = std::min(due, silences_.begin()->first);
  return due;
}

void Scheduler::expire(BootTime now, Changes& out) {
  while (!due_.empty() && due_.begin()->first <= now) {
    const AttemptId id = due_.begin()->second;
    const Attempt& attempt = attempts_.at(id);
    const std::string agent = attempt.record.agent;
    if (Run& run = runs_.at(id.job.run); run.record.hold) {
      const std::string length = human(run.record.hold->length);
      end_hold(run, Outcome::passed, fmt::format("the lease ran out after {}", length), now, out);
      continue;
    }
    if (limits_.defect == Defect::expiry_forgotten && attempt.lease_until <= now) {
      due_.erase(due_.begin());
      continue;
    }
    if (attempt.lease_until > now) {
      finish(id, Outcome::lab_error,
             fmt::format("the agent '{}' did not answer the assignment within {}", agent,
                         human(limits_.answer)),
             After::unknown, Retry::elsewhere, now, out);
    } else {
      std::vector<std::string> boards;
      for (const BoardLease& lease : attempt.record.leases) boards.push_back(lease.board);
      finish(id, Outcome::lab_error,
             fmt::format("the agent '{}' was not heard for {}: the lease of {} ran out", agent,
                         human(limits_.lease), join(boards, " and ")),
             After::safe, Retry::anywhere, now, out);
    }
    out.decisions.push_back(Cancel{agent, to_string(id), "its lease has ended"});
  }
  while (!fences_.empty() && fences_.begin()->first <= now)
    unfence(boards_.at(fences_.begin()->second), out);
  while (!silences_.empty() && silences_.begin()->first <= now) {
    Session& session = agents_.at(silences_.begin()->second);
    silences_.erase(silences_.begin());
    session.silent_at.reset();
    // Who waits for one of its boards may take another.
    for (const std::string& id : session.boards) wake(boards_.at(id), false);
  }
}

void Scheduler::unfence(Board& board, Changes& out) {
  fences_.erase({board.fence->until, board.record.facts.id});
  board.fence.reset();
  board.record.fenced_by.clear();
  out.boards.push_back(board.record);
  index(board);
}

}  // namespace assay::scheduler
