// The version that `assay --version` prints.
#pragma once

#include <string_view>

namespace assay::cli {
inline constexpr std::string_view version = "0.1.0";
}
