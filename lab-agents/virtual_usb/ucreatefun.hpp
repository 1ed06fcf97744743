// A Ucreatefun USB relay board.
// Source: the protocol as public drivers use it; drivers/power/ucreatefun.cpp.
#pragma once

#include "virtual_usb/hid_facts.hpp"

namespace assay::virtual_usb {

class UcreatefunRelay : public Model {
 public:
  // All boards have one serial number.
  UcreatefunRelay()
      : Model(hid_facts(
            {.vendor = 0x0519, .product = 0x2018, .name = "HIDRelay", .serial = "A0001"})) {}

  Answer control(const SetupPacket& setup, ByteView out) override {
    constexpr std::uint16_t output_report = 0x0200;
    if (setup.request_type != 0x21 || setup.request != 0x09 || setup.value != output_report ||
        out.size() != 8)
      return {Answer::Kind::stall};
    const unsigned bit = 1U << ((out[0] & 0x0F) - 1);
    closed = static_cast<std::uint8_t>(out[0] >= 0xF0 ? closed | bit : closed & ~bit);
    return {};
  }

  std::uint8_t closed = 0;  // bit n - 1: channel n
};

}  // namespace assay::virtual_usb
