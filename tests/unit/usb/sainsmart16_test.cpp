#include "virtual_usb/sainsmart16.hpp"

#include "switch_fixture.hpp"

namespace assay::usb_test {
namespace {

using virtual_usb::SainSmart16Relay;

TEST_F(SwitchTest, SainSmart16LeavesTheOtherChannelsAlone) {
  const auto board = plug<SainSmart16Relay>("1-1");
  for (unsigned channel = 1; channel <= 16; ++channel) {
    const auto relay = make("sainsmart16", {{"port", "1-1"}, {"channel", channel}});
    const unsigned bit = 1U << (channel - 1);
    board->closed = 0x8421;
    ASSERT_TRUE(relay->power()->on(order()));
    EXPECT_EQ(board->closed, 0x8421 | bit);
    EXPECT_EQ(relay->power()->is_on(order()).value(), true);
    ASSERT_TRUE(relay->power()->off(order()));
    EXPECT_EQ(board->closed, 0x8421 & ~bit);
  }
}

TEST_F(SwitchTest, SainSmart16LosesNothingBetweenTwoProcesses) {
  const auto board = plug<SainSmart16Relay>("1-1");
  board->closed = 0x8000;
  switch_at_once("sainsmart16", {{"port", "1-1"}, {"channel", 1}},
                 {{"port", "1-1"}, {"channel", 9}}, 15);
  EXPECT_EQ(board->closed, 0x8000);
}

TEST_F(SwitchTest, SainSmart16NeedsToBeToldWhich) {
  EXPECT_EQ(
      refusal("sainsmart16", {{"channel", 1}}),
      "driver sainsmart16: give 'serial' or 'port': 0416:5020 is also the id of LED badges and "
      "others");
}

}  // namespace
}  // namespace assay::usb_test
