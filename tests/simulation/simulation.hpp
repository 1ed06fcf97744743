// One story: three agents with twenty boards, projects, people, and what breaks, for two
// minutes; then quiet, until everything must have ended.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "defects.hpp"
#include "plan.hpp"

namespace assay::simulation {

struct Story {
  std::vector<std::string> violations;
  std::size_t runs = 0, attempts = 0, leases = 0, gangs = 0, faults = 0;
  std::uint64_t events = 0;  // everything that happened, messages and timers
};

Story play(const Plan&, const Mutant& = {}, bool told = false);

// The same story with as little in it as still violates something.
Plan shrink(Plan, const Mutant& = {});

}  // namespace assay::simulation
