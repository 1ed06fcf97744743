// Steps that act on the board: power and reset (flash.cpp has the third). Each marks the console's
// cursor before it acts, and none is taken for done because a call returned.
#include <fmt/core.h>

#include "executor/attribution.hpp"
#include "executor/step.hpp"

namespace assay::executor {

namespace {

// What a board may take for it, before its type's factor.
constexpr Duration switch_within = std::chrono::seconds(10);
constexpr Duration reset_within = std::chrono::seconds(10);
// Bytes that were under way when the supply went.
constexpr Duration settle = std::chrono::milliseconds(250);
constexpr Duration quiet = std::chrono::milliseconds(200);
constexpr Duration silent_within = std::chrono::seconds(2);

Result<> cycle(Run& run) {
  TRY(switch_off(run.role, run.sink, run.interrupts, run.within(switch_within)));
  TRY(pass_time(run, run.role.profile().power_off_time));
  return switch_on(run.role, run.sink, run.interrupts, run.within(switch_within), "power cycle");
}

}  // namespace

Result<> switch_on(RoleState& role, EventSink& sink, Interrupts& interrupts, const Wait& wait,
                   const std::string& what) {
  if (const auto offset = role.console->talked_while_off()) {
    return fail(Cause::device,
                "its console went on while the supply was off (at byte {}): the switch does not "
                "cut this board's power",
                *offset);
  }
  // Just before: there are muxes that go back by themselves when their board gets no
  // power within half a second (SDWire).
  auto* mux = role.board->mux();
  if (mux != nullptr) TRY(mux_to(role, sink, abilities::Mux::Side::dut, wait));
  begin_actuation(role, interrupts, what, true);
  role.console->starts(what);
  role.console->powered(true, settle);
  const auto order = role.order(wait);
  TRY(role.board->power()->on(order));
  const auto reads = TRY(role.board->power()->is_on(order));
  if (reads && !*reads) return fail(Cause::device, "switched on, but it reads back off");
  if (mux != nullptr && TRY(mux->side(order)) == abilities::Mux::Side::host) {
    return fail(Cause::device,
                "its mux went back to this machine while it was switched on, so it starts without "
                "its disk: has it power, and fast enough? An SDWire goes back after half a second");
  }
  sink.emit(role.name(), role.board->id(), evidence::PowerEdge{true, reads.has_value()});
  return {};
}

Result<> pass_time(Run& run, Duration d) {
  std::unique_lock lock(run.watch.mutex);
  const auto passed = run.watch.until(lock, run.wait.at_most(d), [] { return false; });
  if (passed.error().cause == Cause::cancelled) return tl::unexpected(passed.error());
  if (run.wait.until.passed()) return fail(Cause::timeout, "the job's deadline has passed");
  return {};
}

void begin_actuation(RoleState& role, Interrupts& interrupts, const std::string& what,
                     bool silent) {
  role.console->mark(what, silent);
  (void)role.board->incidents();  // of the program that is being replaced
  interrupts.forget_lockup(role.name());
  interrupts.port_may_go(role.name(), Deadline::never());
}

void end_actuation(Run& run) {
  if (run.role.console->is_off()) return;
  run.interrupts.port_may_go(run.role.name(), Deadline::after(port_within));
}

void name_device(Run& run, const std::string& ability) {
  const auto said = run.role.board->about(ability, run.role.order(run.within(switch_within)));
  if (!said || said->empty()) return;
  std::string text = fmt::format("{} of {}: {}", ability, run.role.board->id(), *said);
  if (run.role.named[ability] == text) return;
  run.emit(evidence::Note{text});
  run.role.named[ability] = std::move(text);
}

Outcome lacks(const Run& run, const std::string& ability) {
  return {.state = evidence::StepState::lab_error,
          .sentence = fmt::format("{} has no {} ability", run.role.board->id(), ability)};
}

Result<> switch_off(RoleState& role, EventSink& sink, Interrupts& interrupts, const Wait& wait) {
  begin_actuation(role, interrupts, "power off", false);
  const auto order = role.order(wait);
  TRY(role.board->power()->off(order));
  const auto reads = TRY(role.board->power()->is_on(order));
  if (reads && *reads) return fail(Cause::device, "switched off, but it reads back on");
  const bool listens = role.board->console() != nullptr;
  if (!reads && listens) {
    const auto silent = role.console->silence(quiet, wait.at_most(silent_within));
    if (!silent && silent.error().cause == Cause::timeout) {
      return fail(
          Cause::device,
          "switched off, but its console goes on: the switch does not cut this board's power");
    }
    TRY(silent);
  }
  role.console->powered(false, settle);
  sink.emit(role.name(), role.board->id(),
            evidence::PowerEdge{false, reads.has_value() || listens});
  return {};
}

Outcome run(Run& run, const plans::Power& step) {
  if (run.role.board->power() == nullptr) return lacks(run, "power");
  const auto& id = run.role.board->id();
  using To = plans::Power::To;
  Result<> done;
  std::string doing;
  switch (step.to) {
    case To::on:
      doing = "switching " + id + " on";
      done = switch_on(run.role, run.sink, run.interrupts, run.within(switch_within), "power on");
      break;
    case To::off:
      doing = "switching " + id + " off";
      done = switch_off(run.role, run.sink, run.interrupts, run.within(switch_within));
      break;
    case To::cycle:
      doing = "power cycling " + id;
      done = cycle(run);
      break;
  }
  end_actuation(run);
  if (auto* console = run.role.board->console(); done && step.to != To::off && console != nullptr) {
    done = console->ready(run.role.order(run.wait.at_most(port_within)));
  }
  name_device(run, "power");
  return done ? Outcome{} : from_error(run, done.error(), doing);
}

Outcome run(Run& run, const plans::Reset&) {
  auto& role = run.role;
  const auto wait = run.within(reset_within);
  const std::string doing = "resetting " + role.board->id();
  if (role.board->reset() != nullptr) {
    begin_actuation(role, run.interrupts, "reset", false);
    role.console->starts("reset");
    const auto done = role.board->reset()->pulse(role.order(wait));
    name_device(run, "reset");
    if (!done) return from_error(run, done.error(), doing);
  } else if (role.board->console() != nullptr) {  // the program resets itself, asked by SMP
    begin_actuation(role, run.interrupts, "reset by SMP", false);
    const auto done = smp::Client(role.console->smp()).reset(wait);
    if (!done && done.error().cause == Cause::timeout) {
      return attribute(run,
                       {"the program did not answer the reset by SMP", "it answered the reset"});
    }
    if (!done) return from_error(run, done.error(), doing);
  } else {
    return lacks(run, "reset");
  }
  end_actuation(run);
  run.emit(evidence::ResetPulse{});
  return {};
}

}  // namespace assay::executor
