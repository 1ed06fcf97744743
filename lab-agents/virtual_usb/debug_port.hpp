// The Arm debug port behind SWD wires, with one MEM-AP: what a probe's transfers
// read and write. Pure but for its target. One thread.
// Source: Arm Debug Interface v5 (IHI 0031): chapter B2 (DP), B7 and B8 (MEM-AP).
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "virtual_usb/debug_target.hpp"

namespace assay::virtual_usb {

class DebugPort {
 public:
  // As they are sent on the wires.
  enum Acknowledge : std::uint8_t { ok = 1, fault = 4, silence = 7 };
  struct Transfer {
    Acknowledge acknowledge = ok;
    std::uint32_t value = 0;
  };

  explicit DebugPort(DebugTarget& target) : target_(target) {}

  // `request`: bit 0 access port, bit 1 read, bits 2 and 3 of the address.
  Transfer transfer(std::uint8_t request, std::uint32_t value);
  // The same request many times. `values` are what is written, or get what is read;
  // how many were done is told by `done`.
  Acknowledge block(std::uint8_t request, std::span<std::uint32_t> values, std::size_t& done);
  void abort(std::uint32_t bits);
  void line_reset();

 private:
  static constexpr std::uint8_t access_port = 1, read = 2;
  Transfer debug_register(std::uint8_t request, std::uint32_t value);
  Transfer access_register(std::uint8_t request, std::uint32_t value);
  Transfer data(bool reads, std::uint32_t address, std::uint32_t value, int size);
  void advance(std::uint32_t bytes);
  [[nodiscard]] int access_size() const { return 1 << (control_ & 7); }
  [[nodiscard]] bool increments() const { return (control_ >> 4 & 3) == 1; }

  DebugTarget& target_;
  std::uint32_t select_ = 0, power_ = 0, control_ = 0x23000052, address_ = 0;
  bool sticky_error_ = false;
};

}  // namespace assay::virtual_usb
