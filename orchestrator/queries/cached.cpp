#include "queries/cached.hpp"

#include "api/runs.hpp"
#include "base/text.hpp"
#include "scheduler/types.hpp"
#include "wire/limits.hpp"

namespace assay::queries {

Queries::Queries(api::Backend& backend) : backend_(backend), cached_(std::make_unique<Cached>()) {}
Queries::~Queries() = default;

static Result<v1::Attempt> find_attempt(api::Backend& backend, const std::string& name) {
  const auto id = scheduler::parse_attempt(name);
  if (!id) {
    return fail(Cause::not_found, "no attempt '{}'; attempts are named like r17.1.2",
                printable(name.substr(0, wire::max_name)));
  }
  for (const store::AttemptRow& row : TRY(backend.parts.store.attempts(id->job.run))) {
    if (row.job != id->job.index || row.number != id->number) continue;
    v1::Attempt attempt;
    api::fill_attempt(row, &attempt);
    return attempt;
  }
  return fail(Cause::not_found, "no attempt '{}'", name);
}

Result<> Queries::Cached::attempt(api::Backend& backend, const std::string& id,
                                  const std::function<Result<>(const Attempt&)>& use) {
  const v1::Attempt row = TRY(find_attempt(backend, id));
  const auto entry = attempts.entry(id);
  const std::lock_guard lock(entry->mutex);
  const auto extended = entry->value.extend(backend.parts.segments, id);
  attempts.weigh(id, *entry, entry->value.bytes());
  TRY(extended);
  const bool ended = entry->value.fold().ended() || row.state() == v1::RUN_STATE_ENDED;
  return use({id, entry->value, ended, row});
}

}  // namespace assay::queries
