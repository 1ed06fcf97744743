// The four words that Assay ends with, and how they add up. Thread-safe: values.
#pragma once

#include <optional>
#include <span>
#include <string_view>

namespace assay::evidence {

// Never merely "error": a failure is the product's, a lab error is ours.
enum class Verdict { passed, failed, lab_error, cancelled };

// "passed", "failed", "lab-error", "cancelled": as printed and stored.
std::string_view to_string(Verdict);
std::optional<Verdict> verdict_from(std::string_view);

// A run over its jobs' final attempts: failed > lab-error > cancelled > passed.
// No jobs: cancelled.
Verdict combine(std::span<const Verdict>);

// The exit status of `assay run`: 0 passed, 1 failed, 3 lab error, 4 cancelled.
int exit_status(Verdict);

}  // namespace assay::evidence
