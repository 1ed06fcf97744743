#include "virtual_usb/ftdi.hpp"

#include "switch_fixture.hpp"

namespace assay::usb_test {
namespace {

using virtual_usb::FtdiChip;

TEST_F(SwitchTest, Ft245rLeavesTheOtherChannelsAlone) {
  const auto chip = plug<FtdiChip>("1-1", "A6001");
  chip->levels = 0b1001'0000;
  const auto relay = make("ft245r", {{"serial", "A6001"}, {"channel", 2}});
  EXPECT_EQ(relay->power()->is_on(order()).value(), false);
  ASSERT_TRUE(relay->power()->on(order()));
  EXPECT_EQ(chip->levels, 0b1001'0010U);
  EXPECT_EQ(chip->mode, 1U);
  EXPECT_EQ(relay->power()->is_on(order()).value(), true);
  ASSERT_TRUE(relay->power()->off(order()));
  EXPECT_EQ(chip->levels, 0b1001'0000U);
  EXPECT_EQ(relay->about("power"), "FT245R relay board A6001 at 1-1, channel 2");
}

TEST_F(SwitchTest, Ft245rLosesNothingBetweenTwoProcesses) {
  const auto chip = plug<FtdiChip>("1-1", "A6001");
  chip->levels = 0b1000'0000;
  switch_at_once("ft245r", {{"serial", "A6001"}, {"channel", 1}},
                 {{"serial", "A6001"}, {"channel", 2}}, 15);
  EXPECT_EQ(chip->levels, 0b1000'0000U);
}

TEST_F(SwitchTest, Ft245rNeedsToBeToldWhich) {
  EXPECT_EQ(refusal("ft245r", {{"channel", 1}}),
            "driver ft245r: give 'serial' or 'port': 0403:6001 is also the id of many serial "
            "adapters");
}

// What libftdi calls -1.
TEST_F(SwitchTest, FtdiFaultsAreNamed) {
  class Deaf final : public FtdiChip {
   public:
    Deaf() : FtdiChip("A6001") {}
    virtual_usb::Answer control(const virtual_usb::SetupPacket& setup, ByteView out) override {
      if (setup.request == 0x0B) return {virtual_usb::Answer::Kind::stall};
      return FtdiChip::control(setup, out);
    }
  };
  plug<Deaf>("1-1");
  EXPECT_EQ(fault("ft245r", {{"port", "1-1"}, {"channel", 1}}),
            "FT245R relay board A6001 at 1-1: it refused a request (stall)");
  const auto relay = make("ft245r", {{"serial", "A6001"}, {"channel", 1}});
  ASSERT_TRUE(relay->power()->is_on(order()));
  ASSERT_TRUE(bed.detach("1-1"));
  EXPECT_EQ(error_of(relay->power()->is_on(order())),
            "no FT245R relay board with serial 'A6001' is attached");
}

TEST_F(SwitchTest, CbusPinsOfOneAdapterLeaveEachOtherAlone) {
  const auto chip = plug<FtdiChip>("1-1", "DN01", 0x6015, "FT230X Basic UART");
  chip->levels = 0b1000;  // an input that is high
  const auto make_pin = [&](unsigned pin) {
    return make("ftdi-cbus", {{"serial", "DN01"}, {"channel", pin}, {"outputs", "0 2"}});
  };
  const auto one = make_pin(0), two = make_pin(2);
  ASSERT_TRUE(one->power()->on(order()));
  EXPECT_EQ(chip->outputs, 0b0101U);
  EXPECT_EQ(chip->levels, 0b1001U);
  ASSERT_TRUE(two->power()->on(order()));
  ASSERT_TRUE(one->power()->off(order()));
  EXPECT_EQ(chip->levels, 0b1100U);
  EXPECT_EQ(two->power()->is_on(order()).value(), true);
  EXPECT_EQ(two->about("power"), "FTDI adapter DN01 at 1-1, CBUS 2");
}

TEST_F(SwitchTest, CbusRefusesPinsThatAreNot) {
  EXPECT_EQ(refusal("ftdi-cbus", {{"port", "1-1"}, {"channel", 4}}),
            "driver ftdi-cbus: 'channel' must be from 0 to 3");
  EXPECT_EQ(refusal("ftdi-cbus", {{"port", "1-1"}, {"channel", 0}, {"outputs", "7"}}),
            "driver ftdi-cbus: 'outputs' must be CBUS pins from 0 to 3, such as '0 2'");
}

}  // namespace
}  // namespace assay::usb_test
