// Runs as lib/formats knows them. Thread-safe: free functions.
#pragma once

#include <string>

#include "base/result.hpp"
#include "formats/run_report.hpp"

#include "assay/v1/orchestrator.pb.h"

namespace assay::cli {

formats::RunReport report_of(const v1::Run&);
// `file` is "-" for standard output.
Result<> write_report(const std::string& text, const std::string& file);
Result<> write_junit(const v1::Run&, const std::string& file);

}  // namespace assay::cli
