#include "cli/report_run.hpp"

#include <gtest/gtest.h>

namespace assay::cli {
namespace {

TEST(ReportRun, TakesVerdictsStepsAndFindings) {
  v1::Run run;
  run.set_id("r1");
  run.set_plan("p");
  auto* job = run.add_jobs();
  job->set_id("r1.1");
  job->set_profile("virtual-zephyr");
  job->set_verdict(v1::VERDICT_LAB_ERROR);
  job->set_sentence("QEMU was killed");
  auto* attempt = job->add_attempts();
  attempt->set_id("r1.1.1");
  attempt->set_verdict(v1::VERDICT_LAB_ERROR);
  attempt->set_started_unix_micros(1'000'000);
  attempt->set_ended_unix_micros(3'500'000);
  (*attempt->mutable_boards())["dut"] = "v1";
  auto* step = attempt->add_steps();
  step->set_text("reset");
  step->set_state(v1::STEP_STATE_LAB_ERROR);
  step->add_console("boot");
  step->mutable_took()->set_seconds(1);
  auto* finding = step->add_findings();
  finding->set_channel("power");
  finding->set_says(v1::Finding::SAYS_DISAGREES);

  const formats::RunReport report = report_of(run);
  ASSERT_EQ(report.jobs.size(), 1U);
  EXPECT_EQ(report.jobs[0].verdict, evidence::Verdict::lab_error);
  ASSERT_EQ(report.jobs[0].attempts.size(), 1U);
  const auto& one = report.jobs[0].attempts[0];
  EXPECT_EQ(one.took, std::chrono::milliseconds(2500));
  EXPECT_EQ(one.boards.at("dut"), "v1");
  ASSERT_EQ(one.steps.size(), 1U);
  EXPECT_EQ(one.steps[0].state, evidence::StepState::lab_error);
  EXPECT_EQ(one.steps[0].findings[0].says, evidence::Finding::Says::disagrees);
  EXPECT_EQ(one.steps[0].console, std::vector<std::string>{"boot"});
}

TEST(ReportRun, AJobThatHasNotEndedHasNoVerdict) {
  v1::Run run;
  run.add_jobs()->set_id("r1.1");
  EXPECT_EQ(report_of(run).jobs[0].verdict, std::nullopt);
}

}  // namespace
}  // namespace assay::cli
