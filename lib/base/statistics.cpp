#include "base/statistics.hpp"

#include <algorithm>
#include <cmath>

namespace assay {

Interval wilson(std::uint64_t passed, std::uint64_t all) {
  if (all == 0) return {};
  constexpr double z = 1.959963984540054;  // 97.5 % of the normal distribution lie below
  const auto n = static_cast<double>(all);
  const double share = static_cast<double>(passed) / n;
  const double middle = (share + z * z / (2 * n)) / (1 + z * z / n);
  const double half =
      z / (1 + z * z / n) * std::sqrt(share * (1 - share) / n + z * z / (4 * n * n));
  // Exactly there, whatever was rounded.
  return {passed == 0 ? 0 : std::max(0.0, middle - half),
          passed == all ? 1 : std::min(1.0, middle + half)};
}

}  // namespace assay
