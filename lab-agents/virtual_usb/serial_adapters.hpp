// USB serial ports of two further kinds, as the kernel's drivers know them: modems'
// (cdc_acm; Numato's and Devantech's boards) and WCH's CH340 (ch341; LCUS's boards).
// Source: Class Definitions for Communications Devices 1.2, 5.2; PSTN subclass 1.2,
// 6.3; what Linux's ch341 asks.
#pragma once

#include <string>

#include "virtual_usb/serial_line.hpp"

namespace assay::virtual_usb {

class CdcAcm : public SerialLine {
 public:
  CdcAcm(std::uint16_t vendor, std::uint16_t product, std::string maker, std::string name)
      : SerialLine(
            {.vendor = vendor,
             .product = product,
             .manufacturer = std::move(maker),
             .name = std::move(name),
             .device_class = 2,
             .interfaces = {
                 {.device_class = 2,
                  .subclass = 2,
                  .protocol = 1,
                  .endpoints = {{.address = 0x82,
                                 .type = EndpointFacts::Type::interrupt,
                                 .packet = 8,
                                 .interval = 2}},
                  // Header, what it can, and which two belong together.
                  .of_class = {5, 0x24, 0, 0x10, 0x01, 4, 0x24, 2, 2, 5, 0x24, 6, 0, 1}},
                 {.device_class = 10, .endpoints = {{.address = 0x83}, {.address = 0x03}}}}}) {}

  Answer control(const SetupPacket& setup, ByteView out) override {
    enum { set_coding = 0x20, get_coding = 0x21 };
    if ((setup.request_type & 0x60) != 0x20) return {Answer::Kind::stall};
    if (setup.request == set_coding) coding_.assign(out.begin(), out.end());
    if (setup.request == get_coding) return {Answer::Kind::done, coding_};
    return {};
  }
  Answer out(std::uint8_t, ByteView bytes) override { return sent(bytes); }
  Answer in(std::uint8_t endpoint, std::size_t length) override {
    if (endpoint != 0x83 || idle()) return {Answer::Kind::later};
    return {Answer::Kind::done, take(length)};
  }

 private:
  Bytes coding_ = Bytes(7);
};

class Ch340 : public SerialLine {
 public:
  Ch340()
      : SerialLine({.vendor = 0x1a86,
                    .product = 0x7523,
                    .release = 0x0264,
                    .name = "USB Serial",
                    .interfaces = {{.subclass = 1,
                                    .protocol = 2,
                                    .endpoints = {{.address = 0x82, .packet = 32},
                                                  {.address = 0x02, .packet = 32},
                                                  {.address = 0x81,
                                                   .type = EndpointFacts::Type::interrupt,
                                                   .packet = 8}}}}}) {}

  Answer control(const SetupPacket& setup, ByteView) override {
    enum { version = 0x5F, read_register = 0x95 };
    if (setup.request_type == 0x40) return {};
    if (setup.request == version) return {Answer::Kind::done, {0x31, 0x00}};
    if (setup.request == read_register) return {Answer::Kind::done, {0xFF, 0xEE}};
    return {Answer::Kind::stall};
  }
  Answer out(std::uint8_t, ByteView bytes) override { return sent(bytes); }
  Answer in(std::uint8_t endpoint, std::size_t length) override {
    if (endpoint != 0x82 || idle()) return {Answer::Kind::later};
    return {Answer::Kind::done, take(length)};
  }
};

}  // namespace assay::virtual_usb
