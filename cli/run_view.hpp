// A run as lines: pure functions from the message to lines, so that tests can
// look at them. Everything that came from a device is made printable here.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "cli/terminal.hpp"

#include "assay/v1/orchestrator.pb.h"

namespace assay::cli {

// One step, finished or running: symbol, text, how long; why when it did not pass.
Line step_line(const v1::StepResult&);
// Evidence of a step: channels side by side, then the console lines that show it.
Lines evidence_lines(const v1::StepResult&, int indent);
// `assay show`: verdict, jobs, attempts, steps with their evidence.
Lines show_lines(const v1::Run&, std::int64_t now_micros);
// The evidence of every step that failed in the jobs' final attempts.
Lines failure_lines(const v1::Run&);

// The live view. One run shows its steps, several a line a job. `notes` are
// shown at the end (a reconnect, why something waits).
struct LiveView {
  std::vector<v1::Run> runs;  // those not yet known have no id
  std::vector<std::string> notes;
  std::int64_t now_micros = 0;
  int height = 24;
};
Lines live_lines(const LiveView&);

// Nothing of it runs, although it has not ended: it was not begun yet, or waits for
// another board after a lab error.
bool waits(const v1::Run&);

// What happened to a run, a line each, for logs and pipes. `now`: its state, or what
// of it has changed. `before` without an id: nothing was known.
Lines changes(const v1::Run& before, const v1::Run& now);

}  // namespace assay::cli
