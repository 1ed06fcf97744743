// FTDI's serial chips as far as switches need them: bit-bang mode and CBUS pins.
// Source: what libftdi sends; FTDI's application note AN_232R-01.
#pragma once

#include "virtual_usb/model.hpp"

namespace assay::virtual_usb {

class FtdiChip : public Model {
 public:
  explicit FtdiChip(std::string serial, std::uint16_t product = 0x6001,
                    std::string name = "FT245R USB FIFO")
      : Model({.vendor = 0x0403,
               .product = product,
               .release = static_cast<std::uint16_t>(product == 0x6015 ? 0x1000 : 0x0600),
               .manufacturer = "FTDI",
               .name = std::move(name),
               .serial = std::move(serial),
               .interfaces = {
                   {.protocol = 0xFF, .endpoints = {{.address = 0x81}, {.address = 0x02}}}}}) {}

  Answer control(const SetupPacket& setup, ByteView) override {
    enum {
      reset = 0x00,
      set_latency = 0x09,
      get_latency = 0x0A,
      set_mode = 0x0B,
      read_pins = 0x0C
    };
    constexpr unsigned cbus_mode = 0x20;
    if (setup.request_type == 0x40) {
      if (setup.request == set_mode) {
        mode = setup.value >> 8;
        const unsigned value = setup.value & 0xFFU;
        if (mode == cbus_mode) {
          outputs = value >> 4;
          levels = (levels & ~outputs) | (value & outputs & 0xF);
        } else {
          outputs = value;
        }
      }
      return {};
    }
    if (setup.request_type != 0xC0) return {Answer::Kind::stall};
    if (setup.request == get_latency) return {Answer::Kind::done, {16}};
    if (setup.request == read_pins)
      return {Answer::Kind::done, {static_cast<std::uint8_t>(levels)}};
    return {Answer::Kind::stall};
  }
  Answer out(std::uint8_t, ByteView bytes) override {
    constexpr unsigned bit_bang = 1;
    for (const unsigned byte : bytes)
      if (mode == bit_bang) levels = (levels & ~outputs) | (byte & outputs);
    return {};
  }

  unsigned mode = 0, outputs = 0;
  unsigned levels = 0;  // of the data pins, or of the CBUS pins
};

}  // namespace assay::virtual_usb
