// Asking a device once more. Internal to drivers/.
#pragma once

#include "base/clock.hpp"
#include "base/result.hpp"

namespace assay::drivers {

// Three times, while it is the device's fault and there is time: a glitch on the bus is
// over by then; a device that is gone or broken is not.
template <class Ask>
Result<> try_again(const Ask& ask, const Wait& wait) {
  constexpr int tries = 3;
  for (int left = tries - 1;; --left) {
    Result<> done = ask();
    if (done || left == 0 || done.error().cause != Cause::device || wait.until.passed() ||
        wait.stop.stop_requested())
      return done;
  }
}

}  // namespace assay::drivers
