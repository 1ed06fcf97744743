// An SDWire: a CBUS pin of an FTDI FT200X selects whose the SD card is.
// Source: the requests that public drivers send; drivers/mux/sdwire.cpp. That it goes
// back to the host without power at the board's side is whoever uses this to do.
#pragma once

#include <functional>

#include "virtual_usb/model.hpp"

namespace assay::virtual_usb {

class SdWire : public Model {
 public:
  explicit SdWire(std::string serial)
      : Model({.vendor = 0x04e8,
               .product = 0x6001,
               .release = 0x1000,
               .manufacturer = "SRPOL",
               .name = "sd-wire",
               .serial = std::move(serial),
               .interfaces = {
                   {.protocol = 0xFF, .endpoints = {{.address = 0x81}, {.address = 0x02}}}}}) {}

  Answer control(const SetupPacket& setup, ByteView) override {
    constexpr std::uint8_t set_bit_mode = 0x0B, read_pins = 0x0C;
    constexpr unsigned all_outputs = 0x20F0;
    if (setup.request_type == 0x40 && setup.request == set_bit_mode &&
        (setup.value & 0xFFF0U) == all_outputs) {
      ++commands;
      if (!stuck) host = (setup.value & 1) != 0;
      if (on_switch) on_switch(host);
      return {};
    }
    if (setup.request_type == 0xC0 && setup.request == read_pins)
      return {Answer::Kind::done, {static_cast<std::uint8_t>(0x70 | (host ? 1 : 0))}};
    return {Answer::Kind::stall};
  }

  bool host = true;
  bool stuck = false;  // takes commands and does nothing
  unsigned commands = 0;
  std::function<void(bool host)> on_switch;
  std::function<bool()> look;  // where the card is now, for whoever moves it by itself
};

}  // namespace assay::virtual_usb
