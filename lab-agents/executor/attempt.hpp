// Carries out one compiled job on leased boards: the only way in.
//
// run_attempt() blocks the calling thread (one thread an attempt) until the job
// has ended, its boards are safe (switched off, unless the job says otherwise)
// and the last event (AttemptEnded) was emitted. It never throws and always
// ends: every wait has a deadline, and `stop` works in every phase, flashing
// included. After `stop` boards are still made safe: `finally` and switching off
// together have safe_state_limit from the stop on, and switching off at least half
// of it where something was slow to heed the stop. Of `finally` only what acts on a
// board is carried out then, and what writes to it or asks it is given little time:
// who cancels sees the end within a second, unless a switch itself is slower.
#pragma once

#include <filesystem>
#include <functional>
#include <map>
#include <stop_token>
#include <string>
#include <vector>

#include "abilities/ability.hpp"
#include "base/clock.hpp"
#include "evidence/event.hpp"
#include "plans/job_spec.hpp"

namespace assay::executor {

inline constexpr Duration safe_state_limit = std::chrono::seconds(5);

// Takes events in order; numbers and stores them. Thread-safe: console bytes
// come from the boards' reader threads. Must not block for long.
class EventSink {
 public:
  virtual ~EventSink() = default;
  virtual void emit(const std::string& role, const std::string& board, evidence::Body body) = 0;
};

struct LeasedBoard {
  abilities::Board* board = nullptr;
  std::uint64_t epoch = 0;
};

struct AttemptInputs {
  const plans::JobSpec& spec;
  std::map<std::string, LeasedBoard> boards;           // by role
  std::map<std::string, std::filesystem::path> files;  // by artifact name; derived ones not
  std::filesystem::path scratch;                       // a folder of this attempt's own
  std::string agent;                                   // its name, for AttemptStarted
  std::map<std::string, std::string> environment;      // tool versions
  // Why `stop` was requested, asked once it was: {cancelled, "cancelled by ..."}
  // or {lab_error, "the lease ended: ..."}.
  std::function<std::pair<evidence::Verdict, std::string>()> stop_reason;
};

struct AttemptResult {
  evidence::AttemptEnded end;
  std::vector<std::string> left_on;  // ids of boards that could not be switched off
};

AttemptResult run_attempt(const AttemptInputs&, EventSink&, std::stop_token stop);

}  // namespace assay::executor
