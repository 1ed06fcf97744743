// What a step has at hand and what it comes to. Not thread-safe: all of it
// belongs to the attempt's thread.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "executor/artifacts.hpp"
#include "executor/attempt.hpp"
#include "executor/console_log.hpp"
#include "executor/interrupts.hpp"
#include "executor/watch.hpp"

namespace assay::executor {

// A role with its leased board.
struct RoleState {
  const plans::Role* role = nullptr;
  abilities::Board* board = nullptr;
  std::uint64_t epoch = 0;
  std::shared_ptr<ConsoleLog> console;  // also for a board without one: then it stays empty
  std::map<std::string, std::string> named = {};  // what name_device() said, by ability

  [[nodiscard]] const std::string& name() const { return role->name; }
  [[nodiscard]] const plans::Profile& profile() const { return role->profile; }
  [[nodiscard]] abilities::Order order(const Wait& wait) const { return {epoch, wait}; }
  [[nodiscard]] Duration scaled(Duration) const;
};

// How a step ended.
struct Outcome {
  evidence::StepState state = evidence::StepState::passed;
  std::string sentence = {};
  std::vector<evidence::Finding> findings = {};
  Region region = {};
  bool retry_elsewhere = false;
  bool already_there = false;  // passed without having written anything
};

// One step under way.
struct Run {
  const plans::JobSpec& spec;
  Artifacts& artifacts;
  EventSink& sink;
  Watch& watch;
  Interrupts& interrupts;
  RoleState& role;
  std::uint32_t index = 0;
  const plans::Step& step;
  Wait wait;                 // the attempt's own deadline, woken by Interrupts
  std::uint64_t cursor = 0;  // of the role's console when the step began

  void emit(evidence::Body body) const;
  // At most `d` times the board type's factor.
  [[nodiscard]] Wait within(Duration d) const { return wait.at_most(role.scaled(d)); }
  // "within 10 s", or that the whole job had no more time.
  [[nodiscard]] std::string limit_words(Duration d, const Wait&) const;
};

// "10 s" where human() says "10.0 s".
std::string words(Duration);
// "a, b and c".
std::string listed(const std::vector<std::string>&);

// One function a verb.
Outcome run(Run&, const plans::Flash&);
Outcome run(Run&, const plans::Power&);
Outcome run(Run&, const plans::Reset&);
Outcome run(Run&, const plans::Expect&);
Outcome run(Run&, const plans::Update&);
Outcome run(Run&, const plans::Confirm&);
Outcome run(Run&, const plans::Erase&);
Outcome run(Run&, const plans::AssertRunning&);
Outcome run(Run&, const plans::Hold&);
Outcome run(Run&, const plans::CheckBoard&);

// For a console's port to go and come back with the board: what the agent's
// machine takes to find a USB device, whatever the board type.
inline constexpr Duration port_within = std::chrono::seconds(10);

// Around everything that stops or starts the program: marks the console's cursor
// before, and lets a port that comes with the board's power go and come back.
void begin_actuation(RoleState&, Interrupts&, const std::string& what, bool silent);
// The board starts, or does so by now: its console's port comes with it.
void end_actuation(Run&);
// Notes what the ability is done with ("pyOCD 0.46.0, probe 0240"), once and when it
// changes.
void name_device(Run&, const std::string& ability);
// The board has not what the step asks for.
Outcome lacks(const Run&, const std::string& ability);

// Switches the board on; `what` is what the console's lines begin after ("power on").
Result<> switch_on(RoleState&, EventSink&, Interrupts&, const Wait&, const std::string& what);
// The rest of a time span, unless the step is called off.
Result<> pass_time(Run&, Duration);
// Plugs the storage of a board that has a mux there, reads that back and notes it.
Result<> mux_to(RoleState&, EventSink&, abilities::Mux::Side, const Wait&);
// What a flasher tells of its way, as events of the step; `run` outlives it.
std::function<void(const abilities::Progress&)> progress_events(const Run& run);
// Writes the disk of a board that has a mux; leaves the board off, its disk plugged.
Outcome flash_disk(Run&, const plans::Flash&, const abilities::FlashJob&, const std::string& doing);
// Switches the board off and verifies it: read back, or silent.
Result<> switch_off(RoleState&, EventSink&, Interrupts&, const Wait&);

}  // namespace assay::executor
