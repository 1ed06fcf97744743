// Puts a Disk under the system calls of the static libraries that a test links:
// what they do below its root is told to the Disk, which may refuse it. Nothing
// is synced in truth. Not thread-safe: one Mounted at a time.
#pragma once

#include "faults/disk.hpp"

namespace assay::faults {

class Mounted {
 public:
  explicit Mounted(Disk&);
  ~Mounted();
  Mounted(const Mounted&) = delete;
  Mounted& operator=(const Mounted&) = delete;
};

}  // namespace assay::faults
