// Test Anything Protocol, version 13, one test a job; what went wrong stands in a
// YAML block. TAP knows no lab error: it is `not ok` with `severity: lab-error`.
// Lines are printable UTF-8 for any bytes. Source: https://testanything.org.
// Thread-safe: free functions.
#pragma once

#include <string>

#include "formats/run_report.hpp"

namespace assay::formats {

std::string to_tap(const RunReport&);

}  // namespace assay::formats
