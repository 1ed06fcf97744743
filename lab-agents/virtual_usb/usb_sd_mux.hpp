// The port expander of a USB-SD-Mux behind its card reader's SCSI commands.
// Source: what the maker's public program sends; NXP PCA9536, TI TCA6408A;
// drivers/mux/usbsdmux.cpp.
#pragma once

#include <array>
#include <span>
#include <vector>

#include "base/bytes.hpp"

namespace assay::virtual_usb {

class UsbSdMux {
 public:
  explicit UsbSdMux(bool fast) : fast_(fast) {}

  std::uint8_t command(ByteView block, std::span<std::uint8_t> data) {
    constexpr std::uint8_t good = 0, check_condition = 2;
    if (block.size() != 16 || data.size() != 512 || block[0] != 0xCF) return check_condition;
    const auto address = static_cast<std::uint8_t>((fast_ ? 0x20 : 0x41) << 1);
    if (block[2] != address) return check_condition;  // nobody acknowledges
    if (block[1] == 0x23 && block[5] == 2 && data[0] < registers.size()) {
      registers[data[0]] = data[1];
      written.push_back(pins());
      return good;
    }
    if (block[1] == 0x22 && block[3] == (address | 1) && block[6] == 1 &&
        block[7] < registers.size()) {
      data[0] = block[7] == 0 ? pins() : registers[block[7]];
      return good;
    }
    return check_condition;
  }

  // What is on the pins: inputs are pulled up.
  [[nodiscard]] std::uint8_t pins() const {
    return static_cast<std::uint8_t>((registers[1] & ~registers[3]) | registers[3]);
  }

  std::array<std::uint8_t, 4> registers{0, 0xFF, 0, 0xFF};
  std::vector<std::uint8_t> written;  // the pins after each write

 private:
  const bool fast_;
};

}  // namespace assay::virtual_usb
