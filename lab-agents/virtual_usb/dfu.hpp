// A device in DFU mode: plain DFU 1.1, or with ST's addresses (DfuSe).
// Sources: USB "Device Class Specification for Device Firmware Upgrade" 1.1; ST's
// application note AN3156 "USB DFU protocol used in the STM32 bootloader" (commands
// 0x21, 0x41 and 0x92 in block 0; data from block 2 on).
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "virtual_usb/model.hpp"

namespace assay::virtual_usb {

struct DfuFacts {
  std::string serial = "DFU1";
  std::uint16_t vendor = 0x0483, product = 0xdf11;
  bool st = false;  // DfuSe
  std::uint32_t base = 0x08000000;
  std::uint32_t size = 128 << 10;
  std::uint32_t page = 2048;
  std::uint16_t transfer = 1024;
  bool uploads = true;
};

class Dfu final : public Model {
 public:
  explicit Dfu(DfuFacts);

  Answer control(const SetupPacket&, ByteView out) override;
  void choose(std::uint8_t interface, std::uint8_t setting) override;

  Bytes memory;  // erased: 0xFF
  // Faults.
  bool locked = false;                          // against reading and writing
  std::optional<std::uint32_t> flips_bit_at;    // what is programmed there is wrong
  std::optional<std::uint32_t> fails_to_erase;  // the page at this address
  // What happened.
  unsigned erased_pages = 0, mass_erases = 0, left = 0;
  std::uint8_t setting = 0;

 private:
  enum class State : std::uint8_t {
    idle = 2,
    download_sync = 3,
    busy = 4,
    download_idle = 5,
    manifest_sync = 6,
    manifest = 7,
    upload_idle = 9,
    error = 10
  };
  enum class Status : std::uint8_t {
    ok = 0,
    write = 3,
    erase = 4,
    address = 8,
    vendor = 0x0B,  // ST: protected
    unknown = 0x0E
  };

  Answer download(const SetupPacket&, ByteView out);
  Answer upload(const SetupPacket&);
  Answer get_status();
  void carry_out();
  void command(ByteView);
  void program(std::uint32_t at, ByteView);
  void erase_page(std::uint32_t at);
  Answer wrong(Status);

  const DfuFacts dfu_;
  State state_ = State::idle;
  Status status_ = Status::ok;
  std::uint32_t pointer_ = 0;   // ST: of the next block
  std::uint16_t block_ = 0;     // of what waits
  Bytes waiting_;               // a block that the next status request begins
  std::uint32_t uploaded_ = 0;  // plain: how far
};

}  // namespace assay::virtual_usb
