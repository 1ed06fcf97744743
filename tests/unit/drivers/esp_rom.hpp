// The bootloader in an ESP32-C3's ROM, as "Serial Protocol" of esptool's documentation
// describes it: SLIP frames, commands with a checksum, a SPI flash of 4 MiB behind
// registers (addresses from the technical reference manual's register summary).
#pragma once

#include <algorithm>
#include <array>
#include <atomic>
#include <map>

#include "base/little_endian.hpp"
#include "serial_firmware.hpp"

namespace assay::drivers {

class EspRom {
 public:
  static constexpr std::uint32_t size = 4 << 20;
  // Of an MD5 the caller's way, so that nothing of the driver's is in the model.
  using Md5 = std::function<std::string(ByteView)>;
  explicit EspRom(Md5 md5) : md5_(std::move(md5)) {}

  [[nodiscard]] const std::string& path() const { return firmware_.path(); }

  Bytes memory = Bytes(size, 0xFF);  // looked at while nothing runs
  // Set before.
  std::atomic<bool> silent = false, fails_to_write = false;
  std::atomic<std::uint32_t> chip = 5;  // 5: ESP32-C3, 9: ESP32-S3
  std::atomic<std::uint32_t> flips_bit_at = 0;

 private:
  enum Command : std::uint8_t {
    flash_begin = 0x02,
    flash_data = 0x03,
    sync = 0x08,
    write_register = 0x09,
    read_register = 0x0A,
    flash_md5 = 0x13,
    security_info = 0x14
  };
  static constexpr std::uint32_t spi_command = 0x60002000, spi_user2 = 0x60002020,
                                 spi_data = 0x60002058, mac_low = 0x60008844, mac_high = 0x60008848,
                                 begins = 1 << 18;

  void run(FirmwareLine& line) {
    while (true) {
      Bytes frame;
      while (line.get() != 0xC0) {
      }
      for (auto byte = line.get(); byte != 0xC0; byte = line.get()) {
        if (byte == 0xDB) byte = line.get() == 0xDC ? 0xC0 : 0xDB;
        frame.push_back(byte);
      }
      if (frame.size() >= 8 && !silent) obey(line, frame[1], ByteView(frame).subspan(8));
    }
  }

  static void reply(FirmwareLine& line, std::uint8_t command, std::uint32_t value = 0,
                    const Bytes& data = {}, std::uint8_t error = 0) {
    Bytes body{1, command};
    put_u16(body, static_cast<std::uint16_t>(data.size() + 4));
    put_u32(body, value);
    body.insert(body.end(), data.begin(), data.end());
    const Bytes status{static_cast<std::uint8_t>(error != 0), error, 0, 0};
    body.insert(body.end(), status.begin(), status.end());
    Bytes frame{0xC0};
    for (const auto byte : body) {
      if (byte == 0xC0 || byte == 0xDB) {
        frame.push_back(0xDB);
        frame.push_back(byte == 0xC0 ? 0xDC : 0xDD);
      } else {
        frame.push_back(byte);
      }
    }
    frame.push_back(0xC0);
    line.put(frame);
  }

  void obey(FirmwareLine& line, std::uint8_t command, ByteView data) {
    switch (command) {
      case sync:
        for (int i = 0; i < 8; ++i) reply(line, command);
        return;
      case read_register:
        return reply(line, command, registers_[u32_at(data, 0)]);
      case write_register:
        set_register(u32_at(data, 0), u32_at(data, 4));
        return reply(line, command);
      case security_info: {
        Bytes info(12);
        put_u32(info, chip);
        put_u32(info, 0);
        return reply(line, command, 0, info);
      }
      case flash_begin: {
        const auto erased = (u32_at(data, 0) + 0xFFFU) & ~0xFFFU;
        block_ = u32_at(data, 8);
        at_ = u32_at(data, 12);
        if (at_ + erased > size) return reply(line, command, 0, {}, 5);
        std::fill_n(memory.begin() + at_, erased, 0xFF);
        return reply(line, command);
      }
      case flash_data: {
        const std::uint32_t begin = at_ + u32_at(data, 4) * block_;
        const auto bytes = data.subspan(16, u32_at(data, 0));
        if (fails_to_write) return reply(line, command, 0, {}, 8);
        std::copy(bytes.begin(), bytes.end(), memory.begin() + begin);
        if (flips_bit_at >= begin && flips_bit_at < begin + bytes.size() && flips_bit_at != 0)
          memory[flips_bit_at] ^= 1;
        return reply(line, command);
      }
      case flash_md5: {
        const auto text = md5_(ByteView(memory).subspan(u32_at(data, 0), u32_at(data, 4)));
        return reply(line, command, 0, Bytes(text.begin(), text.end()));
      }
      default:  // SPI parameters, speed: nothing to do here
        return reply(line, command);
    }
  }

  // The SPI controller carries a command out at once.
  void set_register(std::uint32_t at, std::uint32_t value) {
    constexpr std::uint8_t read_id = 0x9F;
    registers_[at] = value;
    if (at != spi_command || (value & begins) == 0) return;
    registers_[at] = 0;
    if ((registers_[spi_user2] & 0xFF) == read_id) registers_[spi_data] = 0x164020;  // 4 MiB
  }

  const Md5 md5_;
  std::map<std::uint32_t, std::uint32_t> registers_ = {{mac_low, 0xA1000001}, {mac_high, 0x7CDF}};
  std::uint32_t at_ = 0, block_ = 1024;
  SerialFirmware firmware_{[this](FirmwareLine& line) { run(line); }};  // last: uses the rest
};

}  // namespace assay::drivers
