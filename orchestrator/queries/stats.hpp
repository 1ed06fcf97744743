// Rates over a history, with what they are worth. Pure functions; thread-safe.
#pragma once

#include <cstdint>
#include <vector>

#include "base/clock.hpp"
#include "base/statistics.hpp"

namespace assay::v1 {
class History;
}

namespace assay::queries {

// The smallest value that at least `share` (0 to 1) of all are not above; 0 of none.
Duration percentile(std::vector<Duration> values, double share);

// Fills in `stats` from `points`.
void summarise(v1::History*);

}  // namespace assay::queries
