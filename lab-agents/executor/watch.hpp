// The one lock and bell of an attempt: everything that its thread waits for
// (console lines, incidents) rings it. Thread-safe.
#pragma once

#include <algorithm>
#include <condition_variable>
#include <mutex>

#include "base/clock.hpp"
#include "base/result.hpp"

namespace assay::executor {

// A wait whose end was noticed so much too late says nothing of the board; one that
// was noticed a little too late does once what came meanwhile was looked at.
inline constexpr Duration stood_still = std::chrono::milliseconds(500);
inline constexpr Duration a_little_late = std::chrono::milliseconds(10);

class Watch {
 public:
  std::mutex mutex;
  std::condition_variable_any changed;

  // By how much the end of a wait was noticed too late, the longest since this was
  // set to 0: a computer that slept, a process that was stopped. Of the attempt's thread.
  Duration overslept{};

  // Until `ready` holds (which wins over a stop and a deadline at the same
  // moment). Cause::timeout or Cause::cancelled otherwise.
  template <class Ready>
  Result<> until(std::unique_lock<std::mutex>& lock, const Wait& wait, Ready ready) {
    const BootTime begin = BootTime::now();
    while (!ready()) {
      if (wait.stop.stop_requested()) return fail(Cause::cancelled, "cancelled");
      if (wait.until.passed()) {
        const BootTime end = std::max(begin, wait.until.time());
        overslept = std::max<Duration>(overslept, BootTime::now() - end);
        return fail(Cause::timeout, "timed out");
      }
      // CLOCK_BOOTTIME has no clock in the library; a wake-up of it too early loops.
      const auto left = std::min<Duration>(wait.until.left(), std::chrono::hours(1));
      changed.wait_for(lock, wait.stop, left, ready);
    }
    return {};
  }
};

}  // namespace assay::executor
