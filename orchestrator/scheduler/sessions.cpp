#include "scheduler/scheduler.hpp"

namespace assay::scheduler {

bool Scheduler::silent(const Session& session, BootTime now) const {
  return now - session.heard > limits_.lease / 2;
}

void Scheduler::heard(Session& session, BootTime now) {
  if (session.silent_at) silences_.erase({*session.silent_at, session.facts.name});
  session.heard = now;
  session.silent_at = now + limits_.lease / 2 + std::chrono::nanoseconds(1);
  silences_.emplace(*session.silent_at, session.facts.name);
}

void Scheduler::wake_boards(const Session& session) {
  for (const std::string& id : session.boards) {
    const Board& board = boards_.at(id);
    wake(board, board.idle.has_value());
  }
}

Result<> Scheduler::check_boards(const AgentFacts& facts, BootTime now) const {
  std::set<std::string> seen;
  for (const BoardFacts& board : facts.boards) {
    if (!seen.insert(board.id).second) {
      return fail(
          Cause::invalid,
          "agent '{}': board '{}' is there twice; give each board its own id in the lab file",
          facts.name, board.id);
    }
    const auto known = boards_.find(board.id);
    if (known == boards_.end() || known->second.record.agent == facts.name) continue;
    const Board& other = known->second;
    const Session* owner = session_of(other);
    if (owner != nullptr && owner->connected && other.announced) {
      return fail(Cause::refused,
                  "agent '{}': board '{}' belongs to agent '{}', which is connected; give one of "
                  "the two another id "
                  "in its lab file",
                  facts.name, board.id, other.record.agent);
    }
    if (other.holder || other.fence) {
      const std::string holder = other.holder ? to_string(*other.holder) : other.fence->attempt;
      const BootTime until =
          other.holder ? attempts_.at(*other.holder).lease_until : other.fence->until;
      return fail(Cause::refused,
                  "agent '{}': board '{}' is held through agent '{}' by {}, whose lease runs for "
                  "{} more; try again then",
                  facts.name, board.id, other.record.agent, holder, human(until - now));
    }
  }
  return {};
}

Result<> Scheduler::hello(const AgentFacts& facts, BootTime now, Changes& out) {
  const auto known = agents_.find(facts.name);
  if (known != agents_.end() && known->second.connected &&
      known->second.facts.incarnation != facts.incarnation &&
      now - known->second.heard <= limits_.renew_every * 2) {
    return fail(Cause::refused,
                "agent '{}': another agent of this name is connected and was heard {} ago; end it "
                "or choose another name",
                facts.name, human(now - known->second.heard));
  }
  if (known != agents_.end() && known->second.facts.incarnation == facts.incarnation &&
      known->second.facts.connection > facts.connection) {
    // It lay on a line that the agent has given up: what it lists is not so any more.
    return fail(Cause::refused, "agent '{}': this hello is older than the one before it",
                facts.name);
  }
  if (auto good = check_boards(facts, now); !good) return good;

  Session& session = agents_[facts.name];
  session.facts = facts;
  session.facts.boards.clear();
  session.facts.attempts.clear();
  session.connected = true;
  heard(session, now);

  const std::set<std::string> listed(facts.attempts.begin(), facts.attempts.end());
  settle_attempts(session, listed, now, out);
  settle_fences(session, listed, now, out);

  for (const std::string& id : std::exchange(session.boards, {})) {
    boards_.at(id).announced = false;
    index(boards_.at(id));
  }
  for (const BoardFacts& board : facts.boards) announce(session, board, out);
  return {};
}

void Scheduler::announce(Session& session, const BoardFacts& facts, Changes& out) {
  Board& board = boards_[facts.id];
  const BoardRecord before = board.record;
  if (!before.agent.empty() && before.agent != session.facts.name) {
    if (const auto owner = agents_.find(before.agent); owner != agents_.end())
      owner->second.boards.erase(facts.id);
  }
  if (before.facts.profile != facts.profile) by_profile_[before.facts.profile].erase(facts.id);
  by_profile_[facts.profile].insert(facts.id);
  session.boards.insert(facts.id);
  board.announced = true;
  board.record.facts = facts;
  board.record.agent = session.facts.name;
  board.record.epoch = std::max(before.epoch, facts.epoch);
  BoardFacts as_before = before.facts;
  as_before.busy = facts.busy;  // not stored
  if (!(as_before == facts) || before.agent != board.record.agent ||
      before.epoch != board.record.epoch) {
    out.boards.push_back(board.record);
  }
  index(board);
}

void Scheduler::board_changed(const std::string& agent, const BoardFacts& facts, Changes& out) {
  const auto session = agents_.find(agent);
  // A board that the agent did not bring with its hello is not its to change.
  if (session == agents_.end() || !session->second.boards.contains(facts.id)) return;
  announce(session->second, facts, out);
}

void Scheduler::settle_attempts(const Session& session, const std::set<std::string>& listed,
                                BootTime now, Changes& out) {
  const std::string& name = session.facts.name;
  std::set<std::string> wanted;
  for (const AttemptId id : std::set<AttemptId>(by_agent_[name])) {
    Attempt& attempt = attempts_.at(id);
    if (attempt.record.incarnation != session.facts.incarnation) {
      finish(id, Outcome::lab_error, fmt::format("the agent '{}' restarted", name), After::safe,
             Retry::anywhere, now, out);
    } else if (listed.contains(to_string(id))) {
      wanted.insert(to_string(id));
      accept(attempt, now, out);
      if (const std::string& why = runs_.at(id.job.run).record.cancelling; !why.empty()) {
        out.decisions.push_back(Cancel{name, to_string(id), why});
      }
    } else if (attempt.record.state == AttemptState::assigned) {
      finish(id, Outcome::lab_error, fmt::format("the assignment did not reach agent '{}'", name),
             After::safe, Retry::uncounted, now, out);
    } else {
      finish(id, Outcome::lab_error,
             fmt::format("the agent '{}' has no record of the attempt", name), After::safe,
             Retry::anywhere, now, out);
    }
  }
  for (const std::string& attempt : listed) {
    if (!wanted.contains(attempt))
      out.decisions.push_back(Cancel{name, attempt, "its lease has ended"});
  }
}

void Scheduler::settle_fences(const Session& session, const std::set<std::string>& listed,
                              BootTime now, Changes& out) {
  std::vector<std::string> fenced;
  for (const auto& [until, id] : fences_) {
    if (boards_.at(id).record.agent == session.facts.name) fenced.push_back(id);
  }
  for (const std::string& id : fenced) {
    Board& board = boards_.at(id);
    if (!listed.contains(board.fence->attempt)) {
      unfence(board, out);
      continue;
    }
    // Still there: it was told to stop just now.
    refence(board, now + limits_.lease);
    board.fence->seen = true;
  }
}

void Scheduler::disconnected(const std::string& agent) {
  const auto found = agents_.find(agent);
  if (found == agents_.end()) return;
  found->second.connected = false;
  for (const std::string& id : found->second.boards) {
    Board& board = boards_.at(id);
    if (limits_.defect == Defect::freed_on_disconnect) board.holder.reset();
    index(board);
  }
}

void Scheduler::renewed(const std::string& agent, const std::vector<std::string>& names,
                        BootTime now, Changes& out) {
  const auto found = agents_.find(agent);
  if (found == agents_.end() || !found->second.connected) return;
  Session& session = found->second;
  const bool back = silent(session, now);
  heard(session, now);
  if (back) wake_boards(session);
  const std::set<std::string> listed(names.begin(), names.end());
  for (const std::string& name : listed) {
    const auto id = parse_attempt(name);
    const auto attempt = id ? attempts_.find(*id) : attempts_.end();
    if (attempt == attempts_.end() || attempt->second.record.agent != agent ||
        attempt->second.record.incarnation != session.facts.incarnation) {
      continue;
    }
    accept(attempt->second, now, out);
  }
  for (const std::string& id : session.boards) {
    Board& board = boards_.at(id);
    if (std::string& busy = board.record.facts.busy; !busy.empty() && !listed.contains(busy)) {
      busy.clear();
      index(board);
    }
    if (!board.fence) continue;
    if (listed.contains(board.fence->attempt)) {
      board.fence->seen = true;
    } else if (board.fence->seen) {
      unfence(board, out);
    } else if (++board.fence->renewals == renewals_of_a_lease()) {
      // Not at once: an answer that came before this may still lie in a queue.
      refence(board, now + Duration(1));
    }
  }
}

}  // namespace assay::scheduler
