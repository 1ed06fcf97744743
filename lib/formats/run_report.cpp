#include "formats/run_report.hpp"

#include <fmt/core.h>

#include <algorithm>

namespace assay::formats {

std::vector<std::string> job_names(const RunReport& run) {
  std::vector<std::string> names;
  std::map<std::string, int> used;
  for (const ReportJob& job : run.jobs) {
    std::string name =
        job.profile.empty() ? run.plan : fmt::format("{} on {}", run.plan, job.profile);
    std::string params;
    for (const auto& [key, value] : job.params) {
      params += fmt::format("{}{}={}", params.empty() ? "" : ", ", key, value);
    }
    if (!params.empty()) name += fmt::format(" ({})", params);
    if (const int n = ++used[name]; n > 1) name += fmt::format(" #{}", n);
    names.push_back(std::move(name));
  }
  return names;
}

namespace {

std::string_view says_word(evidence::Finding::Says says) {
  switch (says) {
    case evidence::Finding::Says::agrees:
      return "agrees";
    case evidence::Finding::Says::disagrees:
      return "disagrees";
    case evidence::Finding::Says::cannot_tell:
      break;
  }
  return "cannot tell";
}

}  // namespace

std::string explain(const ReportJob& job) {
  std::string text;
  if (!job.sentence.empty() && job.verdict != evidence::Verdict::passed)
    text += job.sentence + "\n";
  if (job.attempts.empty()) return text;
  for (const ReportStep& step : job.attempts.back().steps) {
    if (step.state != evidence::StepState::failed && step.state != evidence::StepState::lab_error)
      continue;
    text += fmt::format("step {}{}{}\n", step.id.empty() ? "" : step.id + ": ", step.text,
                        step.place.empty() ? "" : " (" + step.place + ")");
    if (!step.sentence.empty() && step.sentence != job.sentence)
      text += "  " + step.sentence + "\n";
    for (const auto& finding : step.findings) {
      text +=
          fmt::format("  {} {}: {}", finding.channel, says_word(finding.says), finding.observed);
      if (finding.says != evidence::Finding::Says::agrees)
        text += fmt::format(" (expected {})", finding.expected);
      text += '\n';
    }
    for (const auto& line : step.console) text += "  | " + line + "\n";
  }
  return text;
}

}  // namespace assay::formats
