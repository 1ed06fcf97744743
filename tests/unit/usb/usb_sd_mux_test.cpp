// The driver's own SG_IO requests, answered by a model of the expander.
#include "virtual_usb/usb_sd_mux.hpp"

#include <filesystem>

#include "mux_fixture.hpp"

namespace assay::usb_test {
namespace {

class UsbSdMuxTest : public MuxTest {
 protected:
  std::shared_ptr<virtual_usb::UsbSdMux> plug_mux(bool fast, const std::string& port = "1-1",
                                                  const std::string& sg = "sg1",
                                                  const std::string& model = "") {
    auto mux = std::make_shared<virtual_usb::UsbSdMux>(fast);
    plug<CardReader>(port, std::uint16_t{0x0424}, std::uint16_t{0x4041}, "000012.00012");
    add(port, {.generic = sg,
               .model = !model.empty() ? model
                        : fast         ? "sdFST HS-SD/MMC"
                                       : "sdmux HS-SD/MMC",
               .on_command = [mux](ByteView command, std::span<std::uint8_t> data) {
                 return mux->command(command, data);
               }});
    return mux;
  }
};

TEST_F(UsbSdMuxTest, ClassicSwitchesByWayOfOff) {
  const auto board = plug_mux(false);
  const auto mux = make("usb-sd-mux", {{"serial", "000012.00012"}});
  // As it comes out of a power cycle.
  EXPECT_EQ(side(*mux), "USB-SD-Mux 000012.00012 (Classic): the card is switched to neither side");
  ASSERT_TRUE(mux->mux()->to(order(), Side::dut));
  EXPECT_EQ(board->pins() & 0x0F, 0x0C);
  EXPECT_EQ(side(*mux), "dut");
  board->written.clear();
  ASSERT_TRUE(mux->mux()->to(order(), Side::host));
  EXPECT_EQ(board->pins() & 0x0F, 0);
  EXPECT_EQ(side(*mux), "host");
  ASSERT_FALSE(board->written.empty());
  EXPECT_EQ(board->written.front() & 0x0F, 0x0B);  // data and supply off, no card
  EXPECT_EQ(mux->check("mux", order()).value(), abilities::Health::proven);
}

TEST_F(UsbSdMuxTest, FastLeavesTheUsersPinsAlone) {
  const auto board = plug_mux(true);
  board->registers = {0, 0x30, 0, 0xC0};  // two of the user's are high
  const auto mux = make("usb-sd-mux", {{"port", "1-1"}});
  ASSERT_TRUE(mux->mux()->to(order(), Side::dut));
  EXPECT_EQ(board->registers[1], 0x30 | 0x09);
  EXPECT_EQ(side(*mux), "dut");
  ASSERT_TRUE(mux->mux()->to(order(), Side::host));
  EXPECT_EQ(board->registers[1], 0x30);
  EXPECT_EQ(board->registers[3], 0xC0);
  EXPECT_EQ(mux->about("mux"), "USB-SD-Mux at 1-1 (FAST)");
}

TEST_F(UsbSdMuxTest, WhatDoesNotAnswerIsNamed) {
  plug_mux(true, "1-1", "sg1", "sdmux HS-SD/MMC");  // calls itself a Classic
  const auto mux = make("usb-sd-mux", {{"port", "1-1"}});
  EXPECT_EQ(error_of(mux->mux()->side(order())),
            "USB-SD-Mux at 1-1 (Classic): its port expander did not take a command (SCSI status "
            "0x2, host 0x0)");
}

TEST_F(UsbSdMuxTest, OnlyTheOneThatIsMeantIsTaken) {
  const auto mux = make("usb-sd-mux", {{"serial", "000012.00012"}});
  EXPECT_EQ(error_of(mux->mux()->side(order())),
            "no USB-SD-Mux 000012.00012 is attached, nor any other: is its cable in, and the "
            "kernel's module sg loaded?");
  plug_mux(false, "1-1", "sg1");
  plug_mux(false, "1-2", "sg2");
  EXPECT_EQ(error_of(mux->mux()->side(order())),
            "sg1 (sdmux HS-SD/MMC at 1-1, serial 000012.00012) and sg2 (sdmux HS-SD/MMC at 1-2, "
            "serial 000012.00012) both fit USB-SD-Mux 000012.00012: name one by its port");
  EXPECT_EQ(error_of(make("usb-sd-mux", {{"port", "1-3"}})->mux()->side(order())),
            "no USB-SD-Mux at 1-3 is attached; there is sg1 (sdmux HS-SD/MMC at 1-1, serial "
            "000012.00012); sg2 (sdmux HS-SD/MMC at 1-2, serial 000012.00012)");
  EXPECT_EQ(refusal("usb-sd-mux", Json::object()),
            "driver usb-sd-mux: give 'serial' or 'port': the first one found may be another's");
}

}  // namespace
}  // namespace assay::usb_test
