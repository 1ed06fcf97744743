// What is going to happen in one story, decided before it begins: so that a story can be
// played again without some of it (shrink.cpp).
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "base/clock.hpp"
#include "defects.hpp"

namespace assay::simulation {

struct Act {
  enum class Kind {
    submit,      // a run of one to three jobs, some of several roles
    cancel,      // one of the runs
    lease,       // a person's, with what the person does under it
    quarantine,  // a board, for a while
    break_line,  // between assayd and an agent, both ways
    break_way,   // one way only
    stall_agent,
    freeze_agent,  // its clock stands still, too
    crash_agent,
    lose_agent,  // it comes back only after all trouble
    crash_assayd,
    stall_assayd,
    freeze_assayd
  };
  Kind kind;
  Duration at;
  std::uint64_t dice;  // decides all else
};
std::string_view word(Act::Kind);
[[nodiscard]] bool is_fault(Act::Kind);

struct Plan {
  std::uint64_t seed = 0;
  bool faults = true;  // also the small ones: lost answers, failed commits
  std::vector<Act> acts;
};

Plan plan(std::uint64_t seed);

}  // namespace assay::simulation
