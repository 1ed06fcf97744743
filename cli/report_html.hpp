// A run's evidence as one HTML file: see reports/static_report.hpp.
#pragma once

#include <cstdint>
#include <stop_token>
#include <string>

#include "base/result.hpp"
#include "cli/client.hpp"

#include "assay/v1/orchestrator.pb.h"

namespace assay::cli {

// Reads the run's events and artifacts; past `max_bytes` of data the middle of large
// consoles is left out, and the page says so. `file` is "-" for standard output.
Result<> write_html(Client&, const v1::Run&, std::uint64_t max_bytes, const std::string& file,
                    std::stop_token);

}  // namespace assay::cli
