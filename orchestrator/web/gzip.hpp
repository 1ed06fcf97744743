// gzip in memory. Thread-safe: a free function.
#pragma once

#include <string>
#include <string_view>

#include "base/result.hpp"

namespace assay::web {

// `level` 1 (quick) to 9 (small).
Result<std::string> gzip(std::string_view, int level);

}  // namespace assay::web
