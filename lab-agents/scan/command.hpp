// The commands that look at this machine's hardware: scan, init, udev-rules and
// drivers. `assay-agent` hands them to `assay-host`, which has the device libraries.
#pragma once

#include <optional>
#include <string_view>

namespace assay::scan {

inline constexpr std::string_view commands[] = {"scan", "init", "udev-rules", "drivers"};
constexpr bool is_command(std::string_view word) {
  for (const std::string_view one : commands) {
    if (one == word) return true;
  }
  return false;
}

// Of the whole program: the exit status (0 done, 2 the command line is wrong or
// there is nothing to write; nothing was touched), or nullopt when argv[1] is none
// of them.
std::optional<int> run_command(int argc, char** argv);

}  // namespace assay::scan
