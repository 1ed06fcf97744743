// SQLite's default VFS while it exists: the real one, which tells a Disk what is
// done below that disk's root, fails where the Disk says so, and syncs nothing in
// truth. Not thread-safe; the one that was made last is the default.
#pragma once

#include <sqlite3.h>

#include <string>

#include "faults/disk.hpp"

namespace assay::store {

class CrashVfs {
 public:
  struct Settings {
    int checkpoint_pages = 10;  // SQLite's own 1,000 would make long histories
    // Not "": what every connection has instead of what the store sets.
    std::string synchronous = {};
  };
  explicit CrashVfs(faults::Disk&, Settings);
  ~CrashVfs();
  CrashVfs(const CrashVfs&) = delete;
  CrashVfs& operator=(const CrashVfs&) = delete;

 private:
  friend struct CrashVfsCalls;
  faults::Disk& disk_;
  sqlite3_vfs* real_;
  CrashVfs* before_;
  sqlite3_vfs vfs_{};
  const Settings settings_;
};

}  // namespace assay::store
