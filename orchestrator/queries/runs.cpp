#include "api/runs.hpp"

#include "api/listings.hpp"
#include "api/run_parts.hpp"
#include "queries/queries.hpp"
#include "wire/run_parts.hpp"

namespace assay::queries {

Result<> Queries::runs(const v1::ListRunsRequest& request, v1::ListRunsResponse* out) {
  return api::list_runs(backend_, request, out);
}

Result<> Queries::run(const std::string& id, v1::Run* out) {
  api::RunParts parts(backend_, TRY(api::run_number(id)));
  TRY(parts.refresh());
  while (true) {
    v1::RunPart part;
    if (!TRY(parts.next(&part))) return {};
    wire::merge(*out, std::move(*part.mutable_run()));
    // What changed meanwhile is not this answer's: a flood would keep it from ending.
    if (!parts.unfinished()) return {};
  }
}

Result<> Queries::why(const std::string& id, v1::WhyRunResponse* out) {
  return api::why_run(backend_, id, out);
}

Result<> Queries::baseline(const std::string& id, v1::Baseline* out) {
  const auto number = TRY(api::run_number(id));
  const auto row = TRY(backend_.parts.store.run(number));
  if (!row) return fail(Cause::not_found, "no run '{}'", id);
  const auto found = TRY(backend_.parts.store.last_passed(row->plan, row->project, number));
  return found ? api::fill_head(backend_, found->number, out->mutable_run()) : Result<>();
}

}  // namespace assay::queries
