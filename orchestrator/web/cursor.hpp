// Where a reader of a live run stands: per console, how many of its lines it has.
// "r17.1.1/dut=120;r17.1.2/dut=0". Thread-safe: values and free functions.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace assay::web {

// "r17.1.1/dut" to the number of the next line.
using Cursor = std::map<std::string, std::uint64_t>;

// Untrusted. Cause::invalid.
Result<Cursor> parse_cursor(std::string_view);
// At most max_cursor bytes: it comes back in a header. Consoles that do not fit
// are left out: their reader gets their last lines once more,
// which it knows by their numbers.
std::string to_text(const Cursor&);

inline constexpr std::size_t max_cursor = 6 << 10;

}  // namespace assay::web
