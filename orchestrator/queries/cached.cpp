#include "queries/cached.hpp"

#include "api/runs.hpp"

namespace assay::queries {

Queries::Queries(api::Backend& backend) : backend_(backend), cached_(std::make_unique<Cached>()) {}
Queries::~Queries() = default;

Result<> Queries::Cached::attempt(api::Backend& backend, const std::string& id,
                                  const std::function<Result<>(const Attempt&)>& use) {
  const v1::Attempt row = TRY(api::find_attempt(backend, id));
  const auto entry = attempts.entry(id);
  const std::lock_guard lock(entry->mutex);
  const auto extended = entry->value.extend(backend.parts.segments, id);
  attempts.weigh(id, *entry, entry->value.bytes());
  TRY(extended);
  const bool ended = entry->value.fold().ended() || row.state() == v1::RUN_STATE_ENDED;
  return use({id, entry->value, ended, row});
}

}  // namespace assay::queries
