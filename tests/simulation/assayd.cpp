#include "assayd.hpp"

#include "agent.hpp"
#include "base/text.hpp"

namespace assay::simulation {

using scheduler::parse_attempt;

Assayd::Assayd(World& world, Checker& checker, const Faults& faults, scheduler::Limits limits,
               AssaydDefect defect)
    : world_(world),
      checker_(checker),
      faults_(faults),
      limits_(limits),
      defect_(defect),
      random_(world.seed(), "assayd"),
      clock_(world),
      standstill_(world) {}

void Assayd::start() {
  if (up()) return;
  if (faults_.on && random_.chance(0.3)) wall_set_ += random_.between(-1h, 1h);
  engine_ =
      dispatch::Engine::load(*store_, limits_, clock_.now(), [this] { return wall(); }).value();
  alarm_ = BootTime{INT64_MAX};
  checker_.acting_since(world_.now());
  (void)group([] { return Result<>(); });
}

std::int64_t Assayd::wall() const {
  static constexpr std::int64_t began = 1'700'000'000'000'000;
  return began + (world_.now() - BootTime{} + wall_set_) / 1us;
}

void Assayd::crash() {
  world_.tell("assayd crashes");
  checker_.acting_since(std::nullopt);
  engine_.reset();
  standstill_.reset();
  for (auto& [name, peer] : peers_) {
    peer.line->break_off();
    peer.agent->line_broke(peer.line, random_.between(0s, 3s));
  }
  peers_.clear();
}

void Assayd::stall(Duration duration, bool clock_too) {
  if (!up()) return;
  // A wall clock is set when a machine wakes up, or by hand at any time.
  if (clock_too && random_.chance(0.5)) wall_set_ += random_.between(-1h, 1h);
  world_.tell("assayd stands still for {}{}", human(duration), clock_too ? ", its clock too" : "");
  standstill_.stop(duration);
  if (clock_too) clock_.freeze(duration);
  checker_.acting_since(standstill_.until());
}

// Fails before the disk or after it, as a full disk and a lost answer do.
Result<> Assayd::commit(const dispatch::Pending& pending) {
  if (pending.batch.empty()) return engine_->commit(pending);
  const bool fails = faults_.on && random_.chance(faults_.store);
  if (fails && random_.chance(0.5)) return fail(Cause::exhausted, "the disk is full");
  auto result = engine_->commit(pending);
  if (result) checker_.stored(pending.batch, world_.now());
  if (result && world_.told()) {
    for (const auto& row : pending.batch.runs)
      world_.note(fmt::format("{} {} {} {}", row.submitted, row.started, row.ended, row.until));
    for (const auto& row : pending.batch.attempts) {
      world_.tell("assayd stores r{}.{}.{} as {} {}", row.run, row.job, row.number, row.state,
                  row.sentence);
    }
  }
  if (fails) return fail(Cause::io, "the answer is lost");
  return result;
}

Assayd::Reply Assayd::group(const std::function<Result<>()>& apply,
                            const std::function<void()>& first) {
  engine_->begin(clock_.now());
  const Result<> good = apply();
  const dispatch::Pending pending = engine_->take(clock_.now());
  // The process may die at any point of it: before the disk has anything, and after.
  const bool dies = faults_.on && !pending.batch.empty() && random_.chance(0.004);
  const auto die = [this] {
    crash();
    world_.after(random_.between(100ms, 20s), [this] { start(); });
    return Reply::later;
  };
  if (dies && random_.chance(0.3)) return die();
  const Result<> outcome = commit(pending);
  if (!outcome) {
    if (defect_ == AssaydDefect::sent_before_commit) send(pending);
    if (defect_ == AssaydDefect::not_reloaded)
      engine_->committed(pending);
    else
      engine_->failed(clock_.now());
    world_.after(1s, [this] {
      if (!postponed([this] { wake(); })) wake();
    });
    return Reply::later;
  }
  engine_->committed(pending);
  if (dies) return die();
  if (first) first();
  send(pending);
  const BootTime due = engine_->core().next_due();
  if (due < alarm_) {
    alarm_ = due;
    clock_.at(due, [this, due] {
      if (alarm_ != due) return;
      alarm_ = BootTime{INT64_MAX};
      if (!postponed([this] { wake(); })) wake();
    });
  }
  return good ? Reply::done : Reply::refused;
}

void Assayd::wake() {
  alarm_ = BootTime{INT64_MAX};
  (void)group([] { return Result<>(); });
}

void Assayd::send(const dispatch::Pending& pending) {
  for (const scheduler::Decision& decision : pending.decisions) {
    if (const auto* assign = std::get_if<scheduler::Assign>(&decision)) {
      const auto peer = peers_.find(assign->agent);
      if (peer == peers_.end()) continue;
      if (world_.told()) {
        std::string boards;
        for (const auto& lease : assign->leases) boards += " " + lease.board;
        world_.tell("assayd assigns {} on{}", to_string(assign->attempt), boards);
      }
      checker_.assigned(*assign, peer->second.agent->boards(), peer->second.agent->at_once());
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

Assayd::Reply Assayd::submit(const dispatch::NewRun& run, std::int64_t* number) {
  if (!up() || standstill_.stopped()) return Reply::later;
  Result<std::int64_t> given = fail(Cause::internal, "not asked");
  const Reply reply = group([&]() -> Result<> {
    dispatch::NewRun asked = run;
    if (defect_ == AssaydDefect::request_ids_ignored) asked.request_id.clear();
    given = engine_->submit(asked);
    if (!given) return tl::unexpected(given.error());
    return {};
  });
  if (defect_ == AssaydDefect::answered_before_commit && given && reply == Reply::later) {
    checker_.accepted(run.request_id, scheduler::run_name(*given));
    return Reply::done;
  }
  if (reply != Reply::done) return reply;
  checker_.accepted(run.request_id, scheduler::run_name(*given));
  *number = *given;
  // The answer itself may be lost: then the client asks again with the same id.
  return faults_.on && random_.chance(0.05) ? Reply::later : Reply::done;
}

Assayd::Reply Assayd::cancel(const std::string& run) {
  if (!up() || standstill_.stopped()) return Reply::later;
  return group([&] { return engine_->cancel(run, "cancelled by a person"); });
}

Assayd::Reply Assayd::extend(const std::string& run, Duration more) {
  if (!up() || standstill_.stopped()) return Reply::later;
  return group([&] { return engine_->extend(run, more); });
}

Assayd::Reply Assayd::release(const std::string& run) {
  if (!up() || standstill_.stopped()) return Reply::later;
  return group([&] { return engine_->release(run, "released"); });
}

Assayd::Reply Assayd::quarantine(const std::string& board, const std::string& why) {
  if (!up() || standstill_.stopped()) return Reply::later;
  return group([&] { return engine_->core().quarantine(board, why, engine_->changes()); });
}

void Assayd::hello(Agent& agent, const std::shared_ptr<Line>& line,
                   const scheduler::AgentFacts& facts) {
  if (up() && postponed([this, &agent, line, facts] {
        if (!line->broken()) hello(agent, line, facts);
      }))
    return;
  const bool good =
      up() && group(
                  [&]() -> Result<> {
                    TRY(engine_->core().hello(facts, clock_.now(), engine_->changes()));
                    peers_[facts.name] = {line, &agent};
                    return {};
                  },
                  [&] {
                    const auto peer = peers_.find(facts.name);
                    if (peer == peers_.end() || peer->second.line != line) return;
                    line->send(Line::to_agent, [&agent, line] { agent.welcomed(line); });
                  }) == Reply::done;
  if (good) return;
  if (up()) lost(facts.name, line);
  line->break_off();
  agent.line_broke(line, 50ms);
}

void Assayd::lost(const std::string& name, const std::shared_ptr<Line>& line) {
  if (postponed([this, name, line] { lost(name, line); })) return;
  const auto peer = peers_.find(name);
  if (peer == peers_.end() || peer->second.line != line) return;
  peers_.erase(peer);
  world_.tell("assayd lost {}", name);
  (void)group([&] { return engine_->core().disconnected(name), Result<>(); });
}

void Assayd::answered(const std::shared_ptr<Line>& line, const std::string& attempt,
                      bool accepted) {
  if (postponed([this, line, attempt, accepted] { answered(line, attempt, accepted); }) ||
      line->broken())
    return;
  world_.tell("assayd hears {} for {}", accepted ? "yes" : "no", attempt);
  (void)group([&] {
    engine_->core().answered(*parse_attempt(attempt), accepted, "busy", clock_.now(),
                             engine_->changes());
    return Result<>();
  });
}

void Assayd::renewed(Agent& agent, const std::shared_ptr<Line>& line, std::uint64_t number,
                     const std::vector<std::string>& attempts) {
  if (postponed([this, &agent, line, number, attempts] { renewed(agent, line, number, attempts); }))
    return;
  const auto peer = peers_.find(agent.name());
  if (peer == peers_.end() || peer->second.line != line) return;
  std::vector<std::string> unknown;
  for (const std::string& attempt : attempts) {
    const auto id = *parse_attempt(attempt);
    if (!engine_->open(id) || !engine_->core().current(id)) unknown.push_back(attempt);
  }
  engine_->core().renewed(agent.name(), attempts, clock_.now(), engine_->changes());
  line->send(Line::to_agent,
             [&agent, line, number, unknown] { agent.renewal_answered(line, number, unknown); });
  (void)group([] { return Result<>(); });
}

void Assayd::board_changed(Agent& agent, const std::shared_ptr<Line>& line,
                           const scheduler::BoardFacts& facts) {
  if (postponed([this, &agent, line, facts] { board_changed(agent, line, facts); })) return;
  const auto peer = peers_.find(agent.name());
  if (peer == peers_.end() || peer->second.line != line) return;
  (void)group([&] {
    engine_->core().board_changed(agent.name(), facts, engine_->changes());
    return Result<>();
  });
}

Assayd::Reply Assayd::ended(const std::string& attempt, scheduler::Outcome outcome) {
  if (!up() || standstill_.stopped()) return Reply::later;
  const auto id = *parse_attempt(attempt);
  const bool lax = limits_.defect == scheduler::Defect::late_result_counted;
  if (!engine_->open(id) && !lax) return Reply::refused;
  const Reply reply = group([&] {
    engine_->core().ended(id, outcome, "the truth", true, clock_.now(), engine_->changes());
    return Result<>();
  });
  if (reply == Reply::later && defect_ != AssaydDefect::ended_before_commit) return Reply::later;
  checker_.acknowledged(attempt);
  return Reply::done;
}

}  // namespace assay::simulation
