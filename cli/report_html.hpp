// A run's evidence as one HTML file: see reports/static_report.hpp.
#pragma once

#include <cstdint>
#include <stop_token>
#include <string>

#include "base/result.hpp"
#include "cli/client.hpp"

#include "assay/v1/orchestrator.pb.h"

namespace assay::cli {

// Reads the run's events and artifacts. The file takes at most `max_mib`: for that the
// middle of large consoles is left out, and the page says so; Cause::invalid when what
// else there is of the run takes more. `file` is "-" for standard output.
Result<> write_html(Client&, const v1::Run&, std::uint64_t max_mib, const std::string& file,
                    std::stop_token);

}  // namespace assay::cli
