// Who had how much of the boards: what turns between projects are decided by.
// Counted in microseconds of one board. A project that comes (back) with work starts
// where the one stood that was served last, so idleness is no credit to be cashed in at once
// (as in P. Goyal et al., "Start-time Fair Queuing", SIGCOMM 1996).
// Not thread-safe.
#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "base/clock.hpp"

namespace assay::scheduler {

class Shares {
 public:
  // One more of its jobs waits or runs; one fewer.
  void join(const std::string& project);
  void leave(const std::string& project);
  // Negative where more was charged than was used.
  void charge(const std::string& project, Duration time, std::size_t boards);
  [[nodiscard]] std::int64_t had(const std::string& project) const;

 private:
  struct One {
    std::int64_t had = 0;
    std::size_t jobs = 0;
  };
  std::map<std::string, One> projects_;
  std::int64_t served_at_ = 0;  // what the project had that was served last, before that
};

}  // namespace assay::scheduler
