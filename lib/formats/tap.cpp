#include "formats/tap.hpp"

#include <fmt/core.h>

#include "base/text.hpp"

namespace assay::formats {
namespace {

// A description: '#' would begin a directive, a backslash an escape.
std::string description(std::string_view text) {
  std::string out;
  for (const char c : printable(text)) {
    if (c == '#' || c == '\\') out += '\\';
    out += c;
  }
  return out;
}

std::string quoted(std::string_view text) {
  std::string out = "\"";
  for (const char c : printable(text)) {
    if (c == '"' || c == '\\') out += '\\';
    if (c == '\t') {
      out += "\\t";
    } else {
      out += c;
    }
  }
  return out + "\"";
}

std::string diagnosis(const ReportJob& job) {
  std::string text = "  ---\n";
  text += fmt::format("  message: {}\n", quoted(job.sentence));
  text += fmt::format("  severity: {}\n",
                      job.verdict ? evidence::to_string(*job.verdict) : "not-ended");
  text +=
      fmt::format("  job: {}\n  attempts: {}\n  evidence:\n", quoted(job.id), job.attempts.size());
  std::string evidence;
  const std::string all = explain(job);
  for (const auto line : split(all, '\n')) {
    if (!line.empty()) evidence += fmt::format("    - {}\n", quoted(line));
  }
  if (evidence.empty()) evidence = "    []\n";
  return text + evidence + "  ...\n";
}

}  // namespace

std::string to_tap(const RunReport& run) {
  std::string text = fmt::format("TAP version 13\n1..{}\n", run.jobs.size());
  text += fmt::format("# run {}{}\n", printable(run.id),
                      run.rev.empty() ? "" : ", rev " + printable(run.rev));
  const auto names = job_names(run);
  for (std::size_t i = 0; i < run.jobs.size(); ++i) {
    const ReportJob& job = run.jobs[i];
    const bool cancelled = job.verdict == evidence::Verdict::cancelled;
    const bool ok = job.verdict == evidence::Verdict::passed || cancelled;
    text += fmt::format("{} {} - {}{}\n", ok ? "ok" : "not ok", i + 1, description(names[i]),
                        cancelled ? " # SKIP cancelled" : "");
    if (!ok) text += diagnosis(job);
  }
  return text;
}

}  // namespace assay::formats
