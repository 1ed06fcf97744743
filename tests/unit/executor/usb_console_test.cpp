// A console whose port goes and comes with the board's power: built-in USB.
#include "bench.hpp"
#include "executor/interrupts.hpp"

namespace assay::executor::test {

using abilities::Incident;
using evidence::Verdict;
using namespace std::chrono_literals;

class UsbConsole : public Bench {
 public:
  UsbConsole() { board.faults.port_goes = true; }
};

TEST_F(UsbConsole, GoesAndComesWithThePower) {
  started().cycle().expect("app.ready").running("base");
  const auto end = run();
  EXPECT_EQ(end.verdict, Verdict::passed) << end.sentence;
}

TEST_F(UsbConsole, GoesAndComesWithAReset) {
  started().reset().expect("app.ready").running("base");
  const auto end = run();
  EXPECT_EQ(end.verdict, Verdict::passed) << end.sentence;
}

// Before a step that watches, and after one that has failed for its own reason.
TEST_F(UsbConsole, IsNotMissedOfABoardThatIsOff) {
  started().add(plans::Power{plans::Power::To::off}).absent("never printed", soon);
  EXPECT_EQ(run().verdict, Verdict::passed);
  started().add(plans::Power{plans::Power::To::off}).expect("never printed", soon);
  EXPECT_EQ(run().verdict, Verdict::failed);
}

TEST_F(UsbConsole, ThatDoesNotComeWithThePowerIsTheLabsError) {
  board.faults.port_stays_away_from = "power.off";
  started();
  const auto end = run();
  EXPECT_EQ(end.verdict, Verdict::lab_error);
  EXPECT_TRUE(end.retry_elsewhere);
  EXPECT_EQ(end.step, 1);
  EXPECT_EQ(end.sentence,
            "power cycling b1: ttyFAKE: No such file or directory (it was waited for 10.0 s)");
}

TEST_F(UsbConsole, ThatDoesNotComeBackFromAResetIsTheLabsError) {
  board.faults.port_stays_away_from = "reset";
  started().reset().expect("app.ready", soon);
  const auto end = run();
  EXPECT_EQ(end.verdict, Verdict::lab_error);
  EXPECT_TRUE(end.retry_elsewhere);
  EXPECT_EQ(end.sentence,
            "after the reset the console said nothing but app.ready was not seen within 60 ms, but "
            "the console of b1 is not healthy: ttyFAKE: No such file or directory (it was waited "
            "for 10.0 s); this says nothing about the product");
}

TEST_F(UsbConsole, AHostThatEndsIsAnotherMatter) {
  board.faults.lost_at = "reset";
  started().reset().expect("app.ready");
  EXPECT_EQ(run().verdict, Verdict::lab_error);
}

TEST(Interrupts, APortMayGoOnlyWhenTheBoardIsActuated) {
  const Incident gone{Incident::Kind::port_gone, "ttyFAKE: it hung up"};
  Interrupts interrupts({});
  const auto step = interrupts.begin_step({});
  interrupts.port_may_go("dut", Deadline::never());
  interrupts.incident("dut", gone);
  EXPECT_FALSE(interrupts.fault("dut"));
  EXPECT_FALSE(step.stop_requested());
  interrupts.incident("other", gone);  // which nobody has touched
  EXPECT_TRUE(interrupts.fault("other"));
  EXPECT_TRUE(step.stop_requested());

  Interrupts later({});
  later.port_may_go("dut", Deadline::after(0ms));
  later.incident("dut", gone);
  ASSERT_TRUE(later.fault("dut"));
  EXPECT_EQ(later.fault("dut")->kind, Incident::Kind::gone);
}

}  // namespace assay::executor::test
