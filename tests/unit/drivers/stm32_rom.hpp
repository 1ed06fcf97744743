// The bootloader in the ROM of ST's chips, as AN3155 "USART protocol used in the STM32
// bootloader" describes it: an STM32F05x (id 0x440) with 64 KiB in pages of 1 KiB.
#pragma once

#include <algorithm>
#include <atomic>
#include <optional>

#include "serial_firmware.hpp"

namespace assay::drivers {

class Stm32Rom {
 public:
  static constexpr std::uint32_t base = 0x08000000, size = 64 << 10, page = 1 << 10;

  [[nodiscard]] const std::string& path() const { return firmware_.path(); }

  // Looked at while nothing runs.
  Bytes memory = Bytes(size, 0xFF);
  std::atomic<unsigned> mass_erases = 0, pages_erased = 0;
  std::atomic<std::uint32_t> started_at = 0;
  // Faults, set before.
  std::atomic<bool> silent = false, locked = false;
  std::atomic<std::uint32_t> flips_bit_at = 0;

 private:
  static constexpr std::uint8_t ack = 0x79, nack = 0x1F, init = 0x7F;
  enum Command : std::uint8_t {
    get_commands = 0x00,
    get_version = 0x01,
    get_id = 0x02,
    read_memory = 0x11,
    go = 0x21,
    write_memory = 0x31,
    extended_erase = 0x44
  };

  void run(FirmwareLine& line) {
    while (true) {
      const auto command = line.get();
      if (silent) continue;
      if (command == init) {
        // Only the first sets the speed; later it is a command that does not exist.
        line.put(known_speed_ ? nack : ack);
        known_speed_ = true;
        continue;
      }
      if (!known_speed_) continue;
      if (line.get() != static_cast<std::uint8_t>(~command)) {
        line.put(nack);
        continue;
      }
      obey(command, line);
    }
  }

  void obey(std::uint8_t command, FirmwareLine& line) {
    switch (command) {
      case get_commands:
        // After the 7, 7 + 1 bytes: the version and the commands.
        return line.put(Bytes{ack, 7, 0x31, get_commands, get_version, get_id, read_memory, go,
                              write_memory, extended_erase, ack});
      case get_version:
        return line.put(Bytes{ack, 0x31, 0, 0, ack});
      case get_id:
        return line.put(Bytes{ack, 1, 0x04, 0x40, ack});
      case read_memory:
        return read(line);
      case write_memory:
        return write(line);
      case extended_erase:
        return erase(line);
      case go:
        if (const auto at = address(line)) {
          started_at = *at;
          known_speed_ = false;
        }
        return;
      default:
        return line.put(nack);
    }
  }

  // The address that follows a command, acknowledged; nullopt: refused.
  std::optional<std::uint32_t> address(FirmwareLine& line) {
    if (locked) {
      line.put(nack);
      return std::nullopt;
    }
    line.put(ack);
    const auto bytes = line.get(5);
    std::uint32_t at = 0;
    for (std::size_t i = 0; i < 4; ++i) at = at << 8 | bytes[i];
    const auto sum = static_cast<std::uint8_t>(bytes[0] ^ bytes[1] ^ bytes[2] ^ bytes[3]);
    const bool is_flash = at >= base && at < base + size;
    if (sum != bytes[4] || !(is_flash || (at >= 0x1FFF0000 && at < 0x20002000))) {
      line.put(nack);
      return std::nullopt;
    }
    line.put(ack);
    return at;
  }

  void read(FirmwareLine& line) {
    const auto at = address(line);
    if (!at) return;
    const auto n = line.get(2);
    if ((n[0] ^ n[1]) != 0xFF) return line.put(nack);
    line.put(ack);
    Bytes bytes;
    for (std::uint32_t i = 0; i <= n[0]; ++i) {
      const std::uint32_t offset = *at - base + i;
      bytes.push_back(*at >= base && offset < size ? memory[offset] : 0);
    }
    line.put(bytes);
  }

  void write(FirmwareLine& line) {
    const auto at = address(line);
    if (!at) return;
    const auto n = line.get();
    const auto data = line.get(n + 1U);
    std::uint8_t sum = n;
    for (const auto byte : data) sum ^= byte;
    if (line.get() != sum || *at < base || *at - base + data.size() > size) return line.put(nack);
    for (std::size_t i = 0; i < data.size(); ++i) {
      auto& cell = memory[*at - base + i];
      cell = static_cast<std::uint8_t>(cell & data[i]);
      if (flips_bit_at == *at + i) cell ^= 1;
    }
    line.put(ack);
  }

  void erase(FirmwareLine& line) {
    if (locked) return line.put(nack);
    line.put(ack);
    auto head = line.get(2);
    const unsigned count = head[0] << 8U | head[1];
    std::uint8_t sum = head[0] ^ head[1];
    if (count >= 0xFFFD) {
      if (line.get() != sum) return line.put(nack);
      ++mass_erases;
      std::fill(memory.begin(), memory.end(), 0xFF);
      return line.put(ack);
    }
    const auto pages = line.get(2 * (count + 1U));
    for (const auto byte : pages) sum ^= byte;
    if (line.get() != sum) return line.put(nack);
    for (std::size_t i = 0; i < pages.size(); i += 2) {
      const unsigned number = pages[i] << 8U | pages[i + 1];
      if (number >= size / page) return line.put(nack);
      std::fill_n(memory.begin() + static_cast<std::ptrdiff_t>(number * page), page, 0xFF);
      ++pages_erased;
    }
    line.put(ack);
  }

  bool known_speed_ = false;
  SerialFirmware firmware_{[this](FirmwareLine& line) { run(line); }};  // last: uses the rest
};

}  // namespace assay::drivers
