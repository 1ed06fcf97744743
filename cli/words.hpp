// Runs, verdicts and errors in words, exit statuses and JSON. Thread-safe: free functions.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "cli/terminal.hpp"

#include "assay/v1/orchestrator.pb.h"

namespace assay::cli {

// "passed", "failed", "lab-error", "cancelled", "" while there is none.
std::string_view verdict_word(v1::Verdict);
// A verdict when there is one, else "queued" or "running".
std::string_view status_word(v1::RunState, v1::Verdict);
std::string_view step_word(v1::StepState);
// "✓", "✗", "!", "–", "·".
std::string_view step_symbol(v1::StepState);
Tone tone_of(v1::Verdict);
Tone tone_of(v1::StepState);

// design.md's contract: 0 passed, 1 failed, 3 lab error, 4 cancelled.
int exit_status(v1::Verdict);
// Over several: failed, lab error, cancelled, passed, in this order.
int worst(const std::vector<int>& statuses);
// 2 wrong, 3 lab, 4 cancelled, 5 unreachable.
int exit_status(const Error&);
// "assay: TEXT" on standard error; the exit status.
int complain(const Error&);

// "r17 passed in 3.2 s", "r17 failed: SENTENCE", "r17 running for 3.2 s".
Line final_line(const v1::Run&, std::int64_t now_micros);
// Who has a board, and for how long as far as that is known: "ann@desk (r17) for 12 min
// more", "r18.1.1"; "" nobody.
std::string holder_words(const v1::Board&);
// From start to end, or to `now_micros`; "" before it began.
std::string elapsed(std::int64_t started_micros, std::int64_t ended_micros,
                    std::int64_t now_micros);
// "2026-11-24 07:21:00" in local time, "" for 0.
std::string when(std::int64_t unix_micros);
std::string short_digest(std::string_view sha256);

// Proto JSON: lowerCamelCase, defaults included, ending in a line break.
std::string to_json(const google::protobuf::Message&);
// The same on one line.
std::string to_json_line(const google::protobuf::Message&);

}  // namespace assay::cli
