// What a plan and a board went through.
#include <algorithm>

#include "api/listings.hpp"
#include "api/runs.hpp"
#include "api/wear.hpp"
#include "base/text.hpp"
#include "queries/queries.hpp"
#include "queries/stats.hpp"
#include "scheduler/types.hpp"
#include "wire/limits.hpp"
#include "wire/scalar.hpp"

namespace assay::queries {

static constexpr std::uint32_t at_most = 2000;
// Attempts whose end nobody told (their agent was lost) are counted when a board is
// looked at, a few at a time.
static constexpr int counted_at_once = 50;

static Result<> check_limit(std::uint32_t limit) {
  if (limit < 1 || limit > at_most) {
    return fail(Cause::invalid, "limit {}: 1 to {}", limit, at_most);
  }
  return {};
}

static std::string name_of(const store::UseRow& row) {
  return to_string(scheduler::AttemptId{{row.run, row.job}, row.number});
}

// Of a RunRow or a UseRow.
template <class Row>
static void add_point(std::string id, const Row& row, v1::History* out) {
  v1::HistoryPoint* point = out->add_points();
  point->set_id(std::move(id));
  point->set_plan(row.plan);
  point->set_rev(row.rev);
  point->set_ref(row.ref);
  point->set_project(row.project);
  point->set_verdict(api::verdict_of(row.verdict));
  point->set_sentence(row.sentence);
  point->set_started_unix_micros(row.started);
  if (row.started == 0 || row.ended < row.started) return;
  wire::to_proto(std::chrono::microseconds(row.ended - row.started), point->mutable_took());
}

Result<> Queries::plan_history(const std::string& plan, const HistoryWanted& wanted,
                               v1::History* out) {
  TRY(check_limit(wanted.limit));
  store::RunFilter filter{.plan = plan, .project = wanted.project, .ref = wanted.ref};
  filter.limit = wanted.limit;
  const auto page = TRY(backend_.parts.store.runs(filter));
  if (page.rows.empty() && wanted.project.empty() && wanted.ref.empty()) {
    v1::ListPlansResponse shipped;
    api::list_plans(&shipped);
    std::vector<std::string> names;
    for (const auto& one : shipped.plans()) names.push_back(one.id());
    if (std::find(names.begin(), names.end(), plan) == names.end()) {
      return fail(Cause::not_found, "no run of a plan '{}'{}",
                  printable(plan.substr(0, wire::max_name)), did_you_mean(plan, names));
    }
  }
  for (const store::RunRow& row : page.rows) add_point(scheduler::run_name(row.number), row, out);
  summarise(out);
  return {};
}

Result<> Queries::board_history(const std::string& board, const HistoryWanted& wanted,
                                v1::History* out) {
  TRY(check_limit(wanted.limit));
  api::fill_board(TRY(api::find_board(backend_, board)), out->mutable_board());
  auto uses = TRY(backend_.parts.store.board_uses(board, wanted.limit));
  int counted = 0;
  for (const store::UseRow& row : uses.newest) {
    if (row.counted || row.state != "ended" || counted == counted_at_once) continue;
    api::count_wear(backend_, name_of(row));
    ++counted;
  }
  if (counted > 0) uses = TRY(backend_.parts.store.board_uses(board, wanted.limit));
  for (const store::UseRow& row : uses.newest) add_point(name_of(row), row, out);
  out->set_power_switches(static_cast<std::uint64_t>(uses.power_switches));
  out->set_flash_cycles(static_cast<std::uint64_t>(uses.flash_cycles));
  summarise(out);
  return {};
}

}  // namespace assay::queries
