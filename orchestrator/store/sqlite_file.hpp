// Opens assay.db: checks that it is whole and ours, migrates it, and turns
// SQLite's exceptions into errors for people. Thread-safe: free functions.
#pragma once

#include <SQLiteCpp/SQLiteCpp.h>

#include <filesystem>
#include <memory>

#include "base/result.hpp"

namespace assay::store {

// What went wrong with `file`, in words; the cause as store.hpp lists them.
Error sqlite_error(const std::filesystem::path& file, const SQLite::Exception&);

// The writing connection: made, checked and migrated. `max_bytes` 0: no limit.
Result<std::unique_ptr<SQLite::Database>> open_writer(const std::filesystem::path& file,
                                                      std::uint64_t max_bytes);

}  // namespace assay::store
