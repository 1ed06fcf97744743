// Which rows of the driver table a USB device fits. Thread-safe: free functions.
#pragma once

#include <string_view>
#include <vector>

#include "plans/driver_table.hpp"
#include "usb/bus.hpp"

namespace assay::scan {

// "16c0:05df 0519:2018".
std::vector<usb::Id> ids_of(const plans::DriverFacts&);
std::vector<const plans::DriverFacts*> rows_that_fit(const usb::Attached&);
bool has_key(const plans::DriverFacts&, std::string_view key);
// It is reached through a serial port of the operating system.
inline bool is_serial(const plans::DriverFacts& row) {
  return has_key(row, "path");
}

}  // namespace assay::scan
