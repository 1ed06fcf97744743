#include "api/wear.hpp"

#include <assay/v1/orchestrator.pb.h>

#include "api/runs.hpp"
#include "base/log.hpp"
#include "scheduler/types.hpp"

namespace assay::api {

static Result<> count(Backend& backend, const std::string& attempt) {
  const auto id = scheduler::parse_attempt(attempt);
  if (!id) return {};
  std::map<std::string, evidence::Wear> wear;
  TRY(backend.records.read(attempt,
                           [&](const evidence::AttemptRecord& record) { wear = record.wear(); }));
  store::Batch batch;
  // Also of a board with which it did nothing: it was counted.
  const v1::Attempt known = TRY(find_attempt(backend, attempt));
  for (const auto& [role, board] : known.boards()) {
    const evidence::Wear& its = wear[board];
    batch.wear.push_back({id->job.run, id->job.index, id->number, board,
                          static_cast<std::int64_t>(its.power_switches),
                          static_cast<std::int64_t>(its.flash_cycles)});
  }
  return batch.empty() ? Result<>() : backend.parts.store.commit(batch);
}

void count_wear(Backend& backend, const std::string& attempt) {
  if (const auto counted = count(backend, attempt); !counted) {
    spdlog::warn("{}: what it did to its boards is not counted yet: {}", attempt,
                 counted.error().text);
  }
}

}  // namespace assay::api
