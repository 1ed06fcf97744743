// An hour of a lab with more work than boards, where nothing breaks: who had to wait for
// how long, and who had how much, seen from outside.
#pragma once

#include <string>
#include <vector>

#include "defects.hpp"

namespace assay::simulation {

// What is not as docs/SCHEDULING.md states it.
std::vector<std::string> play_turns(std::uint64_t seed, scheduler::Defect);

}  // namespace assay::simulation
