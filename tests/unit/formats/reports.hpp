// Runs to report about.
#pragma once

#include "formats/run_report.hpp"

namespace assay::formats {

inline RunReport a_run() {
  using evidence::Finding;
  RunReport run{"r17", "ota-confirm", "door", "4f2c1d", "main", 1'780'000'000'000'000, {}};
  ReportAttempt good{"r17.1.1",
                     "desk",
                     {{"dut", "v1"}},
                     evidence::Verdict::passed,
                     "",
                     std::chrono::milliseconds(3200),
                     {}};
  good.steps.push_back({"",
                        "flash base",
                        "p.yaml:9:5",
                        evidence::StepState::passed,
                        "",
                        {},
                        {},
                        std::chrono::milliseconds(400)});
  run.jobs.push_back(
      {"r17.1", "virtual-zephyr", {{"boots", "3"}}, evidence::Verdict::passed, "", {good}});

  ReportAttempt bad{"r17.2.1",
                    "desk",
                    {{"dut", "v2"}},
                    evidence::Verdict::failed,
                    "v1 runs, not <v2>",
                    std::chrono::seconds(2),
                    {}};
  bad.steps.push_back({"confirmed",
                       "assert running update",
                       "p.yaml:17:5",
                       evidence::StepState::failed,
                       "v1 runs, not <v2>",
                       {{"console", "2.0.0", "1.0.0", Finding::Says::disagrees},
                        {"smp", "2.0.0", "2.0.0", Finding::Says::agrees}},
                       {"I: Starting bootloader", "\x1b[1mhello & bye\x1b[0m"},
                       std::chrono::seconds(1)});
  run.jobs.push_back({"r17.2",
                      "virtual-zephyr",
                      {{"boots", "3"}},
                      evidence::Verdict::failed,
                      "v1 runs, not <v2>",
                      {bad}});
  run.jobs.push_back({"r17.3",
                      "virtual-zephyr",
                      {{"boots", "5"}},
                      evidence::Verdict::lab_error,
                      "QEMU was killed",
                      {}});
  run.jobs.push_back({"r17.4", "desk-zephyr", {}, evidence::Verdict::cancelled, "", {}});
  run.jobs.push_back({"r17.5", "", {}, std::nullopt, "", {}});
  return run;
}

}  // namespace assay::formats
