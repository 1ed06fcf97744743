// A run as reports tell it: what JUnit and TAP are made from. Plain values; texts
// may hold any bytes, each format makes them safe.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "evidence/event.hpp"
#include "evidence/verdict.hpp"

namespace assay::formats {

struct ReportStep {
  std::string id, text, place;
  std::optional<evidence::StepState> state;  // none: it never ended
  std::string sentence;
  std::vector<evidence::Finding> findings;
  std::vector<std::string> console;  // the lines that show it
  Duration took{};
};

struct ReportAttempt {
  std::string id, agent;
  std::map<std::string, std::string> boards;  // by role
  std::optional<evidence::Verdict> verdict;
  std::string sentence;
  Duration took{};
  std::vector<ReportStep> steps;
};

struct ReportJob {
  std::string id, profile;
  std::map<std::string, std::string> params;
  std::optional<evidence::Verdict> verdict;  // none: it has not ended
  std::string sentence;
  std::vector<ReportAttempt> attempts;  // the last one decides
};

struct RunReport {
  std::string id, plan, project, rev, ref;
  std::int64_t started_unix_micros = 0;
  std::vector<ReportJob> jobs;
};

// "ota-confirm on virtual-zephyr (boots=3)", with the job's number where several
// would be called the same: CI systems follow a test by its name.
std::vector<std::string> job_names(const RunReport&);

// What decided, for a person: sentence, place, channels side by side, console.
// Lines, each ending in a line break; "" when all is well.
std::string explain(const ReportJob&);

}  // namespace assay::formats
