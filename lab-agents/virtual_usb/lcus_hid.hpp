// An LCUS relay board with a HID interface.
// Source: the protocol as public drivers use it; drivers/power/lcus_hid.cpp.
#pragma once

#include "virtual_usb/hid_facts.hpp"

namespace assay::virtual_usb {

class LcusHidRelay : public Model {
 public:
  LcusHidRelay()
      : Model(
            hid_facts({.vendor = 0x5131, .product = 0x2007, .report = 64, .out_endpoint = true})) {}

  // What it does not understand it ignores.
  Answer out(std::uint8_t, ByteView bytes) override {
    if (bytes.size() < 4 || bytes[0] != 0xA0 || bytes[1] < 1 || bytes[1] > 8 ||
        bytes[3] != static_cast<std::uint8_t>(bytes[0] + bytes[1] + bytes[2]))
      return {};
    const unsigned bit = 1U << (bytes[1] - 1);
    closed = static_cast<std::uint8_t>(bytes[2] == 1 ? closed | bit : closed & ~bit);
    return {};
  }

  std::uint8_t closed = 0;  // bit n - 1: channel n
};

}  // namespace assay::virtual_usb
