// A lab file from a scan. Thread-safe: free functions.
#pragma once

#include <string>
#include <vector>

#include "scan/scan.hpp"

namespace assay::scan {

// Each device once: a board for each probe, with the serial port of the same USB
// device; without probes one for each serial port, else for the first relay. What
// hangs on what else is not known: those lines are comments, for a person to move.
// Cause::not_found when no board could hang on anything.
Result<std::string> lab_file(const std::vector<Device>&, const std::string& host_name);

}  // namespace assay::scan
