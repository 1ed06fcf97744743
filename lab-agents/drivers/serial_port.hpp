// A serial port by termios: raw, exclusive, any baud rate of the kernel's table.
// Also a pseudo-terminal. Not thread-safe.
#pragma once

#include <cstdint>
#include <filesystem>

#include "base/fd.hpp"
#include "base/result.hpp"

namespace assay::drivers {

struct SerialSettings {
  std::filesystem::path path;
  std::int64_t baud = 115200;
  enum class Parity { none, even, odd } parity = Parity::none;
  int stop_bits = 1;
  bool rts_cts = false;
};

// Cause::invalid, with the rates that there are.
Result<> check_baud(std::int64_t baud);

// Non-blocking. Cause::refused when another process has it; not_found when it is
// not there; device when it may not be opened: the text names the group to join.
Result<UniqueFd> open_serial(const SerialSettings&);

}  // namespace assay::drivers
