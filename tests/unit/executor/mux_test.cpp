// A board whose disk hangs on a mux: written while it is off, and its own again before
// it is switched on.
#include <gmock/gmock.h>

#include "bench.hpp"

namespace assay::executor::test {

using evidence::StepState;
using evidence::Verdict;
using Says = evidence::Finding::Says;
using testing::ElementsAre;
using testing::HasSubstr;

class Muxed : public Bench {
 public:
  Muxed() {
    board.faults.has_mux = true;
    spec.roles[0].profile.abilities.emplace_back("mux");
  }
  // What was done to the board, without what only looks.
  [[nodiscard]] std::vector<std::string> acts() const {
    auto all = board.history();
    std::erase_if(all, [](const auto& done) {
      return !done.starts_with("mux.") && !done.starts_with("power.o") &&
             !done.starts_with("flash.");
    });
    std::erase(all, "mux.side");
    return all;
  }
  [[nodiscard]] std::vector<std::string> notes() const {
    std::vector<std::string> all;
    for (const auto& note : events.all<evidence::Note>()) all.push_back(note.text);
    return all;
  }
};

TEST_F(Muxed, DiskIsWrittenByWayOfThisMachineAndTheBoardLeftOff) {
  flash("base");
  EXPECT_EQ(run().verdict, Verdict::passed) << events.ended(0).sentence;
  EXPECT_THAT(acts(),
              ElementsAre("power.off", "mux.host", "flash.write chip", "mux.dut", "power.off"));
  EXPECT_THAT(notes(),
              testing::IsSupersetOf({"the disk of b1 is switched to this machine (read back)",
                                     "the disk of b1 is switched to the board (read back)"}));
  const auto edges = events.all<evidence::PowerEdge>();
  ASSERT_FALSE(edges.empty());
  EXPECT_FALSE(edges[0].on);
  EXPECT_FALSE(board.powered());
}

TEST_F(Muxed, WhatIsOnADiskIsNeverTakenToBeThere) {
  flash("base").flash("base");
  EXPECT_EQ(run().verdict, Verdict::passed);
  EXPECT_FALSE(events.ended(1).already_there);
  EXPECT_EQ(testing::Matches(testing::Not(testing::Contains("flash.read")))(acts()), true);
}

TEST_F(Muxed, BoardGetsItsDiskBeforeItsPower) {
  add(plans::Power{plans::Power::To::on});
  EXPECT_EQ(run().verdict, Verdict::passed) << events.ended(0).sentence;
  EXPECT_THAT(acts(), ElementsAre("mux.dut", "power.on", "power.off"));
}

TEST_F(Muxed, MuxThatGoesBackIsTheLabsFault) {
  board.faults.mux_goes_back_at = "power.on";
  add(plans::Power{plans::Power::To::on});
  const auto end = run();
  EXPECT_EQ(end.verdict, Verdict::lab_error);
  EXPECT_EQ(end.sentence,
            "switching b1 on: its mux went back to this machine while it was switched on, so it "
            "starts without its disk: has it power, and fast enough? An SDWire goes back after "
            "half a second");
}

TEST_F(Muxed, MuxThatDoesNotSwitchIsTheLabsFaultAndNothingIsWritten) {
  board.faults.mux_stuck = true;
  add(plans::Power{plans::Power::To::on});
  const auto end = run();
  EXPECT_EQ(end.verdict, Verdict::lab_error);
  EXPECT_EQ(end.sentence,
            "switching b1 on: its mux was switched to the board, but it reads back as switched to "
            "this machine");
  EXPECT_THAT(acts(), testing::Not(testing::Contains("power.on")));
}

TEST_F(Muxed, DiskThatFailsGoesBackToTheBoardAllTheSame) {
  board.faults.failing["flash.write"] = {Cause::device, "sdb: writing at byte 0: I/O error"};
  flash("base");
  const auto end = run();
  EXPECT_EQ(end.verdict, Verdict::lab_error);
  EXPECT_EQ(end.sentence, "flashing base to b1: sdb: writing at byte 0: I/O error");
  EXPECT_THAT(acts(),
              ElementsAre("power.off", "mux.host", "flash.write chip", "mux.dut", "power.off"));
}

TEST_F(Muxed, BoardThatCannotBeSwitchedOffKeepsItsDisk) {
  board.faults.failing["power.off"] = {Cause::device, "the relay is gone"};
  flash("base");
  const auto end = run();
  EXPECT_EQ(end.verdict, Verdict::lab_error);
  EXPECT_EQ(end.sentence, "switching b1 off: the relay is gone");
  EXPECT_THAT(acts(), testing::Not(testing::Contains("mux.host")));
}

TEST_F(Muxed, MuxThatCannotBeReadIsToldAsThat) {
  board.faults.mux_unread = true;
  flash("base");
  EXPECT_EQ(run().verdict, Verdict::passed) << events.ended(0).sentence;
  EXPECT_THAT(notes(), testing::Contains("the disk of b1 is switched to this machine (this mux "
                                         "cannot be read back)"));
}

TEST_F(Muxed, StopEndsWritingAndLeavesTheBoardOff) {
  board.faults.blocked = "flash.write";
  flash("base");
  std::stop_source stop;
  std::jthread person([&] {
    board.wait_for("flash.write");
    stop.request_stop();
  });
  EXPECT_EQ(run(stop.get_token()).verdict, Verdict::cancelled);
  EXPECT_FALSE(board.powered());
}

TEST_F(Muxed, TimeForWritingIsThePlans) {
  board.faults.blocked = "flash.write";
  add(plans::Flash{"base", "", false, "", soon});
  const auto end = run();
  EXPECT_EQ(end.verdict, Verdict::lab_error);
  EXPECT_EQ(end.sentence, "flashing base to b1: timed out");
}

TEST_F(Muxed, MissingExpectationIsNotTheProductsWhenTheMuxIsSick) {
  started();
  board.faults.unhealthy["mux"] = {Cause::device, "SDWire: was switched to dut, but it reads host"};
  expect("never.comes", soon);
  const auto end = run();
  EXPECT_EQ(end.verdict, Verdict::lab_error);
  EXPECT_THAT(end.sentence, HasSubstr("the mux of b1 is not healthy: SDWire: was switched to dut"));
}

class MuxChecked : public Muxed {};

TEST_F(MuxChecked, GoodMuxPassesAndTheDiskIsLeftWithTheBoard) {
  EXPECT_EQ(check().verdict, Verdict::passed) << events.ended(1).sentence;
  EXPECT_THAT(found(Says::agrees), testing::IsSupersetOf({"mux: its device answers",
                                                          "mux: to this machine: the disk comes",
                                                          "mux: to the board: the disk goes"}));
  const auto all = acts();
  EXPECT_EQ(*std::find_if(all.rbegin(), all.rend(),
                          [](const auto& one) { return one.starts_with("mux."); }),
            "mux.dut");
}

TEST_F(MuxChecked, DiskOfAnotherMuxIsFound) {
  board.faults.disk_stays = true;
  const auto end = check();
  EXPECT_EQ(end.verdict, Verdict::lab_error);
  EXPECT_THAT(end.sentence,
              HasSubstr("mux (to the board: the disk goes): it can still be read here: is this the "
                        "disk that hangs on this mux, and does the mux switch?"));
}

TEST_F(MuxChecked, MuxThatDoesNotSwitchIsFound) {
  board.faults.mux_stuck = true;
  add(plans::CheckBoard{});
  spec.roles[0].profile.deadline_factor = 0.2;
  const auto end = run();
  EXPECT_EQ(end.verdict, Verdict::lab_error);
  EXPECT_THAT(end.sentence,
              HasSubstr("power (it can be switched on): its mux was switched to the board, but it "
                        "reads back as switched to this machine"));
}

}  // namespace assay::executor::test
