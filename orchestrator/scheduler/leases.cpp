#include <algorithm>

#include "base/text.hpp"
#include "scheduler/scheduler.hpp"

namespace assay::scheduler {

// Called so late is standing still: a stopped process, a disk that took its time.
static constexpr Duration stood_still = std::chrono::seconds(1);

void Scheduler::settle(BootTime now, Changes& out) {
  if (const Duration late = now - next_due();
      late > stood_still && limits_.defect != Defect::absence_blamed)
    forgive(late);
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

// What agents said meanwhile may still lie in a buffer. So that nobody is given up for
// assayd's own absence, they get the time back, and some more until all of that is read.
void Scheduler::forgive(Duration late) {
  late += limits_.answer;
  std::set<std::pair<BootTime, AttemptId>> due;
  for (const auto& [at, id] : due_) {
    Attempt& attempt = attempts_.at(id);
    if (!runs_.at(id.job.run).record.hold) {
      attempt.lease_until = attempt.lease_until + late;
      attempt.answer_by = attempt.answer_by + late;
      attempt.look = last_look();
    }
    due.emplace(attempt.due(), id);
  }
  due_ = std::move(due);
  std::set<std::pair<BootTime, std::string>> fences;
  for (const auto& [until, board] : fences_) {
    boards_.at(board).fence->until = until + late;
    fences.emplace(until + late, board);
  }
  fences_ = std::move(fences);
}

// Nobody is given up before assayd has been awake for so long. A machine whose clock stood still
// has nothing to forgive, but what was said to it may still lie in a buffer.
Duration Scheduler::last_look() const {
  return std::min<Duration>(stood_still, limits_.lease / 10);
}

void Scheduler::look(Attempt& attempt, BootTime now) {
  due_.erase({attempt.due(), attempt.record.id});
  const Duration left = attempt.deadline() - now;
  if (left < attempt.look && limits_.defect != Defect::absence_blamed) {
    attempt.answer_by = attempt.answer_by + (attempt.look - left);
    attempt.lease_until = attempt.lease_until + (attempt.look - left);
  }
  attempt.look = Duration::zero();
  due_.emplace(attempt.due(), attempt.record.id);
}

void Scheduler::expire(BootTime now, Changes& out) {
  while (!due_.empty() && due_.begin()->first <= now) {
    const AttemptId id = due_.begin()->second;
    if (Attempt& near = attempts_.at(id); near.look > Duration::zero()) {
      look(near, now);
      continue;
    }
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
    if (attempt.record.state == AttemptState::assigned) {
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
  while (!fences_.empty() && fences_.begin()->first <= now) {
    Board& board = boards_.at(fences_.begin()->second);
    // What was sent to an agent that does not read, it may still take when it does.
    if (may_still_begin(board) && limits_.defect != Defect::fence_by_time_alone)
      refence(board, now + limits_.renew_every * (renewals_of_a_lease() - board.fence->renewals));
    else
      unfence(board, out);
  }
  while (!silences_.empty() && silences_.begin()->first <= now) {
    Session& session = agents_.at(silences_.begin()->second);
    silences_.erase(silences_.begin());
    session.silent_at.reset();
    // Who waits for one of its boards may take another.
    for (const std::string& id : session.boards) wake(boards_.at(id), false);
  }
}

// An agent refuses an assignment when its lease is over, which it counts from sending the last
// renewal, or the hello, whose answer it had read before. It sends renewals no faster than it was
// told; so when so many have come since the assignment was sent, the lease is over by its own
// clock, however long its machine stood still and messages were under way.
int Scheduler::renewals_of_a_lease() const {
  const Duration every = std::max<Duration>(limits_.renew_every, std::chrono::milliseconds(1));
  return static_cast<int>((limits_.lease - Duration(1)) / every) + 2;
}

// The agent of a fenced board, with what was sent to it before. One that has answered says itself
// how long it uses the board (BoardFacts::busy), and so does a hello.
bool Scheduler::may_still_begin(const Board& board) const {
  const Session* session = session_of(board);
  return session != nullptr && session->connected && !board.fence->seen &&
         board.fence->renewals < renewals_of_a_lease();
}

void Scheduler::refence(Board& board, BootTime until) {
  fences_.erase({board.fence->until, board.record.facts.id});
  board.fence->until = until;
  fences_.emplace(until, board.record.facts.id);
}

void Scheduler::unfence(Board& board, Changes& out) {
  fences_.erase({board.fence->until, board.record.facts.id});
  board.fence.reset();
  board.record.fenced_by.clear();
  out.boards.push_back(board.record);
  index(board);
}

}  // namespace assay::scheduler
