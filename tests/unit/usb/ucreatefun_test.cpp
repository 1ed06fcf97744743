#include "virtual_usb/ucreatefun.hpp"

#include "switch_fixture.hpp"

namespace assay::usb_test {
namespace {

using virtual_usb::UcreatefunRelay;

TEST_F(SwitchTest, UcreatefunSwitchesAndCannotBeRead) {
  const auto board = plug<UcreatefunRelay>("1-1");
  board->closed = 0b1000'0001;
  const auto relay = make("ucreatefun", {{"channel", 3}});
  ASSERT_TRUE(relay->power()->on(order()));
  EXPECT_EQ(board->closed, 0b1000'0101);
  EXPECT_EQ(relay->power()->is_on(order()).value(), std::nullopt);
  EXPECT_EQ(relay->check("power", order()).value(), abilities::Health::unproven);
  ASSERT_TRUE(relay->power()->off(order()));
  EXPECT_EQ(board->closed, 0b1000'0001);
}

TEST_F(SwitchTest, UcreatefunBoardsHaveOneSerialNumber) {
  plug<UcreatefunRelay>("1-1");
  const auto two = plug<UcreatefunRelay>("1-2");
  EXPECT_EQ(
      fault("ucreatefun", {{"serial", "A0001"}, {"channel", 1}}),
      "Ucreatefun relay with serial 'A0001': 2 are attached: A0001 at 1-1, A0001 at 1-2; give "
      "'port'");
  EXPECT_EQ(fault("ucreatefun", {{"port", "1-2"}, {"channel", 1}}), "no error");
  EXPECT_EQ(two->closed, 1);
}

}  // namespace
}  // namespace assay::usb_test
