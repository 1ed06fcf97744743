#include "virtual_usb/ykush.hpp"

#include "switch_fixture.hpp"

namespace assay::usb_test {
namespace {

using virtual_usb::Ykush;

class YkushTest : public SwitchTest, public testing::WithParamInterface<Ykush::Product> {};

TEST_P(YkushTest, SwitchesAndReadsBack) {
  const auto board = plug<Ykush>("1-1", GetParam());
  const unsigned port = GetParam() == Ykush::xs ? 1 : 2;
  const auto relay = make("ykush", {{"serial", "YK20001"}, {"channel", port}});
  EXPECT_EQ(relay->power()->is_on(order()).value(), true);
  ASSERT_TRUE(relay->power()->off(order()));
  EXPECT_EQ(board->powered, 0x07 & ~(1U << (port - 1)));
  EXPECT_EQ(relay->power()->is_on(order()).value(), false);
  ASSERT_TRUE(relay->power()->on(order()));
  EXPECT_EQ(board->powered, 0x07);
}
INSTANTIATE_TEST_SUITE_P(Products, YkushTest,
                         testing::Values(Ykush::ykush, Ykush::legacy, Ykush::xs, Ykush::ykush3));

TEST_F(SwitchTest, YkushXsHasOnePort) {
  plug<Ykush>("1-1", Ykush::xs);
  EXPECT_EQ(fault("ykush", {{"channel", 2}}),
            "YKUSH YK20001 at 1-1: it has 1 channel, so 'channel' cannot be 2");
}

}  // namespace
}  // namespace assay::usb_test
