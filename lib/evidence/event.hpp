// What happened in one attempt, as an ordered stream: the only thing that the
// executor produces and that reports are made from.
// Values; wire/ turns them into proto messages and back.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <variant>
#include <vector>

#include "base/bytes.hpp"
#include "base/clock.hpp"
#include "evidence/verdict.hpp"

namespace assay::evidence {

// One channel's word on one expectation. Channels that disagree are shown as a
// disagreement and never pass.
struct Finding {
  enum class Says { agrees, disagrees, cannot_tell };
  std::string channel;   // "console", "smp", "flash", "power"
  std::string expected;  // "v2.0.0 (hash 5d0c...)"
  std::string observed;  // what this channel saw, printable
  Says says = Says::cannot_tell;
  friend bool operator==(const Finding&, const Finding&) = default;
};

enum class StepState { passed, failed, lab_error, cancelled, skipped };
std::string_view to_string(StepState);

// First event of an attempt.
struct AttemptStarted {
  std::int64_t unix_micros = 0;                    // the agent's wall clock, for people
  std::string agent;                               // its name
  std::map<std::string, std::string> environment;  // "qemu": "7.2.22", "assay-agent": "0.1.0"
  friend bool operator==(const AttemptStarted&, const AttemptStarted&) = default;
};
struct StepStarted {
  std::uint32_t step = 0;  // index into JobSpec::steps, then ::finally
  std::string id;          // the plan's own name for it, or ""
  std::string text;        // "expect app.ready within 10 s"
  std::string place;       // "ota-confirm.yaml:12:5"
  friend bool operator==(const StepStarted&, const StepStarted&) = default;
};
struct StepProgress {
  std::uint32_t step = 0;
  std::uint64_t done = 0;
  std::uint64_t total = 0;
  std::string unit;        // "bytes"
  std::string doing = {};  // "writing", or ""
  friend bool operator==(const StepProgress&, const StepProgress&) = default;
};
struct StepEnded {
  std::uint32_t step = 0;
  StepState state = StepState::passed;
  std::string sentence;  // why, when it did not pass; what was found, when nothing was to do
  std::vector<Finding> findings;
  // Console bytes (offset into the role's stream) that show it; length 0: none.
  std::uint64_t console_offset = 0;
  std::uint64_t console_length = 0;
  bool already_there = false;  // what it was to write was there: it wrote nothing
  friend bool operator==(const StepEnded&, const StepEnded&) = default;
};
// Every byte of the console, both ways, SMP frames included.
struct ConsoleBytes {
  std::uint64_t offset = 0;  // of the first byte in this direction's stream of this role
  bool sent = false;         // true: from Assay to the board
  Bytes bytes;
  friend bool operator==(const ConsoleBytes&, const ConsoleBytes&) = default;
};
struct PowerEdge {
  bool on = false;
  bool verified = false;  // read back, or seen on the console
  friend bool operator==(const PowerEdge&, const PowerEdge&) = default;
};
struct ResetPulse {
  friend bool operator==(const ResetPulse&, const ResetPulse&) = default;
};
struct Measurement {
  std::string name;
  double value = 0;
  std::string unit;
  friend bool operator==(const Measurement&, const Measurement&) = default;
};
struct Note {
  std::string text;
  friend bool operator==(const Note&, const Note&) = default;
};
// Last event of an attempt; nothing follows it.
struct AttemptEnded {
  Verdict verdict = Verdict::lab_error;
  std::string sentence;          // the reason in one sentence; "" when passed
  std::int64_t step = -1;        // the step that decided, or -1
  bool retry_elsewhere = false;  // a lab error that another board may not have
  friend bool operator==(const AttemptEnded&, const AttemptEnded&) = default;
};

using Body = std::variant<AttemptStarted, StepStarted, StepProgress, StepEnded, ConsoleBytes,
                          PowerEdge, ResetPulse, Measurement, Note, AttemptEnded>;

struct Event {
  std::uint64_t seq = 0;  // 1, 2, 3 ... without gaps within an attempt
  Duration at{};          // since AttemptStarted, on the agent's CLOCK_BOOTTIME
  std::string role;       // "" when it concerns the whole attempt
  std::string board;
  Body body;
  friend bool operator==(const Event&, const Event&) = default;
};

}  // namespace assay::evidence
