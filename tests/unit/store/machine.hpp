// A store over a disk that remembers and fails, and what must be left of it.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "crash_vfs.hpp"
#include "faults/machine.hpp"
#include "store/store.hpp"

namespace assay::store {

struct Machine : faults::Machine {
  explicit Machine(const faults::Image& = {}, CrashVfs::Settings = {});
  // Closes what is open.
  Result<> open();
  [[nodiscard]] std::size_t operations() const { return disk.operations().size(); }
  CrashVfs vfs;
  std::unique_ptr<Store> store;
};

// One of these states: told() after `from` commits to that after `to`.
struct Expected {
  const std::vector<std::string>& states;
  std::size_t from = 0, to = 0;
  std::string identity = {};  // "": not told to anybody yet
};
// Which of them it is.
std::optional<std::size_t> state_of(Store&, const Expected&);

// "" when a store that begins with this image is as expected, whole, and goes on.
std::string wrong_with(const faults::Image&, const Expected&);

struct Found {
  std::size_t operations = 0, images = 0, wrong = 0;
  std::string first;  // with all that is needed to see it again
};
// What must be left when the power is cut after that many operations.
using ExpectedAt = std::function<Expected(std::size_t operations)>;
using Examine = std::function<std::string(const faults::Image&, const Expected&)>;
struct Cuts {
  std::size_t enough = 10;  // wrong ones: then it ends
  // Of each kind after each operation; 0: one of one kind, or of all as many as the
  // environment says (ASSAY_CRASH_SEEDS=5).
  std::uint64_t seeds = 0;
  std::size_t from = 0, to = ~std::size_t{0};  // operations
};
// Cuts the power after each operation.
Found cut_everywhere(const faults::Disk&, const ExpectedAt&, const Cuts& = {},
                     const Examine& = wrong_with);

}  // namespace assay::store
