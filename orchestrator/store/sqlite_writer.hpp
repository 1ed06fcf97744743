// Writes a batch into an open transaction. Not thread-safe: the store guards it.
// Throws SQLite::Exception, as all inside the store's guarded().
#pragma once

#include <SQLiteCpp/SQLiteCpp.h>

#include "store/store.hpp"

namespace assay::store {

class SqliteWriter {
 public:
  explicit SqliteWriter(SQLite::Database&);  // outlives it
  void write(const Batch&);

 private:
  SQLite::Statement run_, request_, job_, attempt_, board_, wear_;
};

}  // namespace assay::store
