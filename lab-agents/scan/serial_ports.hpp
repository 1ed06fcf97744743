// Serial ports of this machine. Thread-safe: free functions and values.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace assay::scan {

struct SerialPort {
  std::string path;            // "/dev/ttyACM0"
  std::string port;            // where its adapter is plugged in, "1-1.4"; "": not on USB
  std::string interface;       // "0": which of the adapter's; "": not on USB
  std::string by_id, by_path;  // "/dev/serial/by-id/..."; "" when udev made none
  std::string trouble;
};
// Those with hardware behind them, by name.
std::vector<SerialPort> serial_ports();

// Why `path`, which this group ("": none) may open, cannot be opened: errno's words and the cure.
std::string cannot_open_port(std::string_view path, int error, std::string_view group);

}  // namespace assay::scan
