#include "executor/attribution.hpp"

#include <fmt/core.h>

#include "base/text.hpp"

namespace assay::executor {

using abilities::Incident;
using evidence::StepState;

namespace {

constexpr Duration check_within = std::chrono::seconds(5);
constexpr Duration read_within = std::chrono::seconds(10);
constexpr std::uint64_t sample_size = 256;  // bytes, to see whether the flash can be read

Outcome lost(const Run& run, const Fault& fault, const std::string& before) {
  const bool own = fault.role == run.role.name();
  return {
      .state = StepState::lab_error,
      .sentence = fmt::format("the lab lost {} before {}: {}; this says nothing about the product",
                              own ? run.role.board->id() : "the board of role '" + fault.role + "'",
                              before, printable(fault.text)),
      .retry_elsewhere = true};
}

Outcome locked_up(const std::string& text, const std::string& before) {
  return {
      .state = StepState::failed,
      .sentence = fmt::format("the program locked up before {}: {}; this is the product's failure",
                              before, printable(text))};
}

// What happened by itself to this board since it was last actuated.
std::optional<Outcome> by_incident(const Run& run, const std::string& before) {
  for (const auto& incident : run.role.board->incidents()) {
    // Only its own time tells whether it was to go; then it was told at once.
    if (incident.kind == Incident::Kind::port_gone) continue;
    run.interrupts.incident(run.role.name(), incident);
  }
  const auto fault = run.interrupts.fault(run.role.name());
  if (!fault) return std::nullopt;
  return fault->kind == Incident::Kind::gone ? lost(run, *fault, before)
                                             : locked_up(fault->text, before);
}

std::vector<std::string> abilities_of(abilities::Board& board) {
  std::vector<std::string> all;
  if (board.console() != nullptr) all.emplace_back("console");
  if (board.power() != nullptr) all.emplace_back("power");
  if (board.flash() != nullptr) all.emplace_back("flash");
  if (board.reset() != nullptr) all.emplace_back("reset");
  if (board.mux() != nullptr) all.emplace_back("mux");
  return all;
}

// Where no check could prove anything: a byte since the board was started, or a
// flash that can be read, shows that there is a board with power at all.
std::optional<Outcome> lifeless(const Run& run, const Missing& missing) {
  auto& board = *run.role.board;
  const auto silent = run.role.console->silent_since();
  if (!silent) return std::nullopt;
  std::vector<std::string> why;
  why.push_back(board.console() == nullptr ? "it has no console"
                                           : "its console was silent since the " + *silent);
  why.emplace_back(
      board.power() == nullptr
          ? "it has no power switch"
          : "its switch cannot be read back (add status: to its power in the lab file)");
  if (board.flash() == nullptr) {
    why.emplace_back("it has no flasher");
  } else {
    const Wait wait{Deadline::after(run.role.scaled(read_within)), run.wait.stop};
    const auto read =
        board.flash()->read(run.role.order(wait), run.role.profile().flash_base, sample_size);
    if (read && *read) return std::nullopt;
    if (!read && read.error().cause == Cause::cancelled) return interrupted(run, missing.before);
    if (auto known = by_incident(run, missing.before)) return known;
    why.push_back("its flash cannot be read" + (read ? "" : " (" + read.error().text + ")"));
  }
  return Outcome{
      .state = StepState::lab_error,
      .sentence = fmt::format("{}, and nothing shows that {} has power: {}; this says nothing "
                              "about the product",
                              missing.what, board.id(), listed(why)),
      .retry_elsewhere = true};
}

}  // namespace

std::optional<Outcome> trouble(const Run& run, const Missing& missing, bool may_be_off) {
  if (auto known = by_incident(run, missing.before)) return known;
  // What the board said meanwhile may not have been read yet, and a virtual one stood still, too.
  if (run.watch.overslept > stood_still) {
    return Outcome{
        .state = StepState::lab_error,
        .sentence = fmt::format("{}, but the agent stood still and noticed the end of that time {} "
                                "too late; this says nothing about the product",
                                missing.what, human(run.watch.overslept))};
  }

  // The job's deadline may be over: a check has its own time.
  auto& board = *run.role.board;
  const auto all = abilities_of(board);
  bool proven = all.empty() || (may_be_off && run.role.console->is_off());
  for (const auto& ability : all) {
    // One that goes back when its board gets no power may do so.
    if (ability == "mux" && run.role.console->is_off()) continue;
    const Wait wait{Deadline::after(run.role.scaled(check_within)), run.wait.stop};
    const auto checked = board.check(ability, run.role.order(wait));
    if (checked) {
      // A mux answers also when nothing is plugged into it.
      proven = proven || (*checked == abilities::Health::proven && ability != "mux");
      continue;
    }
    auto error = checked.error();
    if (error.cause == Cause::not_found && ability == "console") {
      // A port that goes with the board.
      if (run.role.console->is_off()) continue;
      const Wait back{Deadline::after(port_within), run.wait.stop};
      const auto ready = board.console()->ready(run.role.order(back));
      if (ready) continue;
      error = ready.error();
    }
    if (error.cause == Cause::guest) return locked_up(error.text, missing.before);
    if (error.cause == Cause::cancelled) return interrupted(run, missing.before);
    return Outcome{
        .state = StepState::lab_error,
        .sentence = fmt::format("{}, but the {} of {} is not healthy: {}; this says nothing about "
                                "the product",
                                missing.what, ability, board.id(), error.text),
        .retry_elsewhere = true};
  }
  // What the checks may have brought to light.
  if (auto known = by_incident(run, missing.before)) return known;
  return proven ? std::nullopt : lifeless(run, missing);
}

Outcome attribute(const Run& run, const Missing& missing) {
  if (auto known = trouble(run, missing)) return *std::move(known);
  const auto all = abilities_of(*run.role.board);
  if (all.empty()) {
    return {.state = StepState::lab_error,
            .sentence = fmt::format("{}, and {} has no ability that could be checked", missing.what,
                                    run.role.board->id())};
  }
  return {.state = StepState::failed,
          .sentence = fmt::format("{}; {} {} healthy, so this is the product's failure",
                                  missing.what, listed(all), all.size() == 1 ? "is" : "are")};
}

Outcome from_error(const Run& run, const Error& error, const std::string& doing) {
  switch (error.cause) {
    case Cause::cancelled:
      return interrupted(run, doing + " was done");
    case Cause::guest:
      return {.state = StepState::failed,
              .sentence = fmt::format("{}: {}; this is the product's failure", doing, error.text)};
    case Cause::invalid:
    case Cause::not_found:
      // Another board would say the same.
      return {.state = StepState::lab_error, .sentence = fmt::format("{}: {}", doing, error.text)};
    default:
      // A tool may stumble over what a lockup or a lost machine left behind.
      if (auto known = by_incident(run, doing + " was done")) return *std::move(known);
      return {.state = StepState::lab_error,
              .sentence = fmt::format("{}: {}", doing, error.text),
              .retry_elsewhere = true};
  }
}

Outcome failed_by_never(const Run& run, const NeverSeen& seen) {
  Outcome outcome{
      .state = StepState::failed,
      .sentence = fmt::format("{} must never be seen, but {}'s console said \"{}\" during "
                              "\"{}\"",
                              seen.marker, seen.role, printable(seen.line.text), run.step.text)};
  if (seen.role == run.role.name()) {
    outcome.region = {seen.line.offset, seen.line.end - seen.line.offset};
  }
  return outcome;
}

Outcome interrupted(const Run& run, const std::string& before) {
  if (const auto seen = run.interrupts.never()) return failed_by_never(run, *seen);
  auto known = by_incident(run, before);
  if (known && (known->state == StepState::lab_error || !run.interrupts.stopped())) {
    return *std::move(known);
  }
  // Only the stop is left; its verdict and words are the caller's.
  return {.state = StepState::cancelled, .sentence = "stopped before " + before};
}

}  // namespace assay::executor
