// What a rate is worth. Pure functions; thread-safe.
#pragma once

#include <cstdint>

namespace assay {

struct Interval {
  double low = 0, high = 0;
};
// The 95 % interval of Wilson's score for `passed` of `all`; {0, 0} of none.
// E. B. Wilson, "Probable inference, the law of succession, and statistical
// inference", JASA 22 (1927).
Interval wilson(std::uint64_t passed, std::uint64_t all);

}  // namespace assay
