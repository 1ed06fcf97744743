#include "executor/attempt.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <atomic>
#include <exception>
#include <mutex>
#include <thread>

#include "executor/attribution.hpp"
#include "executor/step.hpp"

namespace assay::executor {

using evidence::StepState;
using evidence::Verdict;

namespace {

// After a stop the lease may be running out: what `finally` asks for has half of
// the time that there is to make boards safe, switching off what is left of it.
constexpr Duration half_of_safe_state = safe_state_limit / 2;
// And what it writes to a board or asks it, which may be slow or hang, has this: a
// person who cancels waits for it.
constexpr Duration writes_after_stop = std::chrono::milliseconds(500);
constexpr Duration no_deadline = std::chrono::hours(24);

template <class... Actions>
bool is_one_of(const plans::Action& action) {
  return (std::holds_alternative<Actions>(action) || ...);
}

class Attempt {
 public:
  Attempt(const AttemptInputs& inputs, EventSink& sink, std::stop_token stop)
      : inputs_(inputs),
        sink_(sink),
        stopped_at_(stop, [this] { (void)stop_time(); }),
        interrupts_(std::make_shared<Interrupts>(std::move(stop))),
        artifacts_(inputs.spec, inputs.files, inputs.scratch) {}
  ~Attempt() { close(); }
  Attempt(const Attempt&) = delete;
  Attempt& operator=(const Attempt&) = delete;

  AttemptResult run();

 private:
  Result<> prepare();
  void open(RoleState&, std::vector<Matcher> never);
  void run_steps();
  void run_finally();
  void skip_step(std::uint32_t index, const plans::Step&);
  Outcome run_step(std::uint32_t index, const plans::Step&, const Interrupts::Heed&, Deadline);
  void decide(const Outcome&, std::int64_t step);
  // When the stop came, or now where it has only just come.
  BootTime stop_time();
  // Ids of the boards that could not be switched off.
  std::vector<std::string> make_safe();
  void close();

  const AttemptInputs& inputs_;
  EventSink& sink_;
  const BootTime started_ = BootTime::now();
  std::atomic<BootTime> stopped_{};  // when there was a stop
  const std::stop_callback<std::function<void()>> stopped_at_;
  std::shared_ptr<Watch> watch_ = std::make_shared<Watch>();
  std::shared_ptr<Interrupts> interrupts_;
  Artifacts artifacts_;
  std::map<std::string, RoleState> roles_;
  evidence::AttemptEnded end_{Verdict::passed, "", -1, false};
};

Result<> Attempt::prepare() {
  for (const auto& role : inputs_.spec.roles) {
    const auto leased = inputs_.boards.find(role.name);
    if (leased == inputs_.boards.end() || leased->second.board == nullptr) {
      return fail(Cause::internal, "no board was leased for role '{}'", role.name);
    }
    roles_[role.name] = {&role, leased->second.board, leased->second.epoch, nullptr};
  }
  std::vector<Matcher> never;
  for (const auto& marker : inputs_.spec.never) never.push_back(TRY(Matcher::make(marker)));
  for (const auto* steps : {&inputs_.spec.steps, &inputs_.spec.finally}) {
    for (const auto& step : *steps) {
      if (!roles_.contains(step.role)) {
        return fail(Cause::invalid, "{}: the job has no role '{}'", step.place, step.role);
      }
      if (const auto* expect = std::get_if<plans::Expect>(&step.action)) {
        auto matcher = Matcher::make(expect->marker);
        if (!matcher) return tl::unexpected(matcher.error().in(step.place));
      }
    }
  }
  for (auto& [name, role] : roles_) open(role, never);
  return {};
}

void Attempt::open(RoleState& role, std::vector<Matcher> never) {
  auto* console = role.board->console();
  role.console = std::make_shared<ConsoleLog>(
      *watch_, sink_, role.name(), role.board->id(), started_, std::move(never),
      [interrupts = interrupts_, name = role.name()](const plans::Marker& marker,
                                                     const Line& line) {
        interrupts->never_seen({marker.name, name, line});
      },
      [console, epoch = role.epoch](ByteView bytes, const Wait& wait) -> Result<> {
        if (console == nullptr) return fail(Cause::internal, "no console to write to");
        return console->write({epoch, wait}, bytes);
      });
  (void)role.board->incidents();  // of earlier users
  role.board->on_incident([interrupts = interrupts_, name = role.name()](const auto& incident) {
    interrupts->incident(name, incident);
  });
  if (console != nullptr) {
    console->listen(
        [log = role.console](const abilities::ConsoleChunk& chunk) { log->feed(chunk); });
  }
}

void Attempt::close() {
  for (auto& [name, role] : roles_) {
    if (role.console == nullptr) continue;
    if (auto* console = role.board->console()) console->listen(nullptr);
    role.board->on_incident(nullptr);
    role.console->close();
  }
  roles_.clear();
}

Outcome Attempt::run_step(std::uint32_t index, const plans::Step& step,
                          const Interrupts::Heed& heed, Deadline deadline) {
  auto& role = roles_.at(step.role);
  sink_.emit(role.name(), role.board->id(),
             evidence::StepStarted{index, step.id, step.text, step.place});
  Run run{inputs_.spec,
          artifacts_,
          sink_,
          *watch_,
          *interrupts_,
          role,
          index,
          step,
          Wait{deadline, interrupts_->begin_step(heed)},
          role.console->cursor()};
  watch_->overslept = {};
  Outcome outcome;
  try {
    // An operation that ends soon after a stop does not tell of it: without this a
    // row of such steps would go on.
    outcome = heed.stop && interrupts_->stopped()
                  ? interrupted(run, "it began")
                  : std::visit([&](const auto& action) { return executor::run(run, action); },
                               step.action);
  } catch (const std::exception& error) {
    outcome = {.state = StepState::lab_error,
               .sentence = fmt::format("a defect in Assay: {}", error.what())};
  }
  if (const auto seen = interrupts_->never();
      seen && heed.never && outcome.state == StepState::passed) {
    outcome = failed_by_never(run, *seen);
  }
  if (outcome.state == StepState::cancelled && inputs_.stop_reason) {
    auto [verdict, sentence] = inputs_.stop_reason();
    outcome.sentence = std::move(sentence);
    if (verdict == Verdict::lab_error) {
      outcome.state = StepState::lab_error;
      outcome.retry_elsewhere = true;
    }
  }
  if (outcome.region.length == 0 && outcome.state != StepState::passed) {
    outcome.region = role.console->evidence(run.cursor);
  }
  sink_.emit(
      role.name(), role.board->id(),
      evidence::StepEnded{index, outcome.state, outcome.sentence, outcome.findings,
                          outcome.region.offset, outcome.region.length, outcome.already_there});
  return outcome;
}

BootTime Attempt::stop_time() {
  BootTime none{};
  stopped_.compare_exchange_strong(none, BootTime::now());
  return stopped_;
}

void Attempt::decide(const Outcome& outcome, std::int64_t step) {
  const auto verdict = outcome.state == StepState::failed      ? Verdict::failed
                       : outcome.state == StepState::lab_error ? Verdict::lab_error
                                                               : Verdict::cancelled;
  end_ = {verdict, outcome.sentence, step, outcome.retry_elsewhere};
}

void Attempt::run_steps() {
  double factor = 1;
  for (const auto& role : inputs_.spec.roles)
    factor = std::max(factor, role.profile.deadline_factor);
  const Duration limit =
      inputs_.spec.deadline > Duration::zero() ? inputs_.spec.deadline : no_deadline;
  const auto deadline = Deadline::after(
      Duration(static_cast<std::int64_t>(static_cast<double>(limit.count()) * factor)));

  std::uint32_t index = 0;
  for (const auto& step : inputs_.spec.steps) {
    if (end_.verdict == Verdict::passed) {
      Interrupts::Heed heed;
      // An actuation replaces the program: only what watches it minds a lockup.
      const auto& action = step.action;
      if (!is_one_of<plans::Flash, plans::Power, plans::Reset>(action)) heed.guest_of = step.role;
      const auto outcome = run_step(index, step, heed, deadline);
      if (outcome.state != StepState::passed) decide(outcome, index);
    } else {
      skip_step(index, step);
    }
    ++index;
  }
}

void Attempt::skip_step(std::uint32_t index, const plans::Step& step) {
  const auto& role = roles_.at(step.role);
  sink_.emit(role.name(), role.board->id(),
             evidence::StepEnded{index, StepState::skipped, "", {}, 0, 0});
}

void Attempt::run_finally() {
  auto index = static_cast<std::uint32_t>(inputs_.spec.steps.size());
  for (const auto& step : inputs_.spec.finally) {
    // A stop that comes in the middle of a step ends it; what is already known
    // must not keep the boards from being put in order.
    Interrupts::Heed heed{.stop = true, .never = false, .earlier = false};
    auto deadline = Deadline::after(no_deadline);
    if (interrupts_->stopped()) {
      heed.stop = false;
      // What it only looks for or waits for is asked for by nobody any more.
      if (is_one_of<plans::Expect, plans::AssertRunning, plans::Hold, plans::CheckBoard>(
              step.action)) {
        skip_step(index++, step);
        continue;
      }
      const bool switches = is_one_of<plans::Power, plans::Reset>(step.action);
      deadline = Deadline::at(stop_time() + (switches ? half_of_safe_state : writes_after_stop));
    }
    const auto outcome = run_step(index, step, heed, deadline);
    if (outcome.state != StepState::passed && end_.verdict == Verdict::passed)
      decide(outcome, index);
    ++index;
  }
}

std::vector<std::string> Attempt::make_safe() {
  if (inputs_.spec.leave_as_is) return {};
  // All at once: a host that hangs must not keep another board under power.
  auto deadline = Deadline::after(safe_state_limit);
  if (interrupts_->stopped()) {
    // Late only where something was slow to heed the stop.
    deadline = Deadline::at(
        std::max(stop_time() + safe_state_limit, BootTime::now() + half_of_safe_state));
  }
  interrupts_->begin_step({.stop = false, .never = false, .earlier = false});
  std::vector<std::thread> threads;
  std::mutex mutex;
  std::vector<std::string> left_on;
  for (auto& [name, role] : roles_) {
    if (role.board->power() == nullptr) continue;
    threads.emplace_back([this, &role = role, deadline, &mutex, &left_on] {
      const auto off = switch_off(role, sink_, *interrupts_, Wait{deadline, {}});
      if (off) return;
      {
        const std::lock_guard lock(mutex);
        left_on.push_back(role.board->id());
      }
      sink_.emit(role.name(), role.board->id(),
                 evidence::Note{"could not be switched off: " + off.error().text});
    });
  }
  for (auto& thread : threads) thread.join();
  return left_on;
}

AttemptResult Attempt::run() {
  std::vector<std::string> left_on;
  sink_.emit("", "", evidence::AttemptStarted{unix_micros(), inputs_.agent, inputs_.environment});
  const auto ready = prepare();
  if (ready) {
    run_steps();
    run_finally();
    // Between two steps, or while things were put in order.
    if (const auto seen = interrupts_->never(); seen && end_.verdict == Verdict::passed) {
      end_ = {Verdict::failed,
              fmt::format("{} must never be seen, but {}'s console said \"{}\"", seen->marker,
                          seen->role, seen->line.text),
              -1, false};
    }
    left_on = make_safe();
  } else {
    end_ = {Verdict::lab_error, ready.error().text, -1, false};
    std::uint32_t index = 0;
    for (const auto* steps : {&inputs_.spec.steps, &inputs_.spec.finally}) {
      for (std::size_t i = 0; i < steps->size(); ++i) {
        sink_.emit("", "", evidence::StepEnded{index++, StepState::skipped, "", {}, 0, 0});
      }
    }
  }
  close();
  sink_.emit("", "", end_);
  return {end_, std::move(left_on)};
}

}  // namespace

AttemptResult run_attempt(const AttemptInputs& inputs, EventSink& sink, std::stop_token stop) {
  try {
    return Attempt(inputs, sink, std::move(stop)).run();
  } catch (const std::exception& error) {  // out of memory or threads
    const evidence::AttemptEnded end{Verdict::lab_error,
                                     fmt::format("a defect in Assay: {}", error.what()), -1, false};
    sink.emit("", "", end);
    return {end, {}};
  }
}

}  // namespace assay::executor
