// The recovery ladder, on a board that gets well by one of its rungs.
#include "session/ladder.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "base/file.hpp"
#include "hosts/launcher.hpp"

namespace assay::session {
namespace {

using plans::Rung;
using testing::ElementsAre;

class LadderTest : public testing::Test {
 protected:
  LadderTest() : folder_(*TempFolder::make("ladder-test-")) {
    const auto time = Wait::for_(std::chrono::seconds(20));
    launcher_ = std::move(*hosts::Launcher::start(HOST_PROGRAM, folder_.path().filename(), time));
    profile_.recovery = {Rung::reset_probe, Rung::power_cycle, Rung::hub_cycle, Rung::golden};
    facts_.golden = "/images/golden.bin";
  }

  // A board whose flash works once `cure` was taken.
  std::string climb(const std::string& cure) {
    const auto params =
        nlohmann::json{
            {"cure", cure}, {"folder", folder_.path().string()}, {"mux", muxed_ ? "yes" : "no"}}
            .dump();
    std::vector<std::string> abilities{"power", "flash"};
    if (muxed_) abilities.emplace_back("mux");
    facts_.devices = {{"d", "ill", "", abilities, params, {}}};
    auto board = hosts::HostedBoard::make(
        *launcher_, {.id = "b1",
                     .devices = {{"d", "ill", abilities, params}, {"hub", "ill", {"hub"}, params}},
                     .host_argv = {HOST_PROGRAM},
                     .state_folder = folder_.path() / "state"});
    if (!board) return board.error().text;
    Ladder ladder(**board, facts_, profile_, [] { return 1; }, {});
    const std::string why = ladder.climb();
    told_ = ladder.told();
    const abilities::Order order{1, Wait::for_(std::chrono::seconds(20))};
    EXPECT_EQ((*board)->power()->is_on(order).value(), std::optional(false));
    if (muxed_) side_ = (*board)->mux()->side(order).value();
    return why;
  }

  TempFolder folder_;
  std::unique_ptr<hosts::Launcher> launcher_;
  plans::LabBoard facts_;
  plans::Profile profile_;
  std::vector<std::string> told_;
  bool muxed_ = false;
  std::optional<abilities::Mux::Side> side_;  // in the end
};

constexpr const char* ill = "flash does not work: the probe hangs";

TEST_F(LadderTest, AProbeThatHangsIsReset) {
  EXPECT_EQ(climb("reset-probe"), "");
  EXPECT_THAT(told_, ElementsAre(std::string("device hosts started anew: ") + ill,
                                 "probe reset: it works"));
}

TEST_F(LadderTest, TheFirstRungThatHelpsIsTheLast) {
  EXPECT_EQ(climb("power-cycle"), "");
  EXPECT_THAT(told_, ElementsAre(std::string("device hosts started anew: ") + ill,
                                 std::string("probe reset: ") + ill, "power cycle: it works"));
}

TEST_F(LadderTest, TheHubsPortComesAfterTheBoardsOwnSupply) {
  EXPECT_EQ(climb("hub-cycle"), "");
  ASSERT_EQ(told_.size(), 4U);
  EXPECT_EQ(told_.back(), "hub port cycle: it works");
}

TEST_F(LadderTest, TheGoldenImageIsTheLastResort) {
  EXPECT_EQ(climb("golden"), "");
  ASSERT_EQ(told_.size(), 5U);
  EXPECT_EQ(told_.back(), "golden image written: it works");
}

TEST_F(LadderTest, TheGoldenImageOfADiskGoesByWayOfThisMachine) {
  muxed_ = true;
  EXPECT_EQ(climb("golden"), "");
  EXPECT_EQ(told_.back(), "golden image written: it works");
  EXPECT_EQ(side_, abilities::Mux::Side::dut);
}

TEST_F(LadderTest, WhatNothingHelpsMustNotBeUsed) {
  EXPECT_EQ(climb("nothing"), ill);
  EXPECT_EQ(told_.size(), 5U);
}

TEST_F(LadderTest, OnlyTheRungsOfTheTypeAreClimbed) {
  profile_.recovery = {Rung::power_cycle};
  EXPECT_EQ(climb("reset-probe"), ill);
  EXPECT_EQ(told_.size(), 2U);
}

TEST_F(LadderTest, WithoutAGoldenImageNoneIsWritten) {
  facts_.golden = "";
  EXPECT_EQ(climb("golden"), ill);
  EXPECT_EQ(told_.size(), 4U);
}

TEST_F(LadderTest, AChipThatAnswersNobodyIsIll) {
  profile_.flash_needs_power = true;
  profile_.recovery = {Rung::reset_probe, Rung::power_cycle};  // the first is not to be had
  EXPECT_EQ(climb("unreachable"),
            "its probe does not reach the chip although the board is switched on");
  EXPECT_EQ(told_.size(), 2U);
  // One that needs no power to be reached says nothing by not answering.
  profile_.flash_needs_power = false;
  EXPECT_EQ(climb("unreachable"), "");
}

}  // namespace
}  // namespace assay::session
