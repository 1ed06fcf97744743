// FTDI's serial chips as far as switches and consoles need them: bit-bang mode, CBUS
// pins and the serial line.
// Source: what libftdi sends; FTDI's application note AN_232R-01.
#pragma once

#include "virtual_usb/serial_line.hpp"

namespace assay::virtual_usb {

class FtdiChip : public SerialLine {
 public:
  explicit FtdiChip(std::string serial, std::uint16_t product = 0x6001,
                    std::string name = "FT245R USB FIFO")
      : SerialLine({.vendor = 0x0403,
                    .product = product,
                    .release = static_cast<std::uint16_t>(product == 0x6015 ? 0x1000 : 0x0600),
                    .manufacturer = "FTDI",
                    .name = std::move(name),
                    .serial = std::move(serial),
                    .interfaces = {{.protocol = 0xFF,
                                    .endpoints = {{.address = 0x81}, {.address = 0x02}}}}}) {}

  Answer control(const SetupPacket& setup, ByteView) override {
    enum {
      reset = 0x00,
      set_baud = 0x03,
      set_latency = 0x09,
      get_latency = 0x0A,
      set_mode = 0x0B,
      read_pins = 0x0C
    };
    constexpr unsigned cbus_mode = 0x20;
    if (setup.request_type == 0x40) {
      if (setup.request == set_baud) divisor = setup.value;
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
    return mode == bit_bang ? Answer{} : sent(bytes);
  }
  // Each packet begins with the modem's and the line's status.
  Answer in(std::uint8_t, std::size_t length) override {
    constexpr std::size_t status = 2, packet = 64;
    if (idle() || length <= status) return {Answer::Kind::later};
    Bytes bytes{0x01, 0x60};
    for (const auto byte : take(std::min(length, packet) - status)) bytes.push_back(byte);
    return {Answer::Kind::done, bytes};
  }

  unsigned mode = 0, outputs = 0;
  unsigned levels = 0;   // of the data pins, or of the CBUS pins
  unsigned divisor = 0;  // of 3 MHz: 26 is 115,200 baud
};

}  // namespace assay::virtual_usb
