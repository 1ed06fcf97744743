// The step that looks whether a board is wired as its lab file says. It never
// blames the product.
#include <gmock/gmock.h>

#include "bench.hpp"

namespace assay::executor::test {

using evidence::StepState;
using evidence::Verdict;
using Says = evidence::Finding::Says;
using testing::HasSubstr;

class Checked : public Bench {};

TEST_F(Checked, AGoodBoardPasses) {
  EXPECT_EQ(check().verdict, Verdict::passed) << events.ended(1).sentence;
  EXPECT_EQ(found(Says::disagrees), std::vector<std::string>());
  EXPECT_THAT(
      found(Says::agrees),
      testing::IsSupersetOf({"power: on: the board lives", "power: off: the board is dead",
                             "reset: the program starts anew", "flash: reads the same twice"}));
  EXPECT_FALSE(board.powered());
}

TEST_F(Checked, AProbeThatReachesTheChipWithoutPowerIsFound) {
  spec.roles[0].profile.flash_needs_power = true;  // which this board's flash does not
  const auto end = check();
  EXPECT_EQ(end.verdict, Verdict::lab_error);
  EXPECT_THAT(end.sentence,
              HasSubstr("b1 is not as its lab file says: power (off: the board is dead): its probe "
                        "still reaches the chip: the contact is welded"));
}

TEST_F(Checked, ABoardThatNothingShowsToLiveIsOnAnothersSwitch) {
  board.faults.dumb_from = "power.on";
  const auto end = check();
  EXPECT_EQ(end.verdict, Verdict::lab_error);
  EXPECT_THAT(end.sentence, HasSubstr("power (on: the board lives): nothing shows that it has "
                                      "power: is this switch wired to this board?"));
}

TEST_F(Checked, WhatADeviceSaysOfItselfIsRepeated) {
  board.faults.unhealthy["console"] = {Cause::device, "/dev/ttyX: permission denied"};
  const auto end = check();
  EXPECT_EQ(end.verdict, Verdict::lab_error);
  EXPECT_THAT(end.sentence,
              HasSubstr("console (its device answers): /dev/ttyX: permission denied"));
}

TEST_F(Checked, AFlasherThatCannotReadIsNoFault) {
  board.faults.cannot_read_back = true;
  EXPECT_EQ(check().verdict, Verdict::passed);
  EXPECT_THAT(found(Says::cannot_tell), testing::Contains("flash: reads the same twice"));
}

TEST_F(Checked, ASwitchThatFailsIsNamed) {
  board.faults.failing["reset"] = {Cause::device, "the probe's reset line is not connected"};
  const auto end = check();
  EXPECT_EQ(end.verdict, Verdict::lab_error);
  EXPECT_THAT(end.sentence, HasSubstr("reset (the program starts anew): the probe's reset line is "
                                      "not connected"));
}

TEST_F(Checked, ItEndsWhenItIsStopped) {
  flash("base").add(plans::CheckBoard{});
  board.faults.blocked = "reset";
  std::stop_source stop;
  std::jthread person([&] {
    board.wait_for("reset");
    stop.request_stop();
  });
  EXPECT_EQ(run(stop.get_token()).verdict, Verdict::cancelled);
  EXPECT_FALSE(board.powered());
}

}  // namespace assay::executor::test
