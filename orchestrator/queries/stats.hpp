// Rates over a history, with what they are worth. Pure functions; thread-safe.
#pragma once

#include <cstdint>
#include <vector>

#include "base/clock.hpp"

namespace assay::v1 {
class History;
}

namespace assay::queries {

struct Interval {
  double low = 0, high = 0;
};
// The 95 % interval of Wilson's score for `passed` of `all`; {0, 0} of none.
// E. B. Wilson, "Probable inference, the law of succession, and statistical
// inference", JASA 22 (1927).
Interval wilson(std::uint64_t passed, std::uint64_t all);

// The smallest value that at least `share` (0 to 1) of all are not above; 0 of none.
Duration percentile(std::vector<Duration> values, double share);

// Fills in `stats` from `points`.
void summarise(v1::History*);

}  // namespace assay::queries
