// Energenie and Gembird SiS-PM outlets.
// Source: the protocol as public drivers use it; drivers/power/energenie.cpp.
#pragma once

#include "virtual_usb/hid_facts.hpp"

namespace assay::virtual_usb {

class EnergenieOutlets : public Model {
 public:
  explicit EnergenieOutlets(std::uint16_t product, Bytes id = {1, 1, 0x42, 7, 9})
      : Model(hid_facts({.vendor = 0x04b4,
                         .product = product,
                         .manufacturer = "Gembird",
                         .name = "USB-PMS",
                         .report = 5})),
        single_(product == 0xfd10 || product == 0xfd12),
        id_(std::move(id)) {}

  Answer control(const SetupPacket& setup, ByteView out) override {
    const unsigned report = setup.value & 0xFF;
    if ((setup.request_type & 0x7F) != 0x21 || setup.value >> 8 != 3) return {Answer::Kind::stall};
    if (setup.to_host() && report == 1) return {Answer::Kind::done, id_};
    const unsigned outlet = single_ ? 0 : report / 3 - 1;
    if (report % 3 != 0 || outlet > 3 || (single_ && report != 0)) return {Answer::Kind::stall};
    const unsigned bit = 1U << outlet;
    if (setup.to_host()) {
      const bool on = (closed & bit) != 0;
      return {Answer::Kind::done,
              {static_cast<std::uint8_t>(report), static_cast<std::uint8_t>(on ? 3 : 2), 0, 0, 0}};
    }
    if (out.size() < 2 || out[0] != report) return {Answer::Kind::stall};
    closed = static_cast<std::uint8_t>(out[1] == 3 ? closed | bit : closed & ~bit);
    return {};
  }

  std::uint8_t closed = 0;  // bit n - 1: outlet n

 private:
  const bool single_;
  const Bytes id_;
};

}  // namespace assay::virtual_usb
