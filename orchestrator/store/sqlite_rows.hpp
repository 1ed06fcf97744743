// Binding values to statements, and rows read from them. Inside the store only.
// Not thread-safe; throws SQLite::Exception.
#pragma once

#include <SQLiteCpp/SQLiteCpp.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "store/store.hpp"

namespace assay::store {

// Of runs, without and with what `requests` keeps.
inline constexpr std::string_view listed_columns =
    "number, plan, project, rev, ref, request_id, priority, '', state, verdict, sentence, "
    "cancelling, submitted, started, ended, person, hold, until, lease";
inline constexpr std::string_view whole_columns =
    "number, plan, project, rev, ref, request_id, priority, coalesce(request, ''), state, "
    "verdict, sentence, cancelling, submitted, started, ended, person, hold, until, lease";
inline constexpr std::string_view whole_runs = "runs LEFT JOIN requests ON requests.run = number";
inline constexpr std::string_view job_columns =
    "run, idx, profile, params, needs, verbs, spec, spec_digest, state, verdict, sentence, "
    "attempts, lab_errors";
inline constexpr std::string_view brief_job_columns =
    "run, idx, profile, params, needs, verbs, '', spec_digest, state, verdict, sentence, "
    "attempts, lab_errors";
inline constexpr std::string_view attempt_columns =
    "run, job, number, agent, incarnation, leases, state, verdict, sentence, started, ended";

// Binds in order. Strings by reference: they outlive the statement's step.
class Binder {
 public:
  explicit Binder(SQLite::Statement& statement) : statement_(statement) {
    // reset() would throw the last step's error once more.
    statement_.tryReset();
    statement_.clearBindings();
  }
  Binder& add(const std::string& text) { return statement_.bindNoCopy(++at_, text), *this; }
  Binder& blob(const std::string& bytes) {
    // A null pointer would bind NULL.
    return statement_.bindNoCopy(++at_, bytes.empty() ? "" : bytes.data(),
                                 static_cast<int>(bytes.size())),
           *this;
  }
  Binder& add(std::int64_t number) { return statement_.bind(++at_, number), *this; }
  void run() {
    statement_.exec();
    statement_.tryReset();
  }

 private:
  SQLite::Statement& statement_;
  int at_ = 0;
};

class Reader {
 public:
  explicit Reader(SQLite::Statement& statement) : statement_(statement) {}
  std::string text() { return statement_.getColumn(at_++).getString(); }
  std::int64_t number() { return statement_.getColumn(at_++).getInt64(); }
  std::int32_t small() { return statement_.getColumn(at_++).getInt(); }

 private:
  SQLite::Statement& statement_;
  int at_ = 0;
};

// Braced initialisers are evaluated in order, as the columns are.
inline RunRow read_run(SQLite::Statement& statement) {
  Reader r(statement);
  return {r.number(), r.text(), r.text(),   r.text(),   r.text(),  r.text(),   r.small(),
          r.text(),   r.text(), r.text(),   r.text(),   r.text(),  r.number(), r.number(),
          r.number(), r.text(), r.number(), r.number(), r.number()};
}
inline JobRow read_job(SQLite::Statement& statement) {
  Reader r(statement);
  return {r.number(), r.small(), r.text(), r.text(), r.text(),  r.text(), r.text(),
          r.text(),   r.text(),  r.text(), r.text(), r.small(), r.small()};
}
inline AttemptRow read_attempt(SQLite::Statement& statement) {
  Reader r(statement);
  return {r.number(), r.small(), r.small(), r.text(),   r.text(),  r.text(),
          r.text(),   r.text(),  r.text(),  r.number(), r.number()};
}
inline BoardRow read_board(SQLite::Statement& statement) {
  Reader r(statement);
  BoardRow row{r.text(), r.text(), r.text(), r.text(), r.text(), r.text(), 0};
  row.epoch = static_cast<std::uint64_t>(r.number());
  return row;
}

inline TookRow read_took(SQLite::Statement& statement) {
  Reader r(statement);
  return {r.text(), r.text(), r.number()};
}

template <class Row>
std::vector<Row> rows(SQLite::Statement& statement, Row (*read)(SQLite::Statement&)) {
  std::vector<Row> all;
  while (statement.executeStep()) all.push_back(read(statement));
  return all;
}

template <class Row>
std::vector<Row> select(SQLite::Database& db, const std::string& sql,
                        Row (*read)(SQLite::Statement&)) {
  SQLite::Statement statement(db, sql);
  return rows(statement, read);
}

}  // namespace assay::store
