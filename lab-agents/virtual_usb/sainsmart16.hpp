// SainSmart's 16-channel USB relay board.
// Source: the protocol as public drivers use it; drivers/power/sainsmart16.cpp.
#pragma once

#include <numeric>

#include "virtual_usb/hid_facts.hpp"

namespace assay::virtual_usb {

class SainSmart16Relay : public Model {
 public:
  SainSmart16Relay()
      : Model(hid_facts({.vendor = 0x0416,
                         .product = 0x5020,
                         .name = "HID Transfer",
                         .report = 64,
                         .out_endpoint = true})) {}

  Answer out(std::uint8_t, ByteView bytes) override {
    if (bytes.size() < 16 || bytes[1] != 14 || as_text(bytes.subspan(10, 4)) != "HIDC") return {};
    const unsigned sum = std::accumulate(bytes.begin(), bytes.begin() + 14, 0U);
    if ((bytes[14] | bytes[15] << 8) != static_cast<int>(sum)) return {};
    if (bytes[0] == 0xC3) closed = static_cast<std::uint16_t>(bytes[2] | bytes[3] << 8);
    if (bytes[0] == 0xD2) asked_ = true;
    return {};
  }
  Answer in(std::uint8_t, std::size_t length) override {
    if (!asked_) return {Answer::Kind::later};
    asked_ = false;
    // The order of the relays along the board.
    static constexpr std::uint16_t wires[16] = {0x0080, 0x0100, 0x0040, 0x0200, 0x0020, 0x0400,
                                                0x0010, 0x0800, 0x0008, 0x1000, 0x0004, 0x2000,
                                                0x0002, 0x4000, 0x0001, 0x8000};
    unsigned bits = 0;
    for (unsigned i = 0; i < 16; ++i)
      if ((closed >> i & 1) != 0) bits |= wires[i];
    Bytes answer(length);
    answer[2] = static_cast<std::uint8_t>(bits);
    answer[3] = static_cast<std::uint8_t>(bits >> 8);
    return {Answer::Kind::done, answer};
  }

  std::uint16_t closed = 0;  // bit n - 1: channel n

 private:
  bool asked_ = false;
};

}  // namespace assay::virtual_usb
