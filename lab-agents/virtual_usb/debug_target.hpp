// What hangs on a debug probe's wires: the memory of one Cortex-M as its MEM-AP
// sees it, the core's debug registers included. One thread.
// Source: Arm Debug Interface v5 (IHI 0031), Armv6-M Architecture Reference
// Manual (DDI 0419), chapter C1.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace assay::virtual_usb {

class DebugTarget {
 public:
  virtual ~DebugTarget() = default;
  // Without supply nobody answers on the wires.
  virtual bool powered() = 0;
  // `size` is 1, 2 or 4 bytes, `address` aligned to it; the value in the low bits.
  // nullopt, false: the bus refuses (a fault).
  virtual std::optional<std::uint32_t> read(std::uint32_t address, int size) = 0;
  virtual bool write(std::uint32_t address, std::uint32_t value, int size) = 0;
  // Words in a row, which probes mostly ask for.
  virtual std::optional<std::vector<std::uint32_t>> read_words(std::uint32_t address,
                                                               std::size_t count) = 0;
  virtual bool write_words(std::uint32_t address, std::span<const std::uint32_t>) = 0;
  // The probe's command has been answered: what was held up for it may go on.
  virtual void end_of_command() = 0;
  virtual void disconnected() = 0;
  virtual void reset_line(bool low) = 0;
};

}  // namespace assay::virtual_usb
