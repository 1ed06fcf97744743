// Whose fault it is: docs/VERDICTS.md, line by line.
#include "bench.hpp"

namespace assay::executor::test {

using evidence::Finding;
using evidence::StepState;
using evidence::Verdict;
using namespace std::chrono_literals;

constexpr std::string_view healthy =
    "; console, power, flash and reset are healthy, so this is the product's failure";

TEST_F(Bench, HangingProgramIsTheProductsFailureWithTheLinesThatShowIt) {
  artifact("hang", signed_image({2, 0, 1, 0}, "hang"));
  started().update("hang").reset().expect("boot.swap.test").expect("app.ready", soon);
  const auto end = run();
  EXPECT_EQ(end.verdict, Verdict::failed);
  EXPECT_EQ(end.step, 6);
  EXPECT_FALSE(end.retry_elsewhere);
  EXPECT_EQ(end.sentence,
            "v2.0.1 was started (Jumping to the first image slot) but app.ready was not seen "
            "within 60 ms" +
                std::string(healthy));
  EXPECT_NE(events.shown_by(6).find("I: Jumping to the first image slot"), std::string::npos);
  ASSERT_EQ(events.ended(6).findings.size(), 1U);
  EXPECT_EQ(events.ended(6).findings[0].observed, "not seen");
}

TEST_F(Bench, WrongSwapTypeIsNamed) {
  started().reset().expect("boot.swap.test", soon);
  EXPECT_EQ(run().sentence,
            "the console said \"Image index: 0, Swap type: none\" where boot.swap.test (test) was "
            "expected" +
                std::string(healthy));
}

TEST_F(Bench, SilenceAfterAResetIsNamed) {
  flash("base").cycle().expect("app.ready");
  artifact("hang", signed_image({3, 0, 0, 0}, "hang"));
  add(plans::Power{plans::Power::To::off}).expect("app.ready", soon);
  EXPECT_EQ(run().sentence,
            "after the power off the console said nothing but app.ready was not seen within 60 ms" +
                std::string(healthy));
}

TEST_F(Bench, JobsDeadlineEndsAWait) {
  spec.deadline = 300ms;
  started().expect("never printed", 1min);
  EXPECT_EQ(run().sentence,
            "v1.0.0 was started (Jumping to the first image slot) but never printed was not seen "
            "before the job's "
            "deadline of 300 ms" +
                std::string(healthy));
}

TEST_F(Bench, DeadlinesAreScaledByTheBoardType) {
  spec.roles[0].profile.deadline_factor = 3;
  started().expect("never printed", 20ms);
  const auto begin = BootTime::now();
  const auto end = run();
  EXPECT_GE(BootTime::now() - begin, 60ms);
  EXPECT_NE(end.sentence.find("not seen within 60 ms"), std::string::npos) << end.sentence;
}

// An expectation is missing, and one ability after the other is not healthy.
class Unhealthy : public Bench, public ::testing::WithParamInterface<std::string> {};

TEST_P(Unhealthy, MissingLineIsTheLabsError) {
  board.faults.unhealthy[GetParam()] = {Cause::device, "no answer from its device"};
  started().expect("never printed", soon);
  const auto end = run();
  EXPECT_EQ(end.verdict, Verdict::lab_error);
  EXPECT_TRUE(end.retry_elsewhere);
  EXPECT_EQ(
      end.sentence,
      "v1.0.0 was started (Jumping to the first image slot) but never printed was not seen "
      "within 60 ms, but the " +
          GetParam() +
          " of b1 is not healthy: no answer from its device; this says nothing about the product");
  EXPECT_FALSE(board.powered());
}
TEST_P(Unhealthy, SilentSmpIsTheLabsError) {
  board.faults.unhealthy[GetParam()] = {Cause::unavailable, "its host is gone"};
  board.faults.smp_silent = true;
  started().add(plans::Confirm{soon});
  EXPECT_EQ(run().verdict, Verdict::lab_error);
}
TEST_P(Unhealthy, DisagreementIsTheLabsErrorThen) {
  board.faults.unhealthy[GetParam()] = {Cause::device, "reads rubbish"};
  board.faults.flash_lies = true;
  started().running("base");
  EXPECT_EQ(run().verdict, Verdict::lab_error);
}
TEST_P(Unhealthy, AbsenceProvesNothing) {
  board.faults.unhealthy[GetParam()] = {Cause::device, "no answer"};
  started().absent("never printed", soon);
  EXPECT_EQ(run().verdict, Verdict::lab_error);
}
INSTANTIATE_TEST_SUITE_P(Abilities, Unhealthy,
                         ::testing::Values("console", "power", "flash", "reset"));

// A board of which nothing can be read back: its switch, its flash and its console
// may show that it lives, in every combination.
class Desk : public Bench, public ::testing::WithParamInterface<std::tuple<bool, bool, bool>> {
 public:
  Desk() {
    const auto [speaks, status, reads] = GetParam();
    board.faults.unproven = {"console", "flash", "reset"};
    if (!status) board.faults.unproven.insert("power");
    board.faults.cannot_read_back = !reads;
    if (!speaks) board.faults.dumb_from = "power.off";
    lives_ = speaks || status || reads;
    artifact("hang", signed_image({3, 0, 0, 0}, "hang"));  // after the bootloader's lines
  }
  static constexpr std::string_view why =
      ", and nothing shows that b1 has power: its console was silent since the power cycle, its "
      "switch cannot be read back (add status: to its power in the lab file) and its flash cannot "
      "be read; this says nothing about the product";

 protected:
  bool lives_ = false;
};

TEST_P(Desk, MissingLine) {
  flash("base").cycle().expect("never printed", soon);
  const auto end = run();
  EXPECT_EQ(end.verdict, lives_ ? Verdict::failed : Verdict::lab_error);
  EXPECT_EQ(end.retry_elsewhere, !lives_);
  EXPECT_TRUE(end.sentence.ends_with("but never printed was not seen within 60 ms" +
                                     std::string(lives_ ? healthy : why)))
      << end.sentence;
}
TEST_P(Desk, SilentSmp) {
  board.faults.smp_silent = true;
  flash("base").cycle().add(plans::Confirm{soon});
  EXPECT_EQ(run().verdict, lives_ ? Verdict::failed : Verdict::lab_error);
}
TEST_P(Desk, AbsentLine) {
  flash("base").cycle().absent("never printed", soon);
  const auto end = run();
  EXPECT_EQ(end.verdict, lives_ ? Verdict::passed : Verdict::lab_error);
  EXPECT_EQ(end.sentence, lives_ ? "" : "never printed stayed away" + std::string(why));
}
TEST_P(Desk, NothingIsAskedOfABoardThatIsOff) {
  add(plans::Power{plans::Power::To::off}).absent("never printed", soon);
  EXPECT_EQ(run().verdict, Verdict::passed);
}
INSTANTIATE_TEST_SUITE_P(SignsOfLife, Desk,
                         ::testing::Combine(::testing::Bool(), ::testing::Bool(),
                                            ::testing::Bool()));

TEST_F(Bench, LifeBeforeTheStartProvesNothing) {
  board.faults.unproven = {"console", "power", "flash", "reset"};
  board.faults.failing["flash.read"] = {Cause::device, "probe is gone"};
  board.faults.dumb_from = "reset";
  started().reset().expect("app.ready", soon);
  const auto end = run();
  EXPECT_EQ(end.verdict, Verdict::lab_error);
  EXPECT_EQ(end.sentence,
            "after the reset the console said nothing but app.ready was not seen within 60 ms, and "
            "nothing shows that b1 has power: its console was silent since the reset, its switch "
            "cannot be read back (add status: to its power in the lab file) and its flash cannot "
            "be read (probe is gone); this says nothing about the product");
}

TEST_F(Bench, LockupIsTheProductsFailureAtOnce) {
  board.faults.locks_up = true;
  flash("base").cycle().expect("app.ready", 1min);
  const auto end = run();
  EXPECT_EQ(end.verdict, Verdict::failed);
  EXPECT_EQ(
      end.sentence,
      "the program locked up before app.ready was seen: qemu: fatal: Lockup: can't escalate 3 "
      "to HardFault; this is the product's failure");
}

TEST_F(Bench, LockupEndsSmpAndAssertionsAndAbsenceToo) {
  board.faults.locks_up = true;
  for (const plans::Action& action :
       {plans::Action(plans::Confirm{1min}), plans::Action(plans::AssertRunning{"base", {}, 1min}),
        plans::Action(plans::Expect{marker("never printed"), true, 1min})}) {
    spec.steps.clear();
    flash("base").cycle().add(action);
    const auto end = run();
    EXPECT_EQ(end.verdict, Verdict::failed) << end.sentence;
    EXPECT_TRUE(end.sentence.starts_with("the program locked up before ")) << end.sentence;
  }
}

TEST_F(Bench, LockupOfTheProgramBeforeDoesNotCount) {
  board.faults.locks_up = true;
  flash("base").cycle().expect("boot.jump");
  cycle().expect("boot.jump");
  EXPECT_EQ(run().verdict, Verdict::passed);
}

TEST_F(Bench, BoardThatIsGoneWakesTheStepAtOnce) {
  started().expect("never printed", 1min);
  std::jthread lab([&] {
    events.wait_for_step(3);
    board.raise({abilities::Incident::Kind::gone, "its host was killed by signal 9"});
  });
  const auto end = run();
  EXPECT_EQ(end.verdict, Verdict::lab_error);
  EXPECT_TRUE(end.retry_elsewhere);
  EXPECT_EQ(
      end.sentence,
      "the lab lost b1 before never printed was seen: its host was killed by signal 9; this says "
      "nothing about the product");
  EXPECT_FALSE(board.powered());
}

TEST_F(Bench, BoardThatIsGoneInAnyOperation) {
  for (const std::string operation :
       {"flash.write", "power.off", "power.on", "reset", "console.write", "flash.read"}) {
    board.change([&](Faults& faults) { faults = {.lost_at = operation}; });
    spec.steps.clear();
    started().reset().running("base");
    const auto end = run();
    EXPECT_EQ(end.verdict, Verdict::lab_error) << operation << ": " << end.sentence;
    EXPECT_TRUE(end.sentence.starts_with("the lab lost b1 before ")) << end.sentence;
    board.change([](Faults& faults) { faults = {}; });
  }
}

TEST_F(Bench, ErrorsOfAbilities) {
  struct Case {
    Cause cause;
    Verdict verdict;
    bool elsewhere;
  };
  for (const auto& [cause, verdict, elsewhere] : {
           Case{Cause::device, Verdict::lab_error, true},
           Case{Cause::unavailable, Verdict::lab_error, true},
           Case{Cause::timeout, Verdict::lab_error, true},
           Case{Cause::refused, Verdict::lab_error, true},
           Case{Cause::invalid, Verdict::lab_error, false},
           Case{Cause::guest, Verdict::failed, false},
       }) {
    for (const std::string operation : {"flash.write", "power.on", "power.is_on", "reset"}) {
      board.change([&](Faults& faults) { faults.failing = {{operation, {cause, "as it said"}}}; });
      spec.steps.clear();
      add(plans::Flash{"base", "", true}).cycle().expect("app.ready").reset();
      const auto end = run();
      EXPECT_EQ(end.verdict, verdict) << operation << ": " << end.sentence;
      EXPECT_EQ(end.retry_elsewhere, elsewhere) << operation << ": " << end.sentence;
    }
  }
}

TEST_F(Bench, SwitchThatDoesNotSwitchIsFound) {
  started();
  board.faults.power_stuck = true;
  add(plans::Power{plans::Power::To::off});
  std::jthread talk([this](const std::stop_token& stop) {
    events.wait_for_step(1);
    while (!stop.stop_requested()) {
      board.say("tick\n");
      std::this_thread::sleep_for(20ms);
    }
  });
  const auto end = run();
  EXPECT_EQ(end.verdict, Verdict::lab_error);
  EXPECT_EQ(end.sentence,
            "power cycling b1: switched off, but its console goes on: the switch does not cut this "
            "board's power");
}

TEST_F(Bench, RefusedUploadIsTheProducts) {
  board.faults.refuses_upload = true;
  started().update("update");
  const auto end = run();
  EXPECT_EQ(end.verdict, Verdict::failed);
  EXPECT_TRUE(end.sentence.starts_with(
      "the device refused the upload of update: img upload: image group error 30"))
      << end.sentence;
}

TEST_F(Bench, SilentSmpOfAHealthyBoardIsTheProducts) {
  board.faults.smp_silent = true;
  started().add(plans::Confirm{soon});
  const auto end = run();
  EXPECT_EQ(end.verdict, Verdict::failed);
  EXPECT_EQ(end.sentence,
            "the device did not answer the confirmation within 60 ms (img confirm: no answer to 1 "
            "request)" +
                std::string(healthy));
}

// Three channels that can disagree: each lies in turn.
TEST_F(Bench, ConsoleLies) {
  board.faults.says_lie = true;
  board.faults.says_instead = "Jul  1 2026";  // what the update says
  started().running("base");
  const auto end = run();
  EXPECT_EQ(end.verdict, Verdict::failed);
  EXPECT_EQ(
      end.sentence,
      "the channels disagree on whether base (v1.0.0) runs: smp and flash say that it does, but "
      "console says \"Jul  1 2026\", which stands in update" +
          std::string(healthy));
  const auto findings = events.ended(3).findings;
  ASSERT_EQ(findings.size(), 3U);
  EXPECT_EQ(findings[0].says, Finding::Says::disagrees);
  EXPECT_EQ(findings[1].says, Finding::Says::agrees);
  EXPECT_EQ(findings[2].says, Finding::Says::agrees);
}
TEST_F(Bench, SmpLies) {
  board.faults.smp_lies = true;
  started().running("base");
  const auto end = run();
  EXPECT_EQ(end.verdict, Verdict::failed);
  EXPECT_TRUE(end.sentence.starts_with(
      "the channels disagree on whether base (v1.0.0) runs: console and flash say that "
      "it does, but smp says v1.0.0 (hash "))
      << end.sentence;
  // It printed nothing while it was asked: how it started is what there is to see.
  EXPECT_NE(events.shown_by(3).find("I: Jumping to the first image slot"), std::string::npos);
}
TEST_F(Bench, FlashLies) {
  board.faults.flash_lies = true;
  started().running("base");
  const auto end = run();
  EXPECT_EQ(end.verdict, Verdict::failed);
  EXPECT_TRUE(end.sentence.starts_with(
      "the channels disagree on whether base (v1.0.0) runs: console and smp say that it "
      "does, but flash says v1.0.0 (hash "))
      << end.sentence;
  EXPECT_NE(end.sentence.find("differs from byte 0x200 on"), std::string::npos) << end.sentence;
}
TEST_F(Bench, UnknownIdentityDisagrees) {
  board.faults.says_lie = true;
  board.faults.says_instead = "yesterday";
  started().running("base");
  EXPECT_NE(run().sentence.find("but console says \"yesterday\";"), std::string::npos);
}
TEST_F(Bench, ConfirmationIsComparedWhenAsked) {
  started().running("base", false);
  const auto end = run();
  EXPECT_EQ(end.verdict, Verdict::failed);
  EXPECT_NE(end.sentence.find("console and flash say that it does, but smp says v1.0.0"),
            std::string::npos);
}
TEST_F(Bench, SmpSilenceFailsAnAssertion) {
  board.faults.smp_silent = true;
  started().running("base", {}, soon);
  const auto end = run();
  EXPECT_EQ(end.verdict, Verdict::failed);
  EXPECT_EQ(end.sentence,
            "base (v1.0.0) was expected to run; the program did not answer SMP (img state: no "
            "answer to 1 "
            "request)" +
                std::string(healthy));
}
TEST_F(Bench, BrokenFlashAbilityWithTwoOthersStillPasses) {
  board.faults.failing["flash.read"] = {Cause::device, "probe is gone"};
  started().running("base");
  EXPECT_EQ(run().verdict, Verdict::passed);
  EXPECT_EQ(events.ended(3).findings[2].observed, "probe is gone");
}
TEST_F(Bench, TooFewChannelsIsNoPass) {
  board.faults.failing["flash.read"] = {Cause::device, "probe is gone"};
  spec.roles[0].profile.abilities = {"power", "flash", "console", "reset"};  // no SMP
  started().running("base");
  auto end = run();
  EXPECT_EQ(end.verdict, Verdict::lab_error);
  EXPECT_TRUE(end.retry_elsewhere);
  EXPECT_EQ(end.sentence, "asking the flash whether base (v1.0.0) runs: probe is gone");
  board.faults.failing.clear();
  board.faults.cannot_read_back = true;
  end = run();
  EXPECT_EQ(end.verdict, Verdict::lab_error);
  EXPECT_FALSE(end.retry_elsewhere);
  EXPECT_EQ(end.sentence,
            "two channels must tell whether base (v1.0.0) runs, and too few can (smp: the board "
            "type does "
            "not speak SMP and flash: this flasher cannot read back)");
}
TEST_F(Bench, PrintsOfTheArtifactDecides) {
  spec.artifacts[0].prints = "hello from v1";
  spec.artifacts[1].prints = "hello from v2";
  board.faults.boot_line = "hello from v1";
  started().running("base");
  EXPECT_EQ(run().verdict, Verdict::passed);
  board.faults.boot_line = "hello from v2";
  const auto end = run();
  EXPECT_NE(end.sentence.find("smp and flash say that it does, but console says hello from v2"),
            std::string::npos)
      << end.sentence;
}

TEST_F(Bench, NeverEndsTheAttemptAtOnce) {
  spec.never = {marker("boot.no-image")};
  flash("base");
  artifact("empty", Bytes(16, 0xFF));
  flash("empty").cycle().expect("app.ready", 1min);
  const auto end = run();
  EXPECT_EQ(end.verdict, Verdict::failed);
  EXPECT_EQ(end.sentence.substr(0, end.sentence.find(" during")),
            "boot.no-image must never be seen, but dut's console said \"E: Unable to find bootable "
            "image\"");
  const auto step = static_cast<std::uint32_t>(end.step);
  EXPECT_EQ(events.shown_by(step), "E: Unable to find bootable image\r\n");
}
TEST_F(Bench, NeverCountsWhateverTheCursorSays) {
  spec.never = {marker("oops")};
  board.faults.boot_line = "oops";
  started();  // app.ready comes after it, and is seen
  EXPECT_EQ(run().verdict, Verdict::failed);
}
TEST_F(Bench, AbsentIsFailedByTheLine) {
  started().reset().absent("app.ready", 10s);
  const auto end = run();
  EXPECT_EQ(end.verdict, Verdict::failed);
  EXPECT_EQ(end.sentence,
            "app.ready must not be seen, but the console said \"[00:00:00.003,049] <inf> "
            "smp_sample: build "
            "time: Jun  3 2026\"");
}
TEST_F(Bench, AbsentPassesWhenHealthy) {
  started().absent("app.ready", soon);
  EXPECT_EQ(run().verdict, Verdict::passed);
}

}  // namespace assay::executor::test
