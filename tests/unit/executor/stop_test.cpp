// A stop in every phase: the attempt ends with the reason given, and the boards
// are off.
#include "bench.hpp"

namespace assay::executor::test {

using evidence::StepState;
using evidence::Verdict;
using namespace std::chrono_literals;

class Stopped : public Bench {
 public:
  // Runs, and stops once `operation` has begun.
  evidence::AttemptEnded run_stopped_at(const std::string& operation) {
    std::stop_source stop;
    std::jthread person([&] {
      board.wait_for(operation);
      stop.request_stop();
    });
    return run(stop.get_token());
  }
};

class StoppedIn : public Stopped, public ::testing::WithParamInterface<std::string> {};

TEST_P(StoppedIn, TheMiddleOfAnOperation) {
  board.faults.blocked = GetParam();
  started().running("base").update("update").reset();
  const auto end = run_stopped_at(GetParam());
  EXPECT_EQ(end.verdict, Verdict::cancelled);
  EXPECT_EQ(end.sentence, "cancelled by a person");
  EXPECT_FALSE(end.retry_elsewhere);
  EXPECT_GE(end.step, 0);
  EXPECT_EQ(events.ended(static_cast<std::uint32_t>(end.step)).state, StepState::cancelled);
  EXPECT_EQ(events.ended(5).state, end.step == 5 ? StepState::cancelled : StepState::skipped);
  EXPECT_FALSE(board.powered());
}
INSTANTIATE_TEST_SUITE_P(Operations, StoppedIn,
                         ::testing::Values("flash.write", "power.on", "console.write", "flash.read",
                                           "reset"));

TEST_F(Stopped, BeforeItBegan) {
  started();
  std::stop_source stop;
  stop.request_stop();
  const auto end = run(stop.get_token());
  EXPECT_EQ(end.verdict, Verdict::cancelled);
  const auto history = board.history();
  EXPECT_EQ(history, (std::vector<std::string>{"power.off", "power.is_on"}));
}

TEST_F(Stopped, InAnExpectation) {
  started().expect("never printed", 1min);
  std::stop_source stop;
  std::jthread person([&] {
    events.wait_for_step(3);
    stop.request_stop();
  });
  EXPECT_EQ(run(stop.get_token()).verdict, Verdict::cancelled);
  EXPECT_FALSE(board.powered());
}

TEST_F(Stopped, InAHealthCheck) {
  board.faults.blocked = "check.console";
  started().expect("never printed", soon);
  EXPECT_EQ(run_stopped_at("check.console").verdict, Verdict::cancelled);
}

TEST_F(Stopped, AHold) {
  started().add(plans::Hold{1h});
  std::stop_source stop;
  std::jthread person([&] {
    events.wait_for_step(3);
    stop.request_stop();
  });
  EXPECT_EQ(run(stop.get_token()).verdict, Verdict::cancelled);
}

TEST_F(Stopped, HoldThatIsOverPasses) {
  started().add(plans::Hold{soon});
  EXPECT_EQ(run().verdict, Verdict::passed);
}

TEST_F(Stopped, ForTheLeaseIsALabError) {
  why_stopped = {Verdict::lab_error, "the lease ended: the orchestrator was not heard of for 30 s"};
  board.faults.blocked = "flash.write";
  started();
  const auto end = run_stopped_at("flash.write");
  EXPECT_EQ(end.verdict, Verdict::lab_error);
  EXPECT_TRUE(end.retry_elsewhere);
  EXPECT_EQ(end.sentence, "the lease ended: the orchestrator was not heard of for 30 s");
}

TEST_F(Stopped, FinallyStillRuns) {
  board.faults.blocked = "reset";
  started().reset();
  finally(plans::Power{plans::Power::To::off}).finally(plans::Flash{"base", ""});
  EXPECT_EQ(run_stopped_at("reset").verdict, Verdict::cancelled);
  EXPECT_EQ(events.ended(4).state, StepState::passed);
  EXPECT_EQ(events.ended(5).state, StepState::passed);
}

TEST_F(Stopped, FinallyLooksForNothingMoreAfterAStop) {
  started().add(plans::Hold{1h});
  finally(plans::Expect{marker("never printed"), false, 1h}).finally(plans::Hold{1h});
  finally(plans::AssertRunning{"update", {}, 1h}).finally(plans::Power{plans::Power::To::off});
  std::stop_source stop;
  std::jthread person([&] {
    events.wait_for_step(3);
    stop.request_stop();
  });
  EXPECT_EQ(run(stop.get_token()).verdict, Verdict::cancelled);
  for (const std::uint32_t step : {4, 5, 6}) {
    EXPECT_EQ(events.ended(step).state, StepState::skipped) << step;
  }
  EXPECT_EQ(events.ended(7).state, StepState::passed);
}

TEST_F(Stopped, FinallyThatWritesForLongLeavesTheTimeToSwitchesOff) {
  board.faults.blocked = "flash.write";
  started().add(plans::Hold{1h});
  spec.steps.erase(spec.steps.begin(), spec.steps.begin() + 3);
  finally(plans::Flash{"base", ""}).finally(plans::Power{plans::Power::To::off});
  std::stop_source stop;
  BootTime stopped{};
  std::jthread person([&] {
    events.wait_for_step(0);
    stopped = BootTime::now();
    stop.request_stop();
  });
  EXPECT_EQ(run(stop.get_token()).verdict, Verdict::cancelled);
  EXPECT_EQ(events.ended(1).state, StepState::lab_error) << "it hung until its deadline";
  EXPECT_EQ(events.ended(2).state, StepState::passed);
  EXPECT_LT(BootTime::now() - stopped, safe_state_limit / 2);
}

// The lease is over soon after the stop: a `finally` that hangs must not use up
// the time for switching off, nor switching off begin its time anew.
TEST_F(Stopped, FinallyAndSwitchingOffShareTheTimeThatThereIs) {
  board.faults.blocked = "reset";
  started().expect("never printed", 1min);
  finally(plans::Reset{});
  std::stop_source stop;
  BootTime stopped{};
  std::jthread person([&] {
    events.wait_for_step(3);
    stopped = BootTime::now();
    stop.request_stop();
  });
  EXPECT_EQ(run(stop.get_token()).verdict, Verdict::cancelled);
  EXPECT_EQ(events.ended(4).state, StepState::lab_error) << "it hung until its deadline";
  EXPECT_FALSE(board.powered());
  EXPECT_GE(BootTime::now() - stopped, safe_state_limit / 2);
  EXPECT_LE(BootTime::now() - stopped, safe_state_limit);
}

TEST_F(Stopped, InFinallyEndsThatStepOnly) {
  board.faults.blocked = "reset";
  started();
  finally(plans::Reset{}).finally(plans::Flash{"base", "", true});
  EXPECT_EQ(run_stopped_at("reset").verdict, Verdict::cancelled);
  EXPECT_EQ(events.ended(3).state, StepState::cancelled);
  EXPECT_EQ(events.ended(4).state, StepState::passed);
}

TEST_F(Stopped, BoardsAreSwitchedOffAfterALabError) {
  started().reset();
  board.faults.failing["reset"] = {Cause::device, "no answer"};
  EXPECT_EQ(run().verdict, Verdict::lab_error);
  EXPECT_FALSE(board.powered());
  EXPECT_TRUE(left_on.empty());
}

TEST_F(Stopped, BoardThatCannotBeSwitchedOffIsNoted) {
  started();
  board.faults.failing["power.off"] = {Cause::device, "relay does not answer"};
  spec.steps[1].action = plans::Power{plans::Power::To::on};
  EXPECT_EQ(run().verdict, Verdict::passed);
  const auto notes = events.all<evidence::Note>();
  ASSERT_EQ(notes.size(), 1U);
  EXPECT_EQ(notes[0].text, "could not be switched off: relay does not answer");
  EXPECT_EQ(left_on, std::vector<std::string>{board.id()});
}

}  // namespace assay::executor::test
