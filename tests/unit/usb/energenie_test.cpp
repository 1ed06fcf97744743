#include "virtual_usb/energenie.hpp"

#include "switch_fixture.hpp"

namespace assay::usb_test {
namespace {

using virtual_usb::EnergenieOutlets;

class EnergenieTest : public SwitchTest, public testing::WithParamInterface<std::uint16_t> {};

TEST_P(EnergenieTest, SwitchesAndReadsBack) {
  const auto strip = plug<EnergenieOutlets>("1-1", GetParam());
  const bool single = GetParam() == 0xfd10 || GetParam() == 0xfd12;
  const unsigned outlet = single ? 1 : 4;
  const auto relay = make("energenie", {{"serial", "01:01:42:07:09"}, {"channel", outlet}});
  ASSERT_TRUE(relay->power()->on(order()));
  EXPECT_EQ(strip->closed, 1U << (outlet - 1));
  EXPECT_EQ(relay->power()->is_on(order()).value(), true);
  ASSERT_TRUE(relay->power()->off(order()));
  EXPECT_EQ(strip->closed, 0);
}
INSTANTIATE_TEST_SUITE_P(Products, EnergenieTest,
                         testing::Values(0xfd10, 0xfd11, 0xfd12, 0xfd13, 0xfd15));

TEST_F(SwitchTest, EnergenieStripsAreToldApartByWhatTheyReport) {
  plug<EnergenieOutlets>("1-1", 0xfd11, Bytes{1, 2, 3, 4, 5});
  const auto two = plug<EnergenieOutlets>("1-2", 0xfd11, Bytes{1, 2, 3, 4, 6});
  EXPECT_EQ(fault("energenie", {{"serial", "01:02:03:04:06"}, {"channel", 1}}), "no error");
  EXPECT_EQ(two->closed, 1);
}

}  // namespace
}  // namespace assay::usb_test
