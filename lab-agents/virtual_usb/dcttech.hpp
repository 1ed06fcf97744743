// A DCT-Tech USB relay board, one to eight channels.
// Source: the protocol as public drivers use it; drivers/power/dcttech.cpp.
#pragma once

#include <algorithm>
#include <string>

#include "virtual_usb/hid_facts.hpp"

namespace assay::virtual_usb {

class DctTechRelay : public Model {
 public:
  explicit DctTechRelay(unsigned channels, std::string id = "BITFT")
      : Model(hid_facts({.vendor = 0x16c0,
                         .product = 0x05df,
                         .manufacturer = "www.dcttech.com",
                         .name = "USBRelay" + std::to_string(channels)})),
        channels_(channels),
        id_(std::move(id)) {}

  Answer control(const SetupPacket& setup, ByteView out) override {
    constexpr std::uint16_t feature = 0x0300;
    if ((setup.request_type & 0x7F) != 0x21 || setup.value != feature) return {Answer::Kind::stall};
    if (setup.to_host()) return setup.request == 0x01 ? report() : Answer{Answer::Kind::stall};
    return setup.request == 0x09 && out.size() == 8 ? command(out) : Answer{Answer::Kind::stall};
  }

  std::uint8_t closed = 0;  // bit n - 1: channel n
  std::uint8_t welded = 0;  // these stay closed
  unsigned commands = 0;

 private:
  [[nodiscard]] Answer report() const {
    Bytes bytes(8);
    std::copy_n(id_.begin(), std::min<std::size_t>(id_.size(), 5), bytes.begin());
    bytes[7] = closed;
    return {Answer::Kind::done, bytes};
  }
  Answer command(ByteView out) {
    const auto all = static_cast<std::uint8_t>((1U << channels_) - 1);
    const bool one = out[1] >= 1 && out[1] <= channels_;
    const auto bit = static_cast<std::uint8_t>(one ? 1U << (out[1] - 1) : 0);
    ++commands;
    switch (out[0]) {
      case 0xFF:
        closed |= bit;
        break;
      case 0xFD:
        closed = static_cast<std::uint8_t>((closed & ~bit) | welded);
        break;
      case 0xFE:
        closed = all;
        return {};
      case 0xFC:
        closed = welded;
        return {};
      case 0xFA:
        id_.assign(out.begin() + 1, out.begin() + 6);
        return {};
      default:
        return {Answer::Kind::stall};
    }
    return {one ? Answer::Kind::done : Answer::Kind::stall};
  }

  const unsigned channels_;
  std::string id_;
};

}  // namespace assay::virtual_usb
