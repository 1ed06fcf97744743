// A scan for people and for programs. Thread-safe: free functions.
#pragma once

#include <string>
#include <vector>

#include "scan/scan.hpp"

namespace assay::scan {

// A table with a line a device, and what is in the way below each; what to check
// when there is nothing that Assay can drive.
std::string table(const std::vector<Device>&);
// {"devices": [...]}, every key in each device of its kind: docs/HARDWARE.md.
std::string to_json(const std::vector<Device>&);

}  // namespace assay::scan
