// Storage that a board shares with the agent's machine: whose it is, and writing it.
#include <fmt/core.h>

#include "executor/attribution.hpp"
#include "executor/step.hpp"

namespace assay::executor {

namespace {

using Side = abilities::Mux::Side;

// What a board may take for it, before its type's factor.
constexpr Duration switch_within = std::chrono::seconds(10);
constexpr Duration write_within = std::chrono::minutes(30);

std::string_view whose(Side side) {
  return side == Side::host ? "this machine" : "the board";
}

}  // namespace

Result<> mux_to(RoleState& role, EventSink& sink, Side side, const Wait& wait) {
  auto& mux = *role.board->mux();
  const auto order = role.order(wait);
  TRY(mux.to(order, side));
  const auto reads = TRY(mux.side(order));
  if (reads && *reads != side) {
    return fail(Cause::device, "its mux was switched to {}, but it reads back as switched to {}",
                whose(side), whose(*reads));
  }
  sink.emit(role.name(), role.board->id(),
            evidence::Note{fmt::format("the disk of {} is switched to {} ({})", role.board->id(),
                                       whose(side),
                                       reads ? "read back" : "this mux cannot be read back")});
  return {};
}

Outcome flash_disk(Run& run, const plans::Flash& step, const abilities::FlashJob& job,
                   const std::string& doing) {
  auto& role = run.role;
  const auto& id = role.board->id();
  // A program that runs would write to the disk, too, or lose it under its feet.
  if (role.board->power() == nullptr) return lacks(run, "power");
  const auto off = switch_off(role, run.sink, run.interrupts, run.within(switch_within));
  name_device(run, "power");
  if (!off) return from_error(run, off.error(), "switching " + id + " off");

  const auto here = mux_to(role, run.sink, Side::host, run.within(switch_within));
  name_device(run, "mux");
  if (!here)
    return from_error(run, here.error(),
                      "switching the disk of " + id + " to " + std::string(whose(Side::host)));
  const Duration limit = step.within == Duration::zero() ? write_within : step.within;
  auto order = role.order(run.within(limit));
  order.progress = progress_events(run);
  const auto written = role.board->flash()->write(order, job);
  name_device(run, "flash");
  // Also when it failed: nobody else shall find the disk here. After a stop there is
  // no time for it; the board is off, and being switched on takes the disk along.
  const auto back = mux_to(role, run.sink, Side::dut, run.within(switch_within));
  if (!written) return from_error(run, written.error(), doing);
  if (!back)
    return from_error(run, back.error(),
                      "switching the disk of " + id + " to " + std::string(whose(Side::dut)));
  return {};
}

}  // namespace assay::executor
