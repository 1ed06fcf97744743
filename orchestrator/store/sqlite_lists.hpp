// The reads that the pages make of many runs, each by an index that is named: what
// SQLite would choose by its statistics is now and then a scan of everything.
// Not thread-safe: the store guards the connection. Throws SQLite::Exception.
#pragma once

#include <SQLiteCpp/SQLiteCpp.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "store/store.hpp"

namespace assay::store {

RunPage list_runs(SQLite::Database&, const RunFilter&);
std::optional<RunRow> last_passed(SQLite::Database&, const std::string& plan,
                                  const std::string& project, std::int64_t before);
BoardUses board_uses(SQLite::Database&, const std::string& board, std::uint32_t limit);
std::vector<OutcomeRow> outcomes(SQLite::Database&, Axis, const std::vector<std::int64_t>& runs);

}  // namespace assay::store
