#include "cli/words.hpp"

#include <fmt/core.h>
#include <google/protobuf/util/json_util.h>

#include <algorithm>
#include <array>
#include <ctime>

#include "base/clock.hpp"
#include "base/text.hpp"
#include "evidence/verdict.hpp"
#include "wire/event.hpp"
#include "wire/scalar.hpp"

namespace assay::cli {

std::string_view verdict_word(v1::Verdict verdict) {
  const auto known = wire::verdict_from_proto(verdict);
  return known ? evidence::to_string(*known) : std::string_view();
}

std::string_view status_word(v1::RunState state, v1::Verdict verdict) {
  if (state == v1::RUN_STATE_ENDED)
    return verdict_word(verdict).empty() ? "ended" : verdict_word(verdict);
  return state == v1::RUN_STATE_RUNNING ? "running" : "queued";
}

std::string_view step_word(v1::StepState state) {
  switch (state) {
    case v1::STEP_STATE_RUNNING:
      return "running";
    case v1::STEP_STATE_PASSED:
      return "passed";
    case v1::STEP_STATE_FAILED:
      return "failed";
    case v1::STEP_STATE_LAB_ERROR:
      return "lab-error";
    case v1::STEP_STATE_CANCELLED:
      return "cancelled";
    case v1::STEP_STATE_SKIPPED:
      return "skipped";
    default:
      return "unknown";
  }
}

std::string_view step_symbol(v1::StepState state) {
  switch (state) {
    case v1::STEP_STATE_PASSED:
      return "✓";
    case v1::STEP_STATE_FAILED:
      return "✗";
    case v1::STEP_STATE_LAB_ERROR:
      return "!";
    case v1::STEP_STATE_CANCELLED:
      return "–";
    default:
      return "·";
  }
}

Tone tone_of(v1::Verdict verdict) {
  switch (verdict) {
    case v1::VERDICT_PASSED:
      return Tone::good;
    case v1::VERDICT_FAILED:
      return Tone::bad;
    case v1::VERDICT_LAB_ERROR:
      return Tone::warn;
    case v1::VERDICT_CANCELLED:
      return Tone::dim;
    default:
      return Tone::plain;
  }
}

Tone tone_of(v1::StepState state) {
  switch (state) {
    case v1::STEP_STATE_PASSED:
      return Tone::good;
    case v1::STEP_STATE_FAILED:
      return Tone::bad;
    case v1::STEP_STATE_LAB_ERROR:
      return Tone::warn;
    case v1::STEP_STATE_CANCELLED:
    case v1::STEP_STATE_SKIPPED:
      return Tone::dim;
    default:
      return Tone::plain;
  }
}

int exit_status(v1::Verdict verdict) {
  const auto known = wire::verdict_from_proto(verdict);
  return known ? evidence::exit_status(*known)
               : evidence::exit_status(evidence::Verdict::lab_error);
}

int worst(const std::vector<int>& statuses) {
  for (const int status : {2, 5, 1, 3, 4}) {
    if (std::find(statuses.begin(), statuses.end(), status) != statuses.end()) return status;
  }
  return 0;
}

int exit_status(const Error& error) {
  switch (error.cause) {
    case Cause::invalid:
    case Cause::not_found:
    case Cause::refused:
      return 2;
    case Cause::cancelled:
      return 4;
    case Cause::unavailable:
    case Cause::timeout:
      return 5;
    default:
      return 3;
  }
}

int complain(const Error& error) {
  std::fflush(stdout);
  fmt::print(stderr, "assay: {}\n", error.text);
  return exit_status(error);
}

Line final_line(const v1::Run& run, std::int64_t now) {
  const std::string_view word = status_word(run.state(), run.verdict());
  const bool ended = run.state() == v1::RUN_STATE_ENDED;
  Line line{{printable(run.id()) + " ", Tone::bold}, {std::string(word), tone_of(run.verdict())}};
  if (ended && run.verdict() != v1::VERDICT_PASSED && !run.sentence().empty()) {
    line.push_back({": " + printable(run.sentence())});
    return line;
  }
  const std::int64_t from =
      run.started_unix_micros() != 0 ? run.started_unix_micros() : run.submitted_unix_micros();
  const std::string took = elapsed(from, run.ended_unix_micros(), now);
  if (!took.empty()) line.push_back({(ended ? " in " : " for ") + took});
  return line;
}

std::string holder_words(const v1::Board& board) {
  std::string words = printable(board.holder());
  if (!board.lease().empty()) {
    words = fmt::format("{} ({}) for {} more{}", printable(board.person()),
                        printable(board.lease()), human(wire::duration_of(board.lease_left())),
                        words.empty() ? "" : ", running " + words);
  } else if (board.has_free_in()) {
    words += fmt::format(" for about {} more", human(wire::duration_of(board.free_in().likely())));
  }
  return words;
}

std::string elapsed(std::int64_t started, std::int64_t ended, std::int64_t now) {
  if (started == 0) return "";
  // The other machine's clock may be ahead of this one's.
  return human(
      std::chrono::microseconds(std::max<std::int64_t>(0, (ended != 0 ? ended : now) - started)));
}

std::string when(std::int64_t micros) {
  if (micros == 0) return "";
  const std::time_t seconds = micros / 1'000'000;
  std::tm parts{};
  localtime_r(&seconds, &parts);
  std::array<char, 32> text{};
  std::strftime(text.data(), text.size(), "%Y-%m-%d %H:%M:%S", &parts);
  return text.data();
}

std::string short_digest(std::string_view sha256) {
  return printable(sha256.substr(0, 12));
}

static std::string json_of(const google::protobuf::Message& message, bool pretty) {
  google::protobuf::util::JsonPrintOptions options;
  options.add_whitespace = pretty;
  options.always_print_primitive_fields = true;
  std::string text;
  const auto status = google::protobuf::util::MessageToJsonString(message, &text, options);
  if (!status.ok()) return "{}\n";
  if (text.empty() || text.back() != '\n') text += '\n';
  return text;
}

std::string to_json(const google::protobuf::Message& message) {
  return json_of(message, true);
}

std::string to_json_line(const google::protobuf::Message& message) {
  return json_of(message, false);
}

}  // namespace assay::cli
