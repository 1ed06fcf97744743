// Whose fault it is: invariant 6 as a mechanism. The rules for people are in
// docs/VERDICTS.md.
//
// Only here does a step become failed (the product's) or lab-error (ours).
#pragma once

#include <optional>
#include <string>

#include "executor/step.hpp"

namespace assay::executor {

// Something expected did not arrive.
struct Missing {
  // The sentence's beginning: "app.ready was not seen within 10 s".
  std::string what;
  // Its shorter form for a wait that was cut short: "app.ready was seen".
  std::string before;
};

// Reads the incidents and runs every ability's own health check: failed when the
// program locked up, or when all are healthy and something shows that the board
// lives; else lab-error.
Outcome attribute(const Run&, const Missing&);

// The same, but nullopt when it would be failed because all is well with the lab.
// A board that was switched off `may_be_off` without being in trouble.
std::optional<Outcome> trouble(const Run&, const Missing&, bool may_be_off = false);

// An ability's call failed: `doing` is "switching the power of b1 off".
Outcome from_error(const Run&, const Error&, const std::string& doing);

// The step was woken by Interrupts: a stop, a `never` line, a lost device, a
// lockup. `before` as in Missing.
Outcome interrupted(const Run&, const std::string& before);

// A `never` line came; also used when it came while a step passed.
Outcome failed_by_never(const Run&, const NeverSeen&);

}  // namespace assay::executor
