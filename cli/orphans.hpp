// Processes that lost their parent below this one: with PR_SET_CHILD_SUBREAPER
// they become our children, also those with a session of their own. For a
// single-threaded process that knows all children it started.
#pragma once

#include <sys/types.h>

#include <vector>

#include "base/clock.hpp"

namespace assay::cli {

void adopt_orphans();
// Children that run now, those we started included.
std::vector<pid_t> children();
// Reaps every ended child that is not in `ours`.
void reap_orphans(const std::vector<pid_t>& ours);
// Waits for every child to end, kills what is left after `grace` and reaps it.
// SIGCHLD must be blocked. How many had to be killed.
int end_orphans(Duration grace);

}  // namespace assay::cli
