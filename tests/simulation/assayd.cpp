#include "assayd.hpp"

#include "agent.hpp"

namespace assay::simulation {

using scheduler::parse_attempt;

Assayd::Assayd(World& world, Checker& checker, const Faults& faults, scheduler::Limits limits)
    : world_(world), checker_(checker), faults_(faults), limits_(limits) {}

void Assayd::start() {
  if (up()) return;
  engine_ = dispatch::Engine::load(*store_, limits_, world_.now()).value();
  alarm_ = BootTime{INT64_MAX};
  group([] { return true; });
}

void Assayd::crash() {
  world_.tell("assayd crashes");
  engine_.reset();
  for (auto& [name, peer] : peers_) {
    peer.line->break_off();
    peer.agent->line_broke(peer.line, world_.between(0s, 3s));
  }
  peers_.clear();
}

// Fails before the disk or after it, as a full disk and a lost answer do.
Result<> Assayd::commit(const dispatch::Pending& pending) {
  if (pending.batch.empty()) return engine_->commit(pending);
  const bool fails = faults_.on && world_.chance(faults_.store);
  if (fails && world_.chance(0.5)) return fail(Cause::exhausted, "the disk is full");
  auto result = engine_->commit(pending);
  if (result) checker_.stored(pending.batch);
  if (result) {
    for (const auto& row : pending.batch.attempts) {
      world_.tell("assayd stores r{}.{}.{} as {} {}", row.run, row.job, row.number, row.state,
                  row.sentence);
    }
  }
  if (fails) return fail(Cause::io, "the answer is lost");
  return result;
}

bool Assayd::group(const std::function<bool()>& apply, const std::function<void()>& first) {
  engine_->begin(world_.now());
  const bool good = apply();
  const dispatch::Pending pending = engine_->take(world_.now());
  const Result<> outcome = commit(pending);
  if (!outcome) {
    engine_->failed(world_.now());
    world_.after(1s, [this] {
      if (up()) wake();
    });
    return false;
  }
  engine_->committed(pending);
  // The process may die between the commit and the first word about it.
  if (faults_.on && !pending.batch.empty() && world_.chance(0.003)) {
    crash();
    world_.after(world_.between(100ms, 20s), [this] { start(); });
    return false;
  }
  if (first) first();
  send(pending);
  const BootTime due = engine_->core().next_due();
  if (due < alarm_) {
    alarm_ = due;
    world_.after(std::max<Duration>(due - world_.now(), 0s), [this, due] {
      if (!up() || alarm_ != due) return;
      alarm_ = BootTime{INT64_MAX};
      wake();
    });
  }
  return good;
}

void Assayd::wake() {
  alarm_ = BootTime{INT64_MAX};
  group([] { return true; });
}

void Assayd::send(const dispatch::Pending& pending) {
  for (const scheduler::Decision& decision : pending.decisions) {
    if (const auto* assign = std::get_if<scheduler::Assign>(&decision)) {
      const auto peer = peers_.find(assign->agent);
      if (peer == peers_.end()) continue;
      std::string boards;
      for (const auto& lease : assign->leases) boards += " " + lease.board;
      world_.tell("assayd assigns {} on{}", to_string(assign->attempt), boards);
      checker_.assigned(*assign, peer->second.agent->boards());
      peer->second.line->send(Line::to_agent, [agent = peer->second.agent, line = peer->second.line,
                                               a = *assign] { agent->assigned(line, a); });
    } else if (const auto* cancel = std::get_if<scheduler::Cancel>(&decision)) {
      const auto peer = peers_.find(cancel->agent);
      if (peer == peers_.end()) continue;
      peer->second.line->send(Line::to_agent, [agent = peer->second.agent, line = peer->second.line,
                                               c = *cancel] { agent->cancelled(line, c.attempt); });
    }
  }
}

bool Assayd::submit(const dispatch::NewRun& run) {
  if (!up()) return false;
  Result<std::int64_t> number = fail(Cause::internal, "not asked");
  if (!group([&] { return (number = engine_->submit(run)).has_value(); })) return false;
  // The answer itself may be lost: then the client asks again with the same id.
  checker_.accepted(run.request_id, scheduler::run_name(*number));
  return !(faults_.on && world_.chance(0.05));
}

void Assayd::cancel(const std::string& run) {
  if (!up()) return;
  group([&] { return engine_->cancel(run, "cancelled by a person").has_value(); });
}

void Assayd::hello(Agent& agent, const std::shared_ptr<Line>& line,
                   const scheduler::AgentFacts& facts) {
  const bool good =
      up() && group(
                  [&] {
                    if (!engine_->core().hello(facts, world_.now(), engine_->changes()))
                      return false;
                    peers_[facts.name] = {line, &agent};
                    return true;
                  },
                  [&] {
                    const auto peer = peers_.find(facts.name);
                    if (peer == peers_.end() || peer->second.line != line) return;
                    line->send(Line::to_agent, [&agent, line] { agent.welcomed(line); });
                  });
  if (good) return;
  if (up()) lost(facts.name, line);
  line->break_off();
  agent.line_broke(line, 50ms);
}

void Assayd::lost(const std::string& name, const std::shared_ptr<Line>& line) {
  const auto peer = peers_.find(name);
  if (!up() || peer == peers_.end() || peer->second.line != line) return;
  peers_.erase(peer);
  world_.tell("assayd lost {}", name);
  group([&] { return engine_->core().disconnected(name), true; });
}

void Assayd::answered(const std::shared_ptr<Line>& line, const std::string& attempt,
                      bool accepted) {
  if (!up() || line->broken()) return;
  world_.tell("assayd hears {} for {}", accepted ? "yes" : "no", attempt);
  group([&] {
    engine_->core().answered(*parse_attempt(attempt), accepted, "busy", world_.now(),
                             engine_->changes());
    return true;
  });
}

void Assayd::renewed(Agent& agent, const std::shared_ptr<Line>& line, std::uint64_t number,
                     const std::vector<std::string>& attempts) {
  const auto peer = peers_.find(agent.name());
  if (!up() || peer == peers_.end() || peer->second.line != line) return;
  std::vector<std::string> unknown;
  for (const std::string& attempt : attempts) {
    const auto id = *parse_attempt(attempt);
    if (!engine_->open(id) || !engine_->core().current(id)) unknown.push_back(attempt);
  }
  engine_->core().renewed(agent.name(), attempts, world_.now(), engine_->changes());
  line->send(Line::to_agent,
             [&agent, line, number, unknown] { agent.renewal_answered(line, number, unknown); });
  group([] { return true; });
}

void Assayd::board_changed(Agent& agent, const std::shared_ptr<Line>& line,
                           const scheduler::BoardFacts& facts) {
  const auto peer = peers_.find(agent.name());
  if (!up() || peer == peers_.end() || peer->second.line != line) return;
  group([&] {
    engine_->core().board_changed(agent.name(), facts, engine_->changes());
    return true;
  });
}

Assayd::Reply Assayd::ended(const std::string& attempt, scheduler::Outcome outcome) {
  if (!up()) return Reply::later;
  const auto id = *parse_attempt(attempt);
  const bool lax = limits_.defect == scheduler::Defect::late_result_counted;
  if (!engine_->open(id) && !lax) return Reply::not_found;
  const bool done = group([&] {
    engine_->core().ended(id, outcome, "the truth", true, world_.now(), engine_->changes());
    return true;
  });
  if (!done) return Reply::later;
  checker_.acknowledged(attempt);
  return Reply::acknowledged;
}

}  // namespace assay::simulation
