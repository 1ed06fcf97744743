// The signals by which people and supervisors end a program.
#pragma once

#include <signal.h>

namespace assay {

// Blocks SIGINT, SIGTERM and SIGHUP in this thread and those it starts, so that
// one place can wait for them; call before any thread exists. Returns the set.
sigset_t block_ending_signals();

}  // namespace assay
