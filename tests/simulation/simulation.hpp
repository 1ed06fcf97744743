// One story: three agents with twenty boards, projects, people, and what breaks, for two
// minutes; then quiet, until everything must have ended.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "defects.hpp"
#include "plan.hpp"
#include "world.hpp"

namespace assay::simulation {

struct Story {
  std::vector<std::string> violations;
  std::size_t runs = 0, attempts = 0, leases = 0, gangs = 0, faults = 0;
  std::uint64_t events = 0;  // everything that happened, messages and timers
  std::uint64_t digest = 0;  // of what was told
};

Story play(const Plan&, const Mutant& = {}, Telling = Telling::none);

// The same story with as little in it as still violates something.
Plan shrink(Plan, const Mutant& = {});

}  // namespace assay::simulation
