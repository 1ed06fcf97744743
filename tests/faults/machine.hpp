// A machine with a disk that remembers, fails when told to, and after a power cut
// leaves another one what was on it.
#pragma once

#include "base/file.hpp"
#include "faults/files.hpp"

namespace assay::faults {

struct Machine {
  explicit Machine(const Image& image = {});
  TempFolder folder = memory_folder();
  Disk disk;
};

// With the disk under the system calls of the test's static libraries.
struct MountedMachine : Machine {
  using Machine::Machine;
  Mounted mounted{disk};
};

// What a power cut leaves after all that the disk remembers.
Image left_on(const Disk&, Left, std::uint64_t seed = 1);

}  // namespace assay::faults
