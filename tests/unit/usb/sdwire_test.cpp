#include "virtual_usb/sdwire.hpp"

#include "mux_fixture.hpp"

namespace assay::usb_test {
namespace {

using virtual_usb::SdWire;

class SdWireTest : public MuxTest {};

TEST_F(SdWireTest, SwitchesAndIsReadBack) {
  const auto wire = plug<SdWire>("1-1", "sdw-7");
  const auto mux = make("sdwire", {{"serial", "sdw-7"}});
  EXPECT_EQ(side(*mux), "host");
  ASSERT_TRUE(mux->mux()->to(order(), Side::dut));
  EXPECT_FALSE(wire->host);
  EXPECT_EQ(side(*mux), "dut");
  ASSERT_TRUE(mux->mux()->to(order(), Side::host));
  EXPECT_TRUE(wire->host);
  EXPECT_EQ(mux->about("mux"), "SDWire sdw-7 at 1-1");
  EXPECT_EQ(mux->check("mux", order()).value(), abilities::Health::proven);
}

TEST_F(SdWireTest, OneThatGoesBackByItselfIsFoundOut) {
  const auto wire = plug<SdWire>("1-1", "sdw-7");
  const auto mux = make("sdwire", {{"serial", "sdw-7"}});
  ASSERT_TRUE(mux->mux()->to(order(), Side::dut));
  {
    const auto held = bed.lock();
    wire->host = true;
  }
  EXPECT_EQ(error_of(mux->check("mux", order())),
            "SDWire sdw-7 at 1-1: was switched to dut, but it reads back as host");
}

TEST_F(SdWireTest, OneThatDoesNotSwitchIsTriedThreeTimes) {
  const auto wire = plug<SdWire>("1-1", "sdw-7");
  wire->stuck = true;
  const auto mux = make("sdwire", {{"port", "1-1"}});
  EXPECT_EQ(error_of(mux->mux()->to(order(), Side::dut)),
            "SDWire sdw-7 at 1-1: was switched to dut, but it reads back as host");
  EXPECT_EQ(wire->commands, 3U);
}

TEST_F(SdWireTest, OnlyTheOneThatIsMeantIsTouched) {
  const auto one = plug<SdWire>("1-1", "sdw-7"), other = plug<SdWire>("1-2", "sdw-7");
  const auto mux = make("sdwire", {{"serial", "sdw-7"}});
  EXPECT_THAT(error_of(mux->mux()->to(order(), Side::dut)), testing::HasSubstr("1-2"));
  const auto second = make("sdwire", {{"serial", "sdw-7"}, {"port", "1-2"}});
  ASSERT_TRUE(second->mux()->to(order(), Side::dut));
  EXPECT_TRUE(one->host);
  EXPECT_FALSE(other->host);
  EXPECT_EQ(
      refusal("sdwire", Json::object()),
      "driver sdwire: give 'serial' or 'port': the chip's ids are those of serial adapters, too");
  EXPECT_EQ(error_of(make("sdwire", {{"serial", "x"}})->mux()->side(order())),
            "no SDWire with serial 'x' is attached; there are sdw-7 at 1-1, sdw-7 at 1-2");
}

}  // namespace
}  // namespace assay::usb_test
