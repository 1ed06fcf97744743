// Steps that never began: their events have no words, the compiled job has.
#include <gmock/gmock.h>

#include "fixture.hpp"

namespace assay::api::test {
namespace {

using evidence::StepEnded;
using evidence::StepState;
using testing::ElementsAre;

constexpr const char* with_finally = R"(plan: tiny
about: Flash and look.
roles: { dut: { needs: [power, flash, console] } }
artifacts:
  base: { about: whole chip }
steps:
  - flash: { image: base }
  - power: cycle
  - id: ready
    expect: { seen: app.ready, within: 5s }
finally:
  - power: off
)";

std::vector<std::string> words(const v1::Attempt& attempt) {
  std::vector<std::string> all;
  for (const auto& step : attempt.steps()) {
    all.push_back(fmt::format("{} {} [{}] {} at {} on {}", step.index(),
                              v1::StepState_Name(step.state()).substr(11), step.id(), step.text(),
                              step.place(), step.role()));
  }
  return all;
}

class SkippedTest : public ServerTest {
 protected:
  // What GetRun says of the steps of a run of two jobs whose first attempts went so.
  std::vector<std::string> steps_after(const std::vector<evidence::Body>& bodies,
                                       const std::string& role) {
    FakeAgent agent(*agents_, std::string(32, 'a'));
    EXPECT_TRUE(agent.greet());
    auto what = request();
    what.mutable_plan()->set_text(with_finally);
    what.set_repeat(2);
    v1::Run run;
    EXPECT_TRUE(submit(what, &run).ok());
    for (int job = 1; job <= 2; ++job) {
      const auto attempt = agent.assignment().attempt();
      EXPECT_EQ(attempt, fmt::format("r1.{}.1", job));
      agent.accept(attempt);
      FakeUplink uplink(*agents_, attempt);
      std::vector<evidence::Event> events;
      for (const auto& body : bodies) {
        events.push_back({events.size() + 1, {}, role, role.empty() ? "" : "vz-1", body});
      }
      uplink.send(events);
      EXPECT_TRUE(uplink.reaches(events.size()));
      EXPECT_TRUE(uplink.finish().ok());
    }
    run = get("r1");
    EXPECT_EQ(run.jobs_size(), 2);
    const auto first = words(run.jobs(0).attempts(0));
    EXPECT_EQ(words(run.jobs(1).attempts(0)), first);
    return first;
  }
};

TEST_F(SkippedTest, BehindAFailureAreNamedAsInThePlan) {
  EXPECT_THAT(
      steps_after({evidence::AttemptStarted{1, "lab-a", {}},
                   evidence::StepStarted{0, "", "flash base", "tiny.yaml:7:5"},
                   StepEnded{0, StepState::failed, "it is too large", {}, 0, 0},
                   StepEnded{1, StepState::skipped, "", {}, 0, 0},
                   StepEnded{2, StepState::skipped, "", {}, 0, 0},
                   evidence::StepStarted{3, "", "switch power off", "tiny.yaml:12:5"},
                   StepEnded{3, StepState::passed, "", {}, 0, 0},
                   evidence::AttemptEnded{evidence::Verdict::failed, "it is too large", 0, false}},
                  "dut"),
      ElementsAre("0 FAILED [] flash base at tiny.yaml:7:5 on dut",
                  "1 SKIPPED [step-2] power cycle at tiny.yaml:8:5 on dut",
                  "2 SKIPPED [ready] expect app.ready within 5 s at tiny.yaml:9:5 on dut",
                  "3 PASSED [] switch power off at tiny.yaml:12:5 on dut"));
}

TEST_F(SkippedTest, OfAnAttemptThatNeverBeganAreAllNamed) {
  const auto skipped = [](std::uint32_t step) {
    return StepEnded{step, StepState::skipped, "", {}, 0, 0};
  };
  // One more than the plan has: an agent's mistake.
  EXPECT_THAT(
      steps_after(
          {evidence::AttemptStarted{1, "lab-a", {}}, skipped(0), skipped(1), skipped(2), skipped(3),
           skipped(4), evidence::AttemptEnded{evidence::Verdict::cancelled, "stopped", -1, false}},
          ""),
      ElementsAre("0 SKIPPED [step-1] flash base at tiny.yaml:7:5 on dut",
                  "1 SKIPPED [step-2] power cycle at tiny.yaml:8:5 on dut",
                  "2 SKIPPED [ready] expect app.ready within 5 s at tiny.yaml:9:5 on dut",
                  "3 SKIPPED [finally-1] power off at tiny.yaml:12:5 on dut",
                  "4 SKIPPED []  at  on "));
}

}  // namespace
}  // namespace assay::api::test
