#include "virtual_usb/dcttech.hpp"

#include "switch_fixture.hpp"

namespace assay::usb_test {
namespace {

using virtual_usb::DctTechRelay;

TEST_F(SwitchTest, DctTechSwitchesAndReadsBack) {
  const auto board = plug<DctTechRelay>("1-1", 4U, "BITFT");
  const auto relay = make("dcttech", {{"channel", 3}});
  EXPECT_EQ(relay->power()->is_on(order()).value(), false);
  ASSERT_TRUE(relay->power()->on(order()));
  EXPECT_EQ(board->closed, 0b100);
  EXPECT_EQ(relay->check("power", order()).value(), abilities::Health::proven);
  EXPECT_EQ(relay->about("power"), "DCT-Tech relay BITFT at 1-1, channel 3");
  board->closed = 0b111;
  ASSERT_TRUE(relay->power()->off(order()));
  EXPECT_EQ(board->closed, 0b011);
}

TEST_F(SwitchTest, DctTechHasAsManyChannelsAsItsNameSays) {
  plug<DctTechRelay>("1-1", 2U);
  EXPECT_EQ(fault("dcttech", {{"channel", 3}}),
            "DCT-Tech relay BITFT at 1-1: it has 2 channels, so 'channel' cannot be 3");
  EXPECT_EQ(refusal("dcttech", {{"channel", 9}}), "driver dcttech: 'channel' must be from 1 to 8");
  EXPECT_EQ(refusal("dcttech", Json::object()), "driver dcttech: 'channel' must be from 1 to 8");
  EXPECT_EQ(refusal("dcttech", {{"channel", 1}, {"chanel", 1}}),
            "driver dcttech: unknown key 'chanel', did you mean 'channel'?");
}

TEST_F(SwitchTest, DctTechIsFoundByWhatItReports) {
  const auto one = plug<DctTechRelay>("1-1", 2U, "AAAAA");
  const auto two = plug<DctTechRelay>("1-2", 2U, "BBBBB");
  ASSERT_TRUE(make("dcttech", {{"serial", "BBBBB"}, {"channel", 1}})->power()->on(order()));
  EXPECT_EQ(one->closed, 0);
  EXPECT_EQ(two->closed, 1);
  EXPECT_EQ(fault("dcttech", {{"channel", 1}}),
            "DCT-Tech relay: 2 are attached: AAAAA at 1-1, BBBBB at 1-2; give 'serial' or 'port'");
  EXPECT_EQ(
      fault("dcttech", {{"serial", "CCCCC"}, {"channel", 1}}),
      "no DCT-Tech relay with serial 'CCCCC' is attached; there are AAAAA at 1-1, BBBBB at 1-2");
}

TEST_F(SwitchTest, DctTechBoardsOfOneNameAreToldApartByPort) {
  plug<DctTechRelay>("1-1", 2U, "BITFT");
  const auto two = plug<DctTechRelay>("1-2", 2U, "BITFT");
  EXPECT_EQ(fault("dcttech", {{"serial", "BITFT"}, {"channel", 1}}),
            "DCT-Tech relay with serial 'BITFT': 2 are attached: BITFT at 1-1, BITFT at 1-2; "
            "give 'port'");
  ASSERT_TRUE(make("dcttech", {{"serial", "BITFT"}, {"port", "1-2"}, {"channel", 2}})
                  ->power()
                  ->on(order()));
  EXPECT_EQ(two->closed, 0b10);
}

// The id belongs to whoever pays for none of their own.
TEST_F(SwitchTest, DctTechIsNotEveryDeviceOfItsId) {
  class Other final : public virtual_usb::Model {
   public:
    Other()
        : Model({.vendor = 0x16c0, .product = 0x05df, .name = "LED strip", .interfaces = {{}}}) {}
  };
  plug<Other>("1-1");
  EXPECT_EQ(fault("dcttech", {{"port", "1-1"}, {"channel", 1}}),
            "no DCT-Tech relay at port 1-1 is attached; 1-1 is 16c0:05df 'LED strip'");
}

TEST_F(SwitchTest, DctTechThatIsWeldedIsFound) {
  const auto board = plug<DctTechRelay>("1-1", 2U);
  board->welded = board->closed = 0b01;
  const auto relay = make("dcttech", {{"channel", 1}});
  EXPECT_EQ(error_of(relay->power()->off(order())),
            "DCT-Tech relay BITFT at 1-1, channel 1: power was switched off, but it reads back as "
            "on");
}

TEST_F(SwitchTest, DctTechServesTwoProcessesAtOnce) {
  const auto board = plug<DctTechRelay>("1-1", 4U);
  board->closed = 0b1000;
  switch_at_once("dcttech", {{"channel", 1}}, {{"channel", 2}}, 20);
  EXPECT_EQ(board->commands, 80U);  // none was tried again
  EXPECT_EQ(board->closed, 0b1000);
}

}  // namespace
}  // namespace assay::usb_test
