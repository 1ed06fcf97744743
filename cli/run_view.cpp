#include "cli/run_view.hpp"

#include <fmt/core.h>

#include <algorithm>

#include "base/clock.hpp"
#include "base/text.hpp"
#include "cli/words.hpp"
#include "wire/scalar.hpp"

namespace assay::cli {
namespace {

std::string pad(int indent) {
  return std::string(static_cast<std::size_t>(indent), ' ');
}

std::string_view says_word(v1::Finding::Says says) {
  switch (says) {
    case v1::Finding::SAYS_AGREES:
      return "agrees";
    case v1::Finding::SAYS_DISAGREES:
      return "disagrees";
    default:
      return "cannot tell";
  }
}

Tone tone_of_says(v1::Finding::Says says) {
  return says == v1::Finding::SAYS_AGREES      ? Tone::good
         : says == v1::Finding::SAYS_DISAGREES ? Tone::bad
                                               : Tone::warn;
}

bool went_wrong(const v1::StepResult& step) {
  return step.state() == v1::STEP_STATE_FAILED || step.state() == v1::STEP_STATE_LAB_ERROR;
}

// Steps that the plan does not name are "step-4": that tells a person nothing.
bool is_named(const v1::StepResult& step) {
  const auto dash = step.id().rfind('-');
  const std::string_view id = step.id();
  if (dash == std::string::npos) return !id.empty();
  const bool counted = id.find_first_not_of("0123456789", dash + 1) == std::string_view::npos;
  return !(counted && (id.starts_with("step-") || id.starts_with("finally-")));
}

std::string name_of(const v1::StepResult& step) {
  std::string name = printable(step.text());
  if (is_named(step)) name = fmt::format("{}: {}", printable(step.id()), name);
  return name;
}

Lines attempt_lines(const v1::Attempt& attempt, std::int64_t now) {
  Lines lines;
  Line head{{pad(4) + printable(attempt.id()) + " "}};
  head.push_back(
      {std::string(status_word(attempt.state(), attempt.verdict())), tone_of(attempt.verdict())});
  std::string boards;
  for (const auto& [role, board] : attempt.boards()) {
    boards += fmt::format(" {}={}", printable(role), printable(board));
  }
  // No agent carries out a lease.
  const std::string at = attempt.agent().empty() ? "" : " at " + printable(attempt.agent());
  head.push_back({fmt::format(" on{}{} ", boards.empty() ? " no board" : boards, at)});
  head.push_back(
      {elapsed(attempt.started_unix_micros(), attempt.ended_unix_micros(), now), Tone::dim});
  lines.push_back(std::move(head));
  int skipped = 0;
  for (const auto& step : attempt.steps()) {
    if (step.state() == v1::STEP_STATE_SKIPPED && step.text().empty()) {
      ++skipped;  // never begun: nothing is known of it
      continue;
    }
    Line line = step_line(step);
    line.insert(line.begin(), Span{pad(6)});
    lines.push_back(std::move(line));
    if (went_wrong(step) || step.findings_size() > 0) {
      const Lines more = evidence_lines(step, 10);
      lines.insert(lines.end(), more.begin(), more.end());
    }
  }
  if (skipped > 0) {
    lines.push_back(
        {{fmt::format("{}· {} further step{} skipped", pad(6), skipped, skipped == 1 ? "" : "s"),
          Tone::dim}});
  }
  return lines;
}

}  // namespace

Line step_line(const v1::StepResult& step) {
  Line line{{std::string(step_symbol(step.state())) + " ", tone_of(step.state())}, {name_of(step)}};
  if (step.state() == v1::STEP_STATE_RUNNING) {
    if (!step.progress_doing().empty()) line.push_back({" " + printable(step.progress_doing())});
    if (step.progress_total() > 0) {
      const auto done = std::min(step.progress_done(), step.progress_total());
      line.push_back({fmt::format(" {} %", done * 100 / step.progress_total())});
    }
  }
  if (step.state() == v1::STEP_STATE_PASSED || went_wrong(step)) {
    line.push_back({" " + human(wire::duration_of(step.took())), Tone::dim});
  }
  if (!step.sentence().empty()) {
    line.push_back({": " + printable(step.sentence()), tone_of(step.state())});
  } else if (step.state() == v1::STEP_STATE_SKIPPED || step.state() == v1::STEP_STATE_CANCELLED) {
    line.push_back({fmt::format(" ({})", step_word(step.state())), Tone::dim});
  }
  return line;
}

Lines evidence_lines(const v1::StepResult& step, int indent) {
  Lines lines;
  if (went_wrong(step) && !step.place().empty()) {
    lines.push_back({{pad(indent) + "at " + printable(step.place()), Tone::dim}});
  }
  std::vector<Line> rows;
  for (const auto& finding : step.findings()) {
    Line row{{pad(indent) + printable(finding.channel()), Tone::bold}};
    row.push_back({std::string(says_word(finding.says())), tone_of_says(finding.says())});
    row.push_back({printable(finding.observed())});
    if (finding.says() != v1::Finding::SAYS_AGREES && !finding.expected().empty()) {
      row.push_back({"expected " + printable(finding.expected()), Tone::dim});
    }
    rows.push_back(std::move(row));
  }
  const Lines findings = table(rows);
  lines.insert(lines.end(), findings.begin(), findings.end());
  if (went_wrong(step)) {
    for (const auto& line : step.console()) {
      lines.push_back({{pad(indent) + "| ", Tone::dim}, {printable(line)}});
    }
  }
  return lines;
}

Lines show_lines(const v1::Run& run, std::int64_t now) {
  Lines lines{final_line(run, now)};
  std::string what = "  plan " + printable(run.plan());
  for (const auto& [name, value] : {std::pair{"of", run.person()},
                                    {"under the lease", run.lease()},
                                    {"project", run.project()},
                                    {"rev", run.rev()},
                                    {"ref", run.ref()}}) {
    if (!value.empty()) what += fmt::format(", {} {}", name, printable(value));
  }
  if (run.has_lease_for()) what += " for " + human(wire::duration_of(run.lease_for()));
  if (run.lease_until_unix_micros() != 0) what += ", until " + when(run.lease_until_unix_micros());
  if (run.priority() != 0) what += fmt::format(", priority {}", run.priority());
  lines.push_back({{what}, {", submitted " + when(run.submitted_unix_micros()), Tone::dim}});
  for (const auto& artifact : run.artifacts()) {
    lines.push_back(
        {{fmt::format("  {} = {}", printable(artifact.name()), printable(artifact.file_name()))},
         {fmt::format("  {}, sha256 {}", human_size(artifact.size()),
                      short_digest(artifact.sha256())),
          Tone::dim}});
  }
  for (const auto& job : run.jobs()) {
    Line head{{"  " + printable(job.id()) + " ", Tone::bold},
              {std::string(status_word(job.state(), job.verdict())), tone_of(job.verdict())},
              {" on " + printable(job.profile())}};
    for (const auto& [name, value] : job.params())
      head.push_back({fmt::format(" {}={}", printable(name), printable(value))});
    if (!job.sentence().empty())
      head.push_back({": " + printable(job.sentence()), tone_of(job.verdict())});
    lines.push_back(std::move(head));
    for (const auto& attempt : job.attempts()) {
      const Lines more = attempt_lines(attempt, now);
      lines.insert(lines.end(), more.begin(), more.end());
    }
  }
  return lines;
}

Lines failure_lines(const v1::Run& run) {
  Lines lines;
  for (const auto& job : run.jobs()) {
    if (job.attempts().empty()) continue;
    for (const auto& step : job.attempts(job.attempts_size() - 1).steps()) {
      if (!went_wrong(step)) continue;
      Line head = step_line(step);
      head.insert(head.begin(), Span{fmt::format("  {} ", printable(job.id())), Tone::bold});
      lines.push_back(std::move(head));
      const Lines more = evidence_lines(step, 6);
      lines.insert(lines.end(), more.begin(), more.end());
    }
  }
  return lines;
}

}  // namespace assay::cli
