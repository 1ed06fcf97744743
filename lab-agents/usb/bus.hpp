// What is attached to USB, as sysfs lists it: needs no permission and asks no
// device anything. Thread-safe: free functions and values.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"

namespace assay::usb {

struct Id {
  std::uint16_t vendor = 0, product = 0;
  friend bool operator==(const Id&, const Id&) = default;
};
std::string to_string(Id);  // "16c0:05df"

struct Attached {
  Id id;
  std::string port;                        // "1-1.4": where it is plugged in; "usb1": a root hub
  std::string node;                        // "/dev/bus/usb/001/007"
  std::string manufacturer, name, serial;  // "" when the device has none
  std::uint8_t device_class = 0;
  std::string trouble;  // why this process may not open it, and the cure; or ""
};
// Everything on the bus, by port. Nothing at all on a machine without USB.
Result<std::vector<Attached>> attached();

// Why `node` cannot be opened: errno's words and the cure.
std::string cannot_open(std::string_view node, int error);

}  // namespace assay::usb
