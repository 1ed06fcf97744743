// The step that looks whether a board is wired as the lab file says: its switch cuts
// its power and nobody else's, its console and its probe are its own.
#include <fmt/core.h>

#include "executor/attribution.hpp"
#include "executor/step.hpp"

namespace assay::executor {

namespace {

using Says = evidence::Finding::Says;
using evidence::StepState;

// What a board may take, before its type's factor.
constexpr Duration switch_within = std::chrono::seconds(10);
constexpr Duration answer_within = std::chrono::seconds(10);
constexpr Duration speaks_within = std::chrono::seconds(5);
// For charge in capacitors, bytes in buffers, and a program that has something to say.
constexpr Duration settles = std::chrono::seconds(1);
// For a USB device to be found by the kernel.
constexpr Duration disk_within = std::chrono::seconds(20);
constexpr std::uint64_t sample = 1024;  // bytes read back

class Check {
 public:
  explicit Check(Run& run) : run_(run), role_(run.role), board_(*run.role.board) {}

  Outcome check() {
    for (const char* ability : {"power", "flash", "console", "reset", "mux"}) ask(ability);
    if (!over() && board_.power() != nullptr) try_power();
    if (!over() && board_.reset() != nullptr) try_reset();
    if (!over() && board_.flash() != nullptr && board_.mux() == nullptr) try_reading();
    if (!over() && board_.mux() != nullptr) try_mux();
    if (board_.power() != nullptr) leave_off();
    if (run_.wait.stop.stop_requested()) return interrupted(run_, "the board was checked");
    return judge();
  }

 private:
  [[nodiscard]] bool over() const {
    return run_.wait.stop.stop_requested() || run_.wait.until.passed();
  }
  void say(std::string channel, std::string expected, Says says, std::string observed) {
    findings_.push_back({std::move(channel), std::move(expected), std::move(observed), says});
  }
  void agrees(const char* ability, const char* expected, std::string observed) {
    say(ability, expected, Says::agrees, std::move(observed));
  }
  void wrong(const char* ability, const char* expected, std::string observed) {
    say(ability, expected, Says::disagrees, std::move(observed));
  }
  void open(const char* ability, const char* expected, std::string observed) {
    say(ability, expected, Says::cannot_tell, std::move(observed));
  }
  [[nodiscard]] abilities::Order order(Duration within) const {
    return role_.order(run_.within(within));
  }

  // Its own health check.
  void ask(const char* ability) {
    const bool has = std::string_view(ability) == "power"     ? board_.power() != nullptr
                     : std::string_view(ability) == "flash"   ? board_.flash() != nullptr
                     : std::string_view(ability) == "console" ? board_.console() != nullptr
                     : std::string_view(ability) == "reset"   ? board_.reset() != nullptr
                                                              : board_.mux() != nullptr;
    if (!has || over()) return;
    const auto health = board_.check(ability, order(answer_within));
    name_device(run_, ability);
    const char* expected = "its device answers";
    if (health && *health == abilities::Health::proven)
      agrees(ability, expected, "it does");
    else if (health)
      open(ability, expected, "it is there; whether it works is not to be seen");
    else if (health.error().cause == Cause::not_found && board_.power() != nullptr)
      open(ability, expected, health.error().text + ": perhaps it comes with the board's power");
    else
      wrong(ability, expected, health.error().text);
  }

  // Does the probe reach the chip? nullopt: no probe, or one that needs no power.
  std::optional<Result<>> reaches_chip() {
    if (board_.flash() == nullptr || !role_.profile().flash_needs_power) return std::nullopt;
    const auto read = board_.flash()->read(order(answer_within), role_.profile().flash_base, 4);
    if (read && !*read) return std::nullopt;
    if (!read) return Result<>(tl::unexpected(read.error()));
    return Result<>();
  }

  void try_power() {
    // On first: only what had power can lose it.
    if (!switched(true)) return;
    if (const auto alive = lives(); !alive.empty())
      agrees("power", "on: the board lives", alive);
    else
      wrong("power", "on: the board lives",
            "nothing shows that it has power: is this switch wired to this board?");
    if (over() || !switched(false)) return;
    (void)pass_time(run_, settles);
    const auto offset = role_.console->talked_while_off();
    const auto reached = reaches_chip();
    if (offset)
      wrong("power", "off: the board is dead",
            fmt::format("its console goes on (at byte {}): the contact is welded, the switch cuts "
                        "nothing, or the console is another board's",
                        *offset));
    else if (reached && *reached)
      wrong("power", "off: the board is dead",
            "its probe still reaches the chip: the contact is welded, the switch cuts nothing, or "
            "the probe is on another board");
    else if (board_.console() == nullptr && !reached)
      open("power", "off: the board is dead", "it has neither console nor probe to see it by");
    else
      agrees("power", "off: the board is dead",
             reached ? "silent, and out of the probe's reach" : "silent");
    if (!over() && !offset) (void)switched(true);
  }

  bool switched(bool on) {
    const Wait wait = run_.within(switch_within);
    const auto done = on ? switch_on(role_, run_.sink, run_.interrupts, wait, "check")
                         : switch_off(role_, run_.sink, run_.interrupts, wait);
    if (on) end_actuation(run_);
    if (!done)
      wrong("power", on ? "it can be switched on" : "it can be switched off", done.error().text);
    return done.has_value();
  }

  // Since the last actuation; "" when nothing shows it.
  std::string lives() {
    if (board_.console() != nullptr) {
      (void)board_.console()->ready(order(port_within));
      if (speaks()) return "its console speaks";
    }
    if (const auto reached = reaches_chip(); reached && *reached)
      return "its probe reaches the chip";
    return "";
  }

  bool speaks() { return role_.console->speaks(run_.within(speaks_within)).has_value(); }

  void try_reset() {
    begin_actuation(role_, run_.interrupts, "check of the reset", false);
    role_.console->starts("check of the reset");
    const auto done = board_.reset()->pulse(order(switch_within));
    end_actuation(run_);
    const char* expected = "the program starts anew";
    if (!done) return wrong("reset", expected, done.error().text);
    run_.emit(evidence::ResetPulse{});
    if (board_.console() == nullptr || !speaks())
      return open("reset", expected, "it was reset; no console shows whether it starts");
    agrees("reset", expected, "its console speaks");
  }

  void try_reading() {
    const char* expected = "reads the same twice";
    const auto base = role_.profile().flash_base;
    begin_actuation(role_, run_.interrupts, "check of the flash", false);
    const auto first = board_.flash()->read(order(answer_within), base, sample);
    const auto second =
        first && *first ? board_.flash()->read(order(answer_within), base, sample) : first;
    end_actuation(run_);
    if (!second) return wrong("flash", expected, second.error().text);
    if (!*second) return open("flash", expected, "this flasher cannot read");
    if (**first != **second) return wrong("flash", expected, "it reads differently each time");
    agrees("flash", expected, fmt::format("{} bytes at {:#x}", sample, base));
  }

  // The disk goes where it is told, and stays with the board that has power.
  void try_mux() {
    using Side = abilities::Mux::Side;
    if (board_.power() != nullptr && !role_.console->is_off() && !switched(false)) return;
    if (!muxed(Side::host)) return;
    const char* here = "to this machine: the disk comes";
    if (board_.flash() != nullptr) {
      const auto read = board_.flash()->read(order(disk_within), 0, sample);
      if (!read)
        wrong("mux", here, read.error().text);
      else if (!*read)
        open("mux", here, "this flasher cannot read");
      else
        agrees("mux", here, "it can be read");
    }
    name_device(run_, "flash");
    // Without power an SDWire would not stay there.
    if (over() || !(board_.power() != nullptr ? switched(true) : muxed(Side::dut))) return;
    const char* gone = "to the board: the disk goes";
    if (board_.flash() == nullptr) return open("mux", gone, "it has no flasher to see the disk by");
    (void)pass_time(run_, settles);
    const auto read = board_.flash()->read(order(settles), 0, sample);
    if (read && *read)
      wrong("mux", gone,
            "it can still be read here: is this the disk that hangs on this mux, and does the mux "
            "switch?");
    else if (read)
      open("mux", gone, "this flasher cannot read");
    else
      agrees("mux", gone, "it is not here any more");
  }

  bool muxed(abilities::Mux::Side side) {
    const auto done = mux_to(role_, run_.sink, side, run_.within(switch_within));
    if (!done)
      wrong("mux",
            side == abilities::Mux::Side::host ? "it can be switched to this machine"
                                               : "it can be switched to the board",
            done.error().text);
    return done.has_value();
  }

  void leave_off() {
    if (role_.console->is_off()) return;
    const Wait wait{Deadline::after(role_.scaled(switch_within)), {}};
    const auto off = switch_off(role_, run_.sink, run_.interrupts, wait);
    if (!off) wrong("power", "it is left off", off.error().text);
  }

  Outcome judge() {
    std::vector<std::string> why;
    for (const auto& finding : findings_) {
      if (finding.says == Says::disagrees)
        why.push_back(
            fmt::format("{} ({}): {}", finding.channel, finding.expected, finding.observed));
    }
    Outcome outcome;
    if (findings_.empty()) why.emplace_back("it has no ability that could be checked");
    if (!why.empty()) {
      outcome.state = StepState::lab_error;
      outcome.sentence =
          fmt::format("{} is not as its lab file says: {}", board_.id(), listed(why));
    }
    outcome.findings = std::move(findings_);
    return outcome;
  }

  Run& run_;
  RoleState& role_;
  abilities::Board& board_;
  std::vector<evidence::Finding> findings_;
};

}  // namespace

Outcome run(Run& run, const plans::CheckBoard&) {
  return Check(run).check();
}

}  // namespace assay::executor
