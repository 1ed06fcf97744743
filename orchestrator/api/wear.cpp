#include "api/wear.hpp"

#include <nlohmann/json.hpp>

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
  for (const auto& row : TRY(backend.parts.store.attempts(id->job.run))) {
    if (row.job != id->job.index || row.number != id->number) continue;
    const auto leases = nlohmann::json::parse(row.leases_json, nullptr, false);
    if (!leases.is_array()) continue;
    for (const auto& lease : leases) {
      if (!lease.is_object() || !lease.contains("board") || !lease["board"].is_string()) continue;
      const auto board = lease["board"].get<std::string>();
      const evidence::Wear& its = wear[board];
      batch.wear.push_back({row.run, row.job, row.number, board,
                            static_cast<std::int64_t>(its.power_switches),
                            static_cast<std::int64_t>(its.flash_cycles)});
    }
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
