#include "store/sqlite_lists.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.hpp"
#include "store/sqlite_rows.hpp"

namespace assay::store {

namespace {

// A filter by equality, and the index that has what it lets through by number.
struct Only {
  const char* column;
  const char* index;
  const std::string* value;
};

std::vector<Only> given(const RunFilter& filter) {
  const bool state =
      filter.status == "queued" || filter.status == "running" || filter.status == "ended";
  std::vector<Only> all{
      {"rev", "runs_by_rev", &filter.rev},
      {"plan", "runs_by_plan", &filter.plan},
      {"project", "runs_by_project", &filter.project},
      {"ref", "runs_by_ref", &filter.ref},
      {state ? "state" : "verdict", state ? "runs_by_state" : "runs_by_verdict", &filter.status}};
  std::erase_if(all, [](const Only& one) { return one.value->empty(); });
  return all;
}

// The numbers below `before` that one filter lets through, newest first; parameters:
// its value, then `before`.
std::string numbers(const Only& only) {
  return fmt::format(
      "SELECT number FROM runs INDEXED BY {} WHERE {} = ? AND number < ? ORDER BY number DESC",
      only.index, only.column);
}
constexpr const char* profile_numbers =
    "SELECT DISTINCT run FROM jobs INDEXED BY jobs_by_profile WHERE profile = ? AND run < ? "
    "ORDER BY run DESC";

// At most `cap`.
std::int64_t count(SQLite::Database& db, const std::string& sql, const std::string& value,
                   std::int64_t before, std::int64_t cap) {
  SQLite::Statement statement(db, fmt::format("SELECT count(*) FROM ({} LIMIT ?)", sql));
  Binder(statement).add(value).add(before).add(cap);
  statement.executeStep();
  return statement.getColumn(0).getInt64();
}

// The last number that a page looks at, when there are more beyond it; else 0.
std::int64_t floor_of(SQLite::Database& db, const std::string& sql, const std::string& value,
                      std::int64_t before) {
  SQLite::Statement statement(db, fmt::format("{} LIMIT 2 OFFSET ?", sql));
  Binder(statement).add(value).add(before).add(look_back - 1);
  if (!statement.executeStep()) return 0;
  const std::int64_t floor = statement.getColumn(0).getInt64();
  return statement.executeStep() ? floor : 0;
}

std::string pattern(const std::string& text) {
  std::string out = "%";
  for (const char c : text) {
    if (c == '%' || c == '_' || c == '\\') out += '\\';
    out += c;
  }
  return out + '%';
}

// What drives the search for a page: the filter that lets the fewest through.
struct Driver {
  std::string sql;                     // "" : all runs
  const std::string* value = nullptr;  // its parameter
  std::string condition;               // what it asks of a row of runs, with the parameter
};

Driver rarest(SQLite::Database& db, const RunFilter& filter, std::int64_t before) {
  Driver best;
  std::int64_t fewest = look_back;
  const bool alone = given(filter).size() + (filter.profile.empty() ? 0 : 1) == 1;
  const auto consider = [&](std::string sql, const std::string* value, std::string condition) {
    const std::int64_t found = alone ? 0 : count(db, sql, *value, before, fewest);
    if (best.value != nullptr && found >= fewest) return;
    fewest = found;
    best = {std::move(sql), value, std::move(condition)};
  };
  for (const Only& one : given(filter)) {
    consider(numbers(one), one.value, fmt::format("{} = ?", one.column));
  }
  if (!filter.profile.empty()) consider(profile_numbers, &filter.profile, "");
  return best;
}

}  // namespace

RunPage list_runs(SQLite::Database& db, const RunFilter& filter) {
  std::int64_t before = filter.before == 0 ? INT64_MAX : filter.before;
  const SQLite::Transaction snapshot(db);
  const Driver driver = rarest(db, filter, before);
  std::int64_t floor = 0;
  if (driver.value != nullptr) {
    floor = floor_of(db, driver.sql, *driver.value, before);
  } else if (!filter.text.empty()) {
    SQLite::Statement newest(db, "SELECT coalesce(max(number), 0) FROM runs WHERE number < ?");
    Binder(newest).add(before);
    newest.executeStep();
    floor = std::max<std::int64_t>(0, newest.getColumn(0).getInt64() - look_back + 1);
    if (floor == 1) floor = 0;
  }
  std::string from = "runs", where = "number < ? AND number >= ?";
  std::vector<const std::string*> values;
  const bool by_profile = driver.value == &filter.profile;
  if (by_profile) {
    where += fmt::format(
        " AND number IN (SELECT run FROM jobs INDEXED BY jobs_by_profile WHERE "
        "profile = ? AND run < {} AND run >= {})",
        before, floor);
    values.push_back(&filter.profile);
  }
  for (const Only& one : given(filter)) {
    if (one.value == driver.value) from += fmt::format(" INDEXED BY {}", one.index);
    where += fmt::format(" AND {} = ?", one.column);
    values.push_back(one.value);
  }
  if (!filter.profile.empty() && !by_profile) {
    where += " AND EXISTS (SELECT 1 FROM jobs WHERE run = number AND profile = ?)";
    values.push_back(&filter.profile);
  }
  const std::string text = pattern(filter.text);
  if (!filter.text.empty()) {
    std::vector<std::string> words;
    for (const char* column : {"sentence", "plan", "project", "rev", "ref"}) {
      words.push_back(fmt::format("{} LIKE ? ESCAPE '\\'", column));
      values.push_back(&text);
    }
    where += fmt::format(" AND ({})", join(words, " OR "));
  }
  if (driver.value == nullptr) from += " NOT INDEXED";
  SQLite::Statement statement(
      db, fmt::format("SELECT {} FROM {} WHERE {} ORDER BY number DESC LIMIT ?", listed_columns,
                      from, where));
  Binder binder(statement);
  binder.add(before).add(floor);
  for (const std::string* value : values) binder.add(*value);
  binder.add(std::int64_t{filter.limit} + 1);
  RunPage page{rows(statement, read_run), floor};
  if (page.rows.size() > filter.limit) {
    page.rows.pop_back();
    page.next = page.rows.empty() ? before : page.rows.back().number;
  }
  return page;
}

std::optional<RunRow> last_passed(SQLite::Database& db, const std::string& plan,
                                  const std::string& project, std::int64_t before) {
  SQLite::Statement statement(
      db, fmt::format("SELECT {} FROM runs INDEXED BY runs_passed WHERE verdict = 'passed' AND "
                      "plan = ? AND project = ? AND number < ? ORDER BY number DESC LIMIT 1",
                      listed_columns));
  Binder(statement).add(plan).add(project).add(before);
  if (!statement.executeStep()) return std::nullopt;
  return read_run(statement);
}

BoardUses board_uses(SQLite::Database& db, const std::string& board, std::uint32_t limit) {
  const SQLite::Transaction snapshot(db);
  BoardUses out;
  SQLite::Statement newest(
      db,
      "SELECT u.run, u.job, u.number, r.plan, r.project, r.rev, r.ref, u.state, u.verdict, "
      "a.sentence, u.started, u.ended, u.power_switches IS NOT NULL "
      "FROM uses u INDEXED BY uses_by_board "
      "CROSS JOIN attempts a ON a.run = u.run AND a.job = u.job AND a.number = u.number "
      "CROSS JOIN runs r ON r.number = u.run "
      "WHERE u.board = ? ORDER BY u.started DESC, u.run DESC, u.job DESC, u.number DESC LIMIT ?");
  Binder(newest).add(board).add(std::int64_t{limit});
  while (newest.executeStep()) {
    Reader r(newest);
    out.newest.push_back({r.number(), r.small(), r.small(), r.text(), r.text(), r.text(), r.text(),
                          r.text(), r.text(), r.text(), r.number(), r.number(), r.number() != 0});
  }
  SQLite::Statement sums(db,
                         "SELECT coalesce(sum(power_switches), 0), coalesce(sum(flash_cycles), 0) "
                         "FROM uses INDEXED BY uses_by_board WHERE board = ?");
  Binder(sums).add(board);
  sums.executeStep();
  out.power_switches = sums.getColumn(0).getInt64();
  out.flash_cycles = sums.getColumn(1).getInt64();
  return out;
}

std::vector<OutcomeRow> outcomes(SQLite::Database& db, Axis axis,
                                 const std::vector<std::int64_t>& runs) {
  const std::string list = fmt::format("[{}]", fmt::join(runs, ","));
  SQLite::Statement statement(
      db, axis == Axis::profile
              ? "SELECT j.run, j.profile, j.state, j.verdict FROM json_each(?) n "
                "CROSS JOIN jobs j INDEXED BY jobs_outcomes ON j.run = n.value"
              : "SELECT u.run, u.board, u.state, u.verdict FROM json_each(?) n "
                "CROSS JOIN uses u ON u.run = n.value WHERE u.number = (SELECT max(number) "
                "FROM uses last WHERE last.run = u.run AND last.job = u.job)");
  Binder(statement).add(list);
  std::vector<OutcomeRow> all;
  while (statement.executeStep()) {
    Reader r(statement);
    all.push_back({r.number(), r.text(), r.text(), r.text()});
  }
  return all;
}

}  // namespace assay::store
