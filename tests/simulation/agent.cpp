#include "agent.hpp"

#include <fmt/ranges.h>

#include "assayd.hpp"
#include "base/text.hpp"

namespace assay::simulation {

using scheduler::Outcome;

static const char* word(Outcome outcome) {
  static const char* words[] = {"passed", "failed", "lab-error", "cancelled"};
  return words[static_cast<int>(outcome)];
}

// Parts of a million: what crystals are off by, and more.
static constexpr std::int64_t drift = 300;

Agent::Agent(World& world, Assayd& assayd, Checker& checker, const Faults& faults,
             AgentDefect defect, LabBoards lab, Duration lease)
    : world_(world),
      assayd_(assayd),
      checker_(checker),
      faults_(faults),
      defect_(defect),
      lab_(std::move(lab)),
      lease_(lease),
      random_(world.seed(), lab_.agent),
      clock_(world, 1.0 + static_cast<double>(random_.pick(-drift, drift)) / 1e6),
      standstill_(world) {
  for (const auto& board : lab_.boards) ids_.insert(board.id);
}

void Agent::later(Duration delay, std::function<void()> what) {
  clock_.after(delay, [this, life = incarnation_, what = std::move(what)] {
    if (up_ && incarnation_ == life) what();
  });
}

void Agent::start() {
  if (up_) return;
  // A machine that stands still starts nothing.
  if (clock_.frozen()) return clock_.after(0s, [this] { start(); });
  up_ = true;
  ++incarnation_;
  checker_.silent(name(), std::nullopt);
  if (defect_ == AgentDefect::safe_after_hello)
    later(2s, [this] { make_safe(); });
  else
    make_safe();
  later(random_.between(10ms, 1s), [this] { connect(); });
}

void Agent::crash() {
  world_.tell("{} crashes", name());
  checker_.silent(name(), world_.now());
  checker_.in_order(name(), std::nullopt);
  if (line_) {
    line_->break_off();
    world_.after(random_.between(0s, 2s), [this, line = line_] { assayd_.lost(name(), line); });
  }
  up_ = false;
  standstill_.reset();
  line_.reset();
  renewals_.clear();
  // Its boards go on as they are until somebody makes them safe.
  for (auto& [id, attempt] : attempts_) {
    if (attempt.running) unsafe_[id] = attempt;
    // Its spool is on disk: half of the lives deliver what was left.
    else if (random_.chance(0.5))
      world_.after(random_.between(1s, 10s),
                   [this, name = id, o = attempt.outcome] { deliver(name, o, 0); });
  }
  attempts_.clear();
}

void Agent::make_safe() {
  for (const auto& [id, attempt] : unsafe_) {
    for (const auto& lease : attempt.leases) checker_.leaves(lease.board, id);
  }
  unsafe_.clear();
}

scheduler::BoardFacts Agent::facts(scheduler::BoardFacts facts) const {
  if (const auto epoch = epochs_.find(facts.id); epoch != epochs_.end())
    facts.epoch = epoch->second;
  for (const auto& [id, attempt] : attempts_) {
    for (const auto& lease : attempt.leases) {
      const bool said = defect_ != AgentDefect::busy_unsaid || !attempt.stopping;
      if (attempt.running && said && lease.board == facts.id) facts.busy = id;
    }
  }
  return facts;
}

void Agent::connect() {
  if (line_ || postponed([this] { connect(); })) return;
  ++connection_;
  line_ = std::make_shared<Line>(world_, name(), connection_);
  scheduler::AgentFacts facts{name(), fmt::format("i{}", incarnation_), "1", {"flash"}, {}, {}};
  for (const auto& board : lab_.boards) facts.boards.push_back(this->facts(board));
  for (const auto& [id, attempt] : attempts_) facts.attempts.push_back(id);
  facts.connection = connection_;
  facts.max_attempts = lab_.at_once;
  world_.tell("{} says hello {} with [{}]", name(), connection_, fmt::join(facts.attempts, " "));
  hello_sent_ = clock_.now();
  welcome_ = false;
  renewals_.clear();
  line_->send(Line::to_assayd, [this, line = line_, facts] { assayd_.hello(*this, line, facts); });
  // A hello that nobody answers is given up.
  later(10s, [this, line = line_] {
    if (line == line_ && !welcome_) {
      line->break_off();
      line_broke(line, 0s);
    }
  });
}

void Agent::line_broke(const std::shared_ptr<Line>& line, Duration noticed_after) {
  if (line == line_) checker_.in_order(name(), std::nullopt);
  later(noticed_after, [this, line] {
    if (line != line_) return;
    line_.reset();
    later(random_.between(100ms, 3s), [this] { connect(); });
  });
}

void Agent::break_line(bool one_way) {
  if (!line_) return;
  const auto line = line_;
  if (one_way) {
    const bool down = random_.chance(0.5);
    world_.tell("the line of {} breaks one way, {}", name(), down ? "to it" : "from it");
    line->break_way(down ? Line::to_agent : Line::to_assayd);
    world_.after(random_.between(1s, 50s), [line] { line->break_off(); });
  } else {
    world_.tell("the line of {} breaks", name());
    line->break_off();
  }
  line_broke(line, random_.between(0s, 50s));
  world_.after(random_.between(0s, 60s), [this, line] {
    line->break_off();
    assayd_.lost(name(), line);
  });
}

void Agent::stall(Duration duration, bool clock_too) {
  if (!up_ && !clock_too) return;
  world_.tell("{} stands still for {}{}", name(), human(duration),
              clock_too ? ", its clock too" : "");
  if (up_) standstill_.stop(duration);
  checker_.not_before(name(), standstill_.until());
  if (clock_too) clock_.freeze(duration);
}

void Agent::welcomed(const std::shared_ptr<Line>& line) {
  if (!reads(line) || postponed([this, line] { welcomed(line); })) return;
  welcome_ = true;
  if (line->whole()) checker_.in_order(name(), world_.now());
  lease_from_ = hello_sent_;
  for (auto& [id, attempt] : attempts_) {
    attempt.lease_until = std::max(attempt.lease_until, hello_sent_ + lease_);
  }
  renew(line);
}

void Agent::renew(const std::shared_ptr<Line>& line) {
  if (!reads(line)) return;
  if (postponed([this, line] { renew(line); })) return;
  Renewal& renewal = renewals_[++renewal_];
  renewal.sent = clock_.now();
  for (const auto& [id, attempt] : attempts_) renewal.attempts.push_back(id);
  line->send(Line::to_assayd, [this, line, n = renewal_, names = renewal.attempts] {
    assayd_.renewed(*this, line, n, names);
  });
  later(5s, [this, line] { renew(line); });
}

void Agent::renewal_answered(const std::shared_ptr<Line>& line, std::uint64_t number,
                             const std::vector<std::string>& unknown) {
  if (!reads(line) ||
      postponed([this, line, number, unknown] { renewal_answered(line, number, unknown); }))
    return;
  const auto found = renewals_.find(number);
  if (found == renewals_.end()) return;
  const Renewal renewal = found->second;
  renewals_.erase(renewals_.begin(), std::next(found));
  lease_from_ = renewal.sent;
  const std::set<std::string> given_up(unknown.begin(), unknown.end());
  for (const std::string& id : renewal.attempts) {
    const auto attempt = attempts_.find(id);
    if (attempt == attempts_.end()) continue;
    if (given_up.contains(id))
      stop(id, Outcome::lab_error);
    else
      attempt->second.lease_until = std::max(attempt->second.lease_until, renewal.sent + lease_);
  }
}

void Agent::assigned(const std::shared_ptr<Line>& line, const scheduler::Assign& assign) {
  if (!reads(line) || postponed([this, line, assign] { assigned(line, assign); })) return;
  const std::string id = to_string(assign.attempt);
  const BootTime until = lease_from_ + lease_;
  bool good =
      clock_.now() < until && !attempts_.contains(id) && !(faults_.on && random_.chance(0.02));
  for (const auto& lease : assign.leases) {
    good = good && lease.epoch > epochs_[lease.board];
    for (const auto& [other, attempt] : attempts_) {
      for (const auto& held : attempt.leases)
        good = good && !(attempt.running && held.board == lease.board);
    }
  }
  // Most answers come at once, some after assayd has stopped waiting for them.
  line->send(Line::to_assayd, [this, line, id, good] { assayd_.answered(line, id, good); });
  world_.tell("{} {} {}", name(), good ? "accepts" : "refuses", id);
  if (!good) return;
  Attempt& attempt = attempts_[id];
  attempt.leases = assign.leases;
  attempt.lease_until = until;
  for (const auto& lease : assign.leases) {
    epochs_[lease.board] = lease.epoch;
    checker_.uses(lease.board, id, lease.epoch);
  }
  watch_lease(id, incarnation_);
  Random its(world_.seed(), id);
  const std::int64_t dice = its.pick(1, 100);
  const Outcome outcome = dice <= 70   ? Outcome::passed
                          : dice <= 85 ? Outcome::failed
                                       : Outcome::lab_error;
  const Duration longest = its.chance(0.1) ? 90s : 20s;  // one that hangs
  later(its.between(500ms, longest), [this, id, outcome] { stop(id, outcome); });
}

void Agent::watch_lease(const std::string& id, int life) {
  const auto attempt = attempts_.find(id);
  const auto& it = attempt != attempts_.end() ? attempt->second : unsafe_.at(id);
  clock_.at(it.lease_until, [this, id, life] {
    // Also when the agent is dead: its hosts end with it, or their leases do.
    const auto dead = unsafe_.find(id);
    if (dead != unsafe_.end()) {
      if (dead->second.lease_until > clock_.now()) return watch_lease(id, life);
      for (const auto& lease : dead->second.leases) checker_.leaves(lease.board, id);
      unsafe_.erase(dead);
    }
    const auto alive = attempts_.find(id);
    if (!up_ || life != incarnation_ || alive == attempts_.end() || !alive->second.running) return;
    if (alive->second.stopping) return;
    if (alive->second.lease_until > clock_.now()) return watch_lease(id, life);
    stop(id, Outcome::lab_error);
  });
}

void Agent::stop(const std::string& id, Outcome outcome) {
  if (postponed([this, id, outcome] { stop(id, outcome); })) return;
  const auto attempt = attempts_.find(id);
  if (attempt == attempts_.end() || attempt->second.stopping) return;
  attempt->second.stopping = true;
  world_.tell("{} ends {}: {}", name(), id, word(outcome));
  attempt->second.outcome = outcome;
  checker_.came_to(id, word(outcome));
  // After a lab error its boards are looked after, which nobody waits for with a lease.
  later(random_.between(1ms, outcome == Outcome::lab_error ? 40s : 3s), [this, id] { left(id); });
}

void Agent::left(const std::string& id) {
  if (postponed([this, id] { left(id); })) return;
  Attempt& attempt = attempts_.at(id);
  attempt.running = false;
  world_.tell("{} has made the boards of {} safe", name(), id);
  for (const auto& lease : attempt.leases) {
    checker_.leaves(lease.board, id);
    if (!line_) continue;
    for (const auto& board : lab_.boards) {
      if (board.id != lease.board) continue;
      line_->send(Line::to_assayd, [this, line = line_, facts = facts(board)] {
        assayd_.board_changed(*this, line, facts);
      });
    }
  }
  deliver(id, attempt.outcome, 0);
}

void Agent::cancelled(const std::shared_ptr<Line>& line, const std::string& id) {
  if (!reads(line) || postponed([this, line, id] { cancelled(line, id); })) return;
  if (!attempts_.contains(id)) return;
  later(random_.between(1ms, 1s), [this, id] { stop(id, Outcome::cancelled); });
}

// The attempt's own stream: messages get lost and come twice, until an answer comes.
void Agent::deliver(const std::string& id, Outcome outcome, int tries) {
  world_.after(random_.between(1ms, 200ms), [this, id, outcome, tries] {
    if (!up_ && !attempts_.contains(id) && tries > 20) return;
    Assayd::Reply reply = Assayd::Reply::later;
    const int copies = faults_.on && random_.chance(0.1) ? 2 : 1;
    for (int i = 0; i < copies; ++i) {
      if (!(faults_.on && random_.chance(0.1))) reply = assayd_.ended(id, outcome);
    }
    if (faults_.on && random_.chance(0.1)) reply = Assayd::Reply::later;  // the answer is lost
    if (reply == Assayd::Reply::later) {
      world_.after(random_.between(200ms, 5s),
                   [this, id, outcome, tries] { deliver(id, outcome, tries + 1); });
      return;
    }
    attempts_.erase(id);
  });
}

}  // namespace assay::simulation
