// One seeded history: three agents, eight boards, clients, and a monkey that
// breaks things for five minutes; then quiet, until everything must have ended.
#pragma once

#include <optional>
#include <string>

#include "agent.hpp"
#include "assayd.hpp"

namespace assay::simulation {

struct Mutant {
  scheduler::Defect scheduler = scheduler::Defect::none;
  AgentDefect agent = AgentDefect::none;
};

struct Story {
  std::vector<std::string> violations;
  std::size_t runs = 0, attempts = 0;
};

Story simulate(std::uint64_t seed, Mutant = {});

}  // namespace assay::simulation
