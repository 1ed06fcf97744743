// Builds against plans, profiles or boards.
#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <unordered_map>
#include <utility>

#include "api/runs.hpp"
#include "base/text.hpp"
#include "evidence/verdict.hpp"
#include "queries/first_bad.hpp"
#include "queries/queries.hpp"
#include "scheduler/types.hpp"
#include "wire/limits.hpp"

namespace assay::queries {

namespace {

constexpr std::uint32_t runs_at_most = 5000;
constexpr std::uint32_t builds_at_most = 100;

// One run in one cell: what its jobs there came to.
struct Part {
  bool queued = true, ended = true;
  std::vector<evidence::Verdict> verdicts;

  void add(const std::string& state, const std::string& verdict) {
    queued = queued && state == "queued";
    ended = ended && state == "ended";
    if (const auto one = evidence::verdict_from(verdict)) verdicts.push_back(*one);
  }
  [[nodiscard]] v1::RunState state() const {
    return ended ? v1::RUN_STATE_ENDED : queued ? v1::RUN_STATE_QUEUED : v1::RUN_STATE_RUNNING;
  }
  [[nodiscard]] std::optional<evidence::Verdict> verdict() const {
    if (!ended || verdicts.empty()) return std::nullopt;
    return evidence::combine(verdicts);
  }
};

// By row, by build (its index), by run with the newest first.
using Parts = std::map<std::int64_t, Part, std::greater<>>;
using Table = std::map<std::string, std::map<int, Parts>>;

void fill_cell(const Parts& parts, v1::MatrixCell* out) {
  const auto& [newest, part] = *parts.begin();
  out->set_run(scheduler::run_name(newest));
  out->set_state(part.state());
  std::vector<evidence::Verdict> all;
  for (const auto& [run, one] : parts) {
    const auto verdict = one.verdict();
    if (verdict) all.push_back(*verdict);
    if (verdict == evidence::Verdict::passed) {
      out->set_passed(out->passed() + 1);
    } else if (verdict == evidence::Verdict::failed) {
      out->set_failed(out->failed() + 1);
    } else if (verdict == evidence::Verdict::lab_error) {
      out->set_lab_errors(out->lab_errors() + 1);
    } else {
      out->set_others(out->others() + 1);
    }
  }
  if (!all.empty()) {
    out->set_verdict(api::verdict_of(std::string(to_string(evidence::combine(all)))));
  }
}

// The newest builds, and the index of each of their runs' build.
struct Builds {
  std::vector<store::RunRow> runs;  // of these builds, newest first
  std::unordered_map<std::int64_t, int> of_run;
};

Builds collect(std::vector<store::RunRow> rows, std::uint32_t wanted, v1::Matrix* out) {
  Builds builds;
  std::map<std::pair<std::string, std::string>, int> known;
  for (store::RunRow& row : rows) {
    // Runs of no revision are of no one build.
    if (row.rev.empty()) continue;
    const auto key = std::pair(row.project, row.rev);
    auto found = known.find(key);
    if (found == known.end()) {
      if (known.size() == wanted) continue;
      found = known.emplace(key, static_cast<int>(known.size())).first;
      v1::Build* build = out->add_builds();
      build->set_project(row.project);
      build->set_rev(row.rev);
      build->set_ref(row.ref);
    }
    // The last one seen is the first.
    out->mutable_builds(found->second)->set_first_unix_micros(row.submitted);
    builds.of_run.emplace(row.number, found->second);
    builds.runs.push_back(std::move(row));
  }
  return builds;
}

Result<Table> table(store::Store& store, const std::string& rows, const Builds& builds) {
  Table table;
  if (rows == "plan") {
    for (const store::RunRow& row : builds.runs) {
      table[row.plan][builds.of_run.at(row.number)][row.number].add(row.state, row.verdict);
    }
    return table;
  }
  std::vector<std::int64_t> numbers;
  for (const store::RunRow& row : builds.runs) numbers.push_back(row.number);
  const auto axis = rows == "profile" ? store::Axis::profile : store::Axis::board;
  for (const store::OutcomeRow& row : TRY(store.outcomes(axis, numbers))) {
    table[row.name][builds.of_run.at(row.run)][row.run].add(row.state, row.verdict);
  }
  return table;
}

}  // namespace

Result<> Queries::matrix(const MatrixWanted& wanted, v1::Matrix* out) {
  static const std::vector<std::string> rows{"plan", "profile", "board"};
  if (std::find(rows.begin(), rows.end(), wanted.rows) == rows.end()) {
    return fail(Cause::invalid, "rows={}: it is none of {}",
                printable(wanted.rows.substr(0, wire::max_name)), join(rows));
  }
  if (wanted.builds < 1 || wanted.builds > builds_at_most) {
    return fail(Cause::invalid, "builds {}: 1 to {}", wanted.builds, builds_at_most);
  }
  store::RunFilter filter{.project = wanted.project, .ref = wanted.ref};
  filter.limit = runs_at_most;
  auto page = TRY(backend_.parts.store.runs(filter));
  const Builds builds = collect(std::move(page.rows), wanted.builds, out);
  for (const auto& [name, cells] : TRY(table(backend_.parts.store, wanted.rows, builds))) {
    v1::MatrixRow* row = out->add_rows();
    row->set_name(name);
    for (int build = 0; build < out->builds_size(); ++build) {
      v1::MatrixCell* cell = row->add_cells();
      if (const auto found = cells.find(build); found != cells.end())
        fill_cell(found->second, cell);
    }
    row->set_first_bad(first_bad(*row));
  }
  return {};
}

}  // namespace assay::queries
