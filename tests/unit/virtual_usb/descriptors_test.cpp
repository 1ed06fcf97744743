#include "virtual_usb/descriptors.hpp"

#include <gtest/gtest.h>

namespace assay::virtual_usb {
namespace {

DeviceFacts relay() {
  return {.vendor = 0x16c0,
          .product = 0x05df,
          .manufacturer = "www.dcttech.com",
          .name = "USBRelay2",
          .interfaces = {{.device_class = 3,
                          .name = "relays",
                          .endpoints = {{.address = 0x81,
                                         .type = EndpointFacts::Type::interrupt,
                                         .packet = 8,
                                         .interval = 20}},
                          .hid_report = {0x06, 0x00, 0xFF}}}};
}
std::string hex(const std::optional<Bytes>& bytes) {
  return bytes ? to_hex(*bytes) : "none";
}

TEST(Descriptors, OfADeviceWithoutASerialNumber) {
  EXPECT_EQ(to_hex(device_descriptor(relay())),
            "12010002000000"
            "40c016df05"
            "0001"
            "010200"
            "01");
}

TEST(Descriptors, OfAConfigurationWithAHidInterface) {
  EXPECT_EQ(to_hex(configuration_descriptor(relay())),
            "09022200"
            "0101008032"          // 34 bytes, one interface
            "090400000103000003"  // its name is string 3: there is no serial number
            "092111010001220300"  // HID 1.11, a report descriptor of three bytes
            "0705810308"
            "0014");
}

TEST(Descriptors, WhatAClassAddsStandsBehindItsInterface) {
  DeviceFacts facts{.interfaces = {{.device_class = 2, .of_class = {4, 0x24, 2, 2}}}};
  EXPECT_EQ(to_hex(configuration_descriptor(facts)),
            "09021600"
            "0101008032"
            "090400000002000000"
            "04240202");
}

TEST(Descriptors, SuperSpeedEndpointsHaveCompanions) {
  DeviceFacts facts{.megabits = 5000, .interfaces = {{.endpoints = {{.packet = 1024}}}}};
  EXPECT_EQ(to_hex(configuration_descriptor(facts)),
            "09021f00"
            "0101008032"
            "0904000001ff000000"
            "07058102000401"
            "063000000000");
  EXPECT_EQ(device_descriptor(facts)[7], 9);
}

TEST(Descriptors, StringsHaveNoGaps) {
  EXPECT_EQ(hex(string_descriptor(relay(), 0)), "04030904");
  EXPECT_EQ(hex(string_descriptor(relay(), 3)), "0e03720065006c00610079007300");
  EXPECT_EQ(hex(string_descriptor(relay(), 4)), "none");
  EXPECT_EQ(string_descriptor({.name = std::string(200, 'x')}, 1)->size(), 254U);
}

TEST(StandardRequests, AnswerAtMostWhatWasAskedFor) {
  Model model(relay());
  const SetupPacket head{0x80, 6, 0x0200, 0, 9};
  EXPECT_EQ(to_hex(control_transfer(model, head, {}).bytes), "090222000101008032");
  const SetupPacket report{0x81, 6, 0x2200, 0, 64};
  EXPECT_EQ(to_hex(control_transfer(model, report, {}).bytes), "0600ff");
}

TEST(StandardRequests, WhatIsNotThereStalls) {
  Model model(relay());
  for (const SetupPacket& setup :
       {SetupPacket{0x80, 6, 0x0309, 0x409, 255}, SetupPacket{0x80, 6, 0x0600, 0, 10},
        SetupPacket{0x81, 6, 0x2200, 1, 64}, SetupPacket{0x00, 9, 2, 0, 0},
        SetupPacket{0x01, 11, 1, 0, 0}, SetupPacket{0xC0, 1, 0, 0, 8}}) {
    EXPECT_EQ(control_transfer(model, setup, {}).kind, Answer::Kind::stall)
        << int(setup.request) << " " << setup.value;
  }
}

}  // namespace
}  // namespace assay::virtual_usb
