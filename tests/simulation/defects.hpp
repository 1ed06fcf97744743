// Mistakes made on purpose, to see that they are found.
#pragma once

#include "scheduler/types.hpp"

namespace assay::simulation {

enum class AgentDefect {
  none,
  safe_after_hello,  // says hello before the boards of its former life are safe
  epochs_forgotten,  // at its end
  busy_unsaid,       // says that it is done while it makes boards safe
  lease_ignored      // goes on when its lease is over, and takes what comes too late
};
enum class AssaydDefect {
  none,
  sent_before_commit,
  answered_before_commit,  // to clients
  ended_before_commit,     // acknowledges an end to the agent
  not_reloaded,            // after a failed commit
  request_ids_ignored
};
enum class CheckerDefect {
  none,
  overlap_unseen,
  epoch_unseen,
  double_run_unseen,
  lost_run_unseen,
  truth_unseen,
  lease_unseen,
  cancel_unseen,
  parts_unseen,
  open_unseen,
  blame_unseen
};

struct Mutant {
  scheduler::Defect scheduler = scheduler::Defect::none;
  AgentDefect agent = AgentDefect::none;
  AssaydDefect assayd = AssaydDefect::none;
  CheckerDefect checker = CheckerDefect::none;
};

}  // namespace assay::simulation
