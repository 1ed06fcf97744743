#include "virtual_usb/lcus_hid.hpp"

#include "switch_fixture.hpp"

namespace assay::usb_test {
namespace {

TEST_F(SwitchTest, LcusHidSwitchesAndCannotBeRead) {
  const auto board = plug<virtual_usb::LcusHidRelay>("1-1");
  board->closed = 0b1000'0000;
  const auto relay = make("lcus-hid", {{"channel", 2}});
  ASSERT_TRUE(relay->power()->on(order()));
  EXPECT_EQ(board->closed, 0b1000'0010);
  EXPECT_EQ(relay->power()->is_on(order()).value(), std::nullopt);
  ASSERT_TRUE(relay->power()->off(order()));
  EXPECT_EQ(board->closed, 0b1000'0000);
  EXPECT_EQ(relay->about("power"), "LCUS HID relay at 1-1, channel 2");
}

}  // namespace
}  // namespace assay::usb_test
