// Waiting for runs to end: shows them live on a terminal, as lines elsewhere,
// and outlives a restart of assayd. Not thread-safe.
#pragma once

#include <string>
#include <vector>

#include "cli/client.hpp"
#include "cli/interrupts.hpp"

namespace assay::cli {

struct FollowOptions {
  bool cancel = false;       // Ctrl-C cancels the runs instead of only leaving
  std::FILE* out = nullptr;  // standard output, or standard error beside --json
};

// The runs as they ended. Cause::cancelled when Ctrl-C ended the watching,
// Cause::unavailable when assayd stayed away for a minute.
Result<std::vector<v1::Run>> follow_runs(Client&, const std::vector<std::string>& ids, Interrupts&,
                                         const FollowOptions&);

}  // namespace assay::cli
