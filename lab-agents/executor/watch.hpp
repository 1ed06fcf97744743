// The one lock and bell of an attempt: everything that its thread waits for
// (console lines, incidents) rings it. Thread-safe.
#pragma once

#include <algorithm>
#include <condition_variable>
#include <mutex>

#include "base/clock.hpp"
#include "base/result.hpp"

namespace assay::executor {

class Watch {
 public:
  std::mutex mutex;
  std::condition_variable_any changed;

  // Until `ready` holds (which wins over a stop and a deadline at the same
  // moment). Cause::timeout or Cause::cancelled otherwise.
  template <class Ready>
  Result<> until(std::unique_lock<std::mutex>& lock, const Wait& wait, Ready ready) {
    while (!ready()) {
      if (wait.stop.stop_requested()) return fail(Cause::cancelled, "cancelled");
      if (wait.until.passed()) return fail(Cause::timeout, "timed out");
      // CLOCK_BOOTTIME has no clock in the library; a wake-up of it too early loops.
      const auto left = std::min<Duration>(wait.until.left(), std::chrono::hours(1));
      changed.wait_for(lock, wait.stop, left, ready);
    }
    return {};
  }
};

}  // namespace assay::executor
