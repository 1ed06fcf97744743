// The control device in Yepkit's YKUSH hubs.
// Source: Yepkit's public program; drivers/power/ykush.cpp.
#pragma once

#include <optional>

#include "virtual_usb/hid_facts.hpp"

namespace assay::virtual_usb {

class Ykush : public Model {
 public:
  enum Product : std::uint16_t { ykush = 0xf2f7, legacy = 0x0042, xs = 0xf0cd, ykush3 = 0xf11b };
  explicit Ykush(Product product, std::string serial = "YK20001")
      : Model(hid_facts({.vendor = 0x04d8,
                         .product = product,
                         .manufacturer = "Yepkit Lda.",
                         .name = "YKUSH",
                         .serial = std::move(serial),
                         .report = 64,
                         .out_endpoint = true})),
        ports_(product == xs ? 1 : 3) {}

  Answer out(std::uint8_t, ByteView bytes) override {
    const unsigned command = bytes[0] >> 4, port = bytes[0] & 0x0F;
    if (command > 2 || port < 1 || port > ports_) {
      answer_ = {0xFF, 0};
      return {};
    }
    const unsigned bit = 1U << (port - 1);
    if (command < 2)
      powered = static_cast<std::uint8_t>(command == 1 ? powered | bit : powered & ~bit);
    const bool on = (powered & bit) != 0;
    answer_ = {1, static_cast<std::uint8_t>((on ? 0x10U : 0) | port)};
    return {};
  }
  Answer in(std::uint8_t, std::size_t length) override {
    if (!answer_) return {Answer::Kind::later};
    Bytes bytes = std::move(*answer_);
    answer_.reset();
    bytes.resize(length);
    return {Answer::Kind::done, bytes};
  }

  std::uint8_t powered = 0x07;  // bit n - 1: port n

 private:
  const unsigned ports_;
  std::optional<Bytes> answer_;
};

}  // namespace assay::virtual_usb
