// Flashing through a bootloader of the board's own (DFU, ST's and Espressif's ROMs,
// fastboot), whatever tool speaks to it: what a tool's driver implements, and the
// device made of it.
//
// All of them the same way: the file is decoded before anything is touched; where the
// lab file says how, the board is brought into its bootloader by a command (`enter`).
// None reads flash for others to look at: that would stop the program under test.
// Single-threaded, as abilities::Device.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "abilities/device.hpp"
#include "base/file.hpp"
#include "drivers/flash/tool.hpp"
#include "drivers/kinds.hpp"
#include "images/segments.hpp"

namespace assay::drivers {

// Errors: Cause::device with what the tool said.
class LoaderTool {
 public:
  virtual ~LoaderTool() = default;
  // "dfu-util 0.11, device 206A3".
  [[nodiscard]] virtual std::string about() const = 0;
  // unproven: a board that runs its program shows no bootloader.
  virtual Result<abilities::Health> check(const abilities::Order&) = 0;
  // Erases as the job says, writes, verifies, and begins the program where it can.
  // `folder` is for files.
  virtual Result<> program(const abilities::FlashJob&, const images::Segments&,
                           const TempFolder& folder, const abilities::Order&) = 0;
};

// `enter`: a program with its arguments, or empty.
std::unique_ptr<abilities::Device> make_loader_flasher(std::unique_ptr<LoaderTool>,
                                                       std::vector<std::string> enter);

// All of [address, address + size) in one segment, `fill` where the file has nothing:
// for tools that cannot erase a range.
Result<images::Segments> filled(const images::Segments&, const abilities::FlashJob&);

// The check of a bootloader on a serial port: to ask the chip would be to reset it.
Result<abilities::Health> check_port(const std::filesystem::path&);

}  // namespace assay::drivers
