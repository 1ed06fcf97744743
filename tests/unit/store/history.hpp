// What a store goes through in the crash tests, and what it must then know.
#pragma once

#include <string>
#include <vector>

#include "store/store.hpp"

namespace assay::store {

// Commits one after another: runs begin, are given to boards, and end.
std::vector<Batch> history(int commits);

// All that a store tells, as text to compare.
std::string told(Store&);

// told() before the first of these commits, after it, ... after the last.
std::vector<std::string> states(const std::vector<Batch>&);

}  // namespace assay::store
