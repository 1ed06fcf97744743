// One attempt on one time axis.
#include "queries/cached.hpp"
#include "reports/to_messages.hpp"

namespace assay::queries {

Result<> Queries::timeline(const std::string& attempt, v1::Timeline* out) {
  return cached_->attempt(backend_, attempt, [&](const Cached::Attempt& known) -> Result<> {
    reports::fill(attempt, known.index.fold(), out);
    out->set_ended(known.ended);
    return {};
  });
}

}  // namespace assay::queries
