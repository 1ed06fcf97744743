// A job, compiled: what one attempt does on leased boards and what must be
// seen. Frozen with its digest in the run; the executor needs nothing else.
// Plain values. Durations are as the plan says them: the executor multiplies
// each by the role's deadline_factor.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/clock.hpp"
#include "images/derive.hpp"

namespace assay::plans {

// A pattern with a name, matched against whole console lines (RE2; without
// line ends, ANSI colours and SMP frames).
struct Marker {
  std::string name;     // "boot.test", or the expression itself when the plan wrote one
  std::string pattern;  // RE2; group 1 is what the marker captures
  // Only lines after the latest line that matched this expression count ("" any).
  std::string after;
  // When set: of the lines after `after` only the first that matches `pattern`
  // counts, and its group 1 must equal this. MCUboot says `Swap type:` twice.
  std::optional<std::string> is;
  friend bool operator==(const Marker&, const Marker&) = default;
};

struct Slot {
  std::string name;  // "primary", "secondary"
  std::uint64_t address = 0;
  std::uint64_t size = 0;
  std::uint64_t image_offset = 0;  // where an uploaded image starts (swap using offset: one page)
  friend bool operator==(const Slot&, const Slot&) = default;
};

// Facts of a board type (board-profiles/*.yaml) that execution needs.
// What is tried, in this order, with a board whose devices do not work; before it the
// device hosts are started anew, after it the board is quarantined.
enum class Rung { reset_probe, power_cycle, hub_cycle, golden };

// When a board has to show that it is fit, by which plan; "": never.
struct HealthCheck {
  std::string plan;
  Duration every{};  // zero: not by time
  bool at_start = true, after_lab_error = true;
  friend bool operator==(const HealthCheck&, const HealthCheck&) = default;
};

struct Profile {
  std::string name;
  std::vector<std::string>
      abilities;  // "power", "flash", "console", "reset", "ota.smp", "flash.read", "mux"
  std::uint64_t flash_base = 0;
  std::uint64_t flash_size = 0;
  std::uint64_t page_size = 0;
  std::uint8_t erased = 0xFF;
  std::vector<Slot> slots;
  std::uint64_t write_alignment = 8;  // of the bootloader's trailer
  std::vector<Marker> markers;
  std::string identity;  // marker whose group 1 must stand in the running image's bytes, or ""
  std::string alive;     // marker that shows that the program runs, for health checks, or ""
  double deadline_factor = 1;
  bool flash_needs_power = false;  // a probe reaches the chip only while the board is on
  Duration power_off_time{};       // how long "cycle" leaves it off
  std::vector<Rung> recovery;      // those that its devices allow are climbed
  HealthCheck health;              // orchestrator's own: not sent
  friend bool operator==(const Profile&, const Profile&) = default;
};

struct Role {
  std::string name;                // "dut"
  std::vector<std::string> needs;  // abilities
  std::string board;               // this very board, or "" for any
  Profile profile;
  friend bool operator==(const Role&, const Role&) = default;
};

// An image under test. Derived ones (`from`) are made by the agent, byte for
// byte the same everywhere, so they need no upload.
struct Artifact {
  std::string name;
  std::string about;
  std::string sha256;  // lower-case hex; "" for derived ones
  std::uint64_t size = 0;
  std::string file_name;  // as the user named it, for reports
  std::string from;       // name of the artifact it is derived from, or ""
  std::vector<images::Derivation> derivations;
  std::string
      prints;  // a line that only this program prints ("" : the profile's identity marker decides)
  friend bool operator==(const Artifact&, const Artifact&) = default;
};

struct Flash {
  std::string artifact;
  std::string slot;      // "" for the whole chip, which is erased first
  bool again = false;    // also where the board holds it already
  std::string map = {};  // the artifact that says which blocks of it hold anything (bmap), or ""
  Duration within{};     // zero: two minutes
  friend bool operator==(const Flash&, const Flash&) = default;
};
struct Power {
  enum class To { on, off, cycle };
  To to = To::cycle;
  friend bool operator==(const Power&, const Power&) = default;
};
struct Reset {
  friend bool operator==(const Reset&, const Reset&) = default;
};
struct Expect {
  Marker marker;
  bool absent = false;  // true: must not be seen for the whole of `within`
  Duration within{};
  friend bool operator==(const Expect&, const Expect&) = default;
};
// Over SMP on the console's serial line (the one way so far).
struct Update {
  enum class Until { uploaded, pending, confirmed };  // pending: marked for one test boot
  std::string artifact;
  Until until = Until::pending;
  Duration within{};
  friend bool operator==(const Update&, const Update&) = default;
};
// Confirms the running image by SMP.
struct Confirm {
  Duration within{};
  friend bool operator==(const Confirm&, const Confirm&) = default;
};
// Erases the secondary slot by SMP.
struct Erase {
  Duration within{};
  friend bool operator==(const Erase&, const Erase&) = default;
};
// Two channels at least must agree: console identity, SMP image state, and the
// running slot read back.
struct AssertRunning {
  std::string artifact;
  std::optional<bool> confirmed;  // what SMP must say of it, when the plan asks
  Duration within{};
  friend bool operator==(const AssertRunning&, const AssertRunning&) = default;
};
// Holds the board for a person: ends when the attempt is cancelled or `for_` is over.
struct Hold {
  Duration for_{};
  friend bool operator==(const Hold&, const Hold&) = default;
};
// Tries every ability that the board has, and whether they belong together. Never
// the product's failure. Leaves the board off when it can be switched.
struct CheckBoard {
  friend bool operator==(const CheckBoard&, const CheckBoard&) = default;
};

using Action = std::variant<Flash, Power, Reset, Expect, Update, Confirm, Erase, AssertRunning,
                            Hold, CheckBoard>;

struct Step {
  std::string id;
  std::string role;
  std::string text;   // one line for people: "expect app.ready within 10 s"
  std::string place;  // "ota-confirm.yaml:12:5"
  Action action;
  friend bool operator==(const Step&, const Step&) = default;
};

struct JobSpec {
  std::string plan;
  std::string about;
  std::map<std::string, std::string> params;  // as used
  std::vector<Role> roles;
  std::vector<Artifact> artifacts;
  std::vector<Marker> never;  // on every role's console, all the time
  std::vector<Step> steps;
  std::vector<Step> finally;  // always run, whatever happened
  bool leave_as_is = false;   // `assay power ID on`: do not switch off at the end
  Duration deadline{};        // of the whole attempt, unscaled
  friend bool operator==(const JobSpec&, const JobSpec&) = default;
};

// Everything a verb may be called, as agents announce it: "flash", "power", ...
const std::vector<std::string>& verbs();
std::string_view verb_of(const Action&);

}  // namespace assay::plans
