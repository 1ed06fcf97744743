// Which lines of a console hold a text or match a pattern. Blocks for the disk.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "base/result.hpp"
#include "queries/queries.hpp"
#include "segments/segments.hpp"

namespace assay::queries {

struct Matches {
  std::vector<std::uint64_t> lines;  // ascending, at most `limit`
  std::uint64_t total = 0;
};

// In events up to number `last`. Cause::invalid says what is wrong with what is
// sought; Cause::timeout, Cause::cancelled.
Result<Matches> search_console(segments::Segments&, const std::string& attempt,
                               const std::string& role, std::uint64_t last, const SearchWanted&,
                               const Wait&);

}  // namespace assay::queries
