#include <unistd.h>

#include <algorithm>
#include <mutex>
#include <random>

#include "base/bytes.hpp"
#include "base/file.hpp"
#include "store/sqlite_file.hpp"
#include "store/store.hpp"

namespace assay::store {

namespace {

namespace fs = std::filesystem;

// What an upsert keeps: as in update.cpp.
constexpr const char* upsert_run = R"sql(
INSERT INTO runs (number, plan, project, rev, ref, request_id, priority, request, state, verdict,
                  sentence, cancelling, submitted, started, ended)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (number) DO UPDATE SET
  plan = iif(excluded.plan = '', plan, excluded.plan),
  project = iif(excluded.project = '', project, excluded.project),
  rev = iif(excluded.rev = '', rev, excluded.rev),
  ref = iif(excluded.ref = '', ref, excluded.ref),
  request_id = iif(excluded.request_id = '', request_id, excluded.request_id),
  priority = excluded.priority,
  request = iif(length(excluded.request) = 0, request, excluded.request),
  state = excluded.state, verdict = excluded.verdict, sentence = excluded.sentence,
  cancelling = excluded.cancelling,
  submitted = iif(submitted = 0, excluded.submitted, submitted),
  started = iif(started = 0, excluded.started, started),
  ended = iif(ended = 0, excluded.ended, ended))sql";

constexpr const char* upsert_job = R"sql(
INSERT INTO jobs (run, idx, profile, params, needs, verbs, spec, spec_digest, state, verdict,
                  sentence, attempts, lab_errors)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (run, idx) DO UPDATE SET
  profile = iif(excluded.profile = '', profile, excluded.profile),
  params = iif(excluded.params = '', params, excluded.params),
  needs = iif(excluded.needs = '', needs, excluded.needs),
  verbs = iif(excluded.verbs = '', verbs, excluded.verbs),
  spec = iif(length(excluded.spec) = 0, spec, excluded.spec),
  spec_digest = iif(excluded.spec_digest = '', spec_digest, excluded.spec_digest),
  state = excluded.state, verdict = excluded.verdict, sentence = excluded.sentence,
  attempts = excluded.attempts, lab_errors = excluded.lab_errors)sql";

constexpr const char* upsert_attempt = R"sql(
INSERT INTO attempts (run, job, number, agent, incarnation, leases, state, verdict, sentence,
                      started, ended)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (run, job, number) DO UPDATE SET
  agent = iif(excluded.agent = '', agent, excluded.agent),
  incarnation = iif(excluded.incarnation = '', incarnation, excluded.incarnation),
  leases = iif(excluded.leases = '', leases, excluded.leases),
  state = excluded.state, verdict = excluded.verdict, sentence = excluded.sentence,
  started = iif(started = 0, excluded.started, started),
  ended = iif(ended = 0, excluded.ended, ended))sql";

constexpr const char* upsert_board = R"sql(
INSERT INTO boards (id, agent, profile, facts, quarantine, fenced_by, epoch)
VALUES (?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (id) DO UPDATE SET
  agent = excluded.agent, profile = excluded.profile,
  facts = iif(excluded.facts = '', facts, excluded.facts),
  quarantine = excluded.quarantine, fenced_by = excluded.fenced_by, epoch = excluded.epoch)sql";

constexpr std::string_view run_columns =
    "number, plan, project, rev, ref, request_id, priority, request, state, verdict, sentence, "
    "cancelling, submitted, started, ended";
constexpr std::string_view job_columns =
    "run, idx, profile, params, needs, verbs, spec, spec_digest, state, verdict, sentence, "
    "attempts, lab_errors";
constexpr std::string_view attempt_columns =
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
RunRow read_run(SQLite::Statement& statement) {
  Reader r(statement);
  return {r.number(), r.text(), r.text(), r.text(), r.text(),   r.text(),   r.small(), r.text(),
          r.text(),   r.text(), r.text(), r.text(), r.number(), r.number(), r.number()};
}
JobRow read_job(SQLite::Statement& statement) {
  Reader r(statement);
  return {r.number(), r.small(), r.text(), r.text(), r.text(),  r.text(), r.text(),
          r.text(),   r.text(),  r.text(), r.text(), r.small(), r.small()};
}
AttemptRow read_attempt(SQLite::Statement& statement) {
  Reader r(statement);
  return {r.number(), r.small(), r.small(), r.text(),   r.text(),  r.text(),
          r.text(),   r.text(),  r.text(),  r.number(), r.number()};
}
BoardRow read_board(SQLite::Statement& statement) {
  Reader r(statement);
  BoardRow row{r.text(), r.text(), r.text(), r.text(), r.text(), r.text(), 0};
  row.epoch = static_cast<std::uint64_t>(r.number());
  return row;
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

std::string random_id() {
  std::random_device random;
  Bytes bytes(16);
  for (auto& byte : bytes) byte = static_cast<std::uint8_t>(random());
  return to_hex(bytes);
}

class SqliteStore final : public Store {
 public:
  SqliteStore(FolderLock lock, fs::path file, std::unique_ptr<SQLite::Database> writer,
              std::int64_t numbers_above)
      : lock_(std::move(lock)),
        file_(std::move(file)),
        numbers_above_(numbers_above),
        writer_(std::move(writer)),
        reader_(file_.string(), SQLite::OPEN_READONLY, 5000),
        run_(*writer_, upsert_run),
        job_(*writer_, upsert_job),
        attempt_(*writer_, upsert_attempt),
        board_(*writer_, upsert_board) {
    SQLite::Statement made(
        *writer_, "INSERT INTO meta (key, value) VALUES ('identity', ?) ON CONFLICT DO NOTHING");
    made.bind(1, random_id());
    made.exec();
  }

  Result<> commit(const Batch& batch) override {
    const std::lock_guard lock(writing_);
    return guarded<void>([&] {
      SQLite::Transaction transaction(*writer_, SQLite::TransactionBehavior::IMMEDIATE);
      for (const RunRow& r : batch.runs) {
        Binder(run_)
            .add(r.number)
            .add(r.plan)
            .add(r.project)
            .add(r.rev)
            .add(r.ref)
            .add(r.request_id)
            .add(r.priority)
            .blob(r.request)
            .add(r.state)
            .add(r.verdict)
            .add(r.sentence)
            .add(r.cancelling)
            .add(r.submitted)
            .add(r.started)
            .add(r.ended)
            .run();
      }
      for (const JobRow& r : batch.jobs) {
        Binder(job_)
            .add(r.run)
            .add(r.index)
            .add(r.profile)
            .add(r.params_json)
            .add(r.needs_json)
            .add(r.verbs_json)
            .blob(r.spec)
            .add(r.spec_digest)
            .add(r.state)
            .add(r.verdict)
            .add(r.sentence)
            .add(r.attempts)
            .add(r.lab_errors)
            .run();
      }
      for (const AttemptRow& r : batch.attempts) {
        Binder(attempt_)
            .add(r.run)
            .add(r.job)
            .add(r.number)
            .add(r.agent)
            .add(r.incarnation)
            .add(r.leases_json)
            .add(r.state)
            .add(r.verdict)
            .add(r.sentence)
            .add(r.started)
            .add(r.ended)
            .run();
      }
      for (const BoardRow& r : batch.boards) {
        Binder(board_)
            .add(r.id)
            .add(r.agent)
            .add(r.profile)
            .add(r.facts_json)
            .add(r.quarantine)
            .add(r.fenced_by)
            .add(static_cast<std::int64_t>(r.epoch))
            .run();
      }
      transaction.commit();
    });
  }

  Result<OpenWork> open_work() override {
    const std::lock_guard lock(reading_);
    return guarded<OpenWork>([&] {
      // One snapshot for all of it.
      SQLite::Transaction snapshot(reader_);
      const std::string open = "SELECT number FROM runs WHERE state <> 'ended'";
      OpenWork work;
      work.runs = select(
          reader_,
          fmt::format("SELECT {} FROM runs WHERE state <> 'ended' ORDER BY number", run_columns),
          read_run);
      work.jobs = select(
          reader_,
          fmt::format("SELECT {} FROM jobs WHERE run IN ({}) ORDER BY run, idx", job_columns, open),
          read_job);
      work.attempts =
          select(reader_,
                 fmt::format("SELECT {} FROM attempts WHERE run IN ({}) ORDER BY run, job, number",
                             attempt_columns, open),
                 read_attempt);
      work.boards = select(
          reader_,
          "SELECT id, agent, profile, facts, quarantine, fenced_by, epoch FROM boards ORDER BY id",
          read_board);
      SQLite::Statement last(reader_, "SELECT coalesce(max(number), 0) FROM runs");
      last.executeStep();
      work.last_run = std::max<std::int64_t>(last.getColumn(0).getInt64(), numbers_above_);
      return work;
    });
  }

  Result<std::optional<RunRow>> run(std::int64_t number) override {
    return one_run(fmt::format("SELECT {} FROM runs WHERE number = ?", run_columns), number);
  }
  Result<std::optional<RunRow>> run_by_request(const std::string& id) override {
    if (id.empty()) return std::optional<RunRow>();
    return one_run(
        fmt::format("SELECT {} FROM runs WHERE request_id = ? AND request_id <> ''", run_columns),
        id);
  }

  Result<std::vector<RunRow>> runs(const RunFilter& filter) override {
    std::string sql =
        "SELECT number, plan, project, rev, ref, request_id, priority, '', state, verdict, "
        "sentence, "
        "cancelling, submitted, started, ended FROM runs WHERE number < ?";
    std::vector<const std::string*> texts;
    const auto only = [&](const char* column, const std::string& value) {
      if (value.empty()) return;
      sql += fmt::format(" AND {} = ?", column);
      texts.push_back(&value);
    };
    only("plan", filter.plan);
    only("project", filter.project);
    only("ref", filter.ref);
    only(filter.status == "queued" || filter.status == "running" ? "state" : "verdict",
         filter.status);
    sql += " ORDER BY number DESC LIMIT ?";
    const std::lock_guard lock(reading_);
    return guarded<std::vector<RunRow>>([&] {
      SQLite::Statement statement(reader_, sql);
      Binder binder(statement);
      binder.add(filter.before == 0 ? INT64_MAX : filter.before);
      for (const std::string* text : texts) binder.add(*text);
      binder.add(static_cast<std::int64_t>(filter.limit));
      return rows(statement, read_run);
    });
  }

  Result<std::vector<JobRow>> jobs(std::int64_t number) override {
    return of_run(fmt::format("SELECT {} FROM jobs WHERE run = ? ORDER BY idx", job_columns),
                  number, read_job);
  }
  Result<std::vector<AttemptRow>> attempts(std::int64_t number) override {
    return of_run(
        fmt::format("SELECT {} FROM attempts WHERE run = ? ORDER BY job, number", attempt_columns),
        number, read_attempt);
  }

  Result<std::string> identity() override {
    const std::lock_guard lock(reading_);
    return guarded<std::string>([&] {
      return reader_.execAndGet("SELECT value FROM meta WHERE key = 'identity'").getString();
    });
  }

 private:
  // SQLiteCpp's exceptions stop here.
  template <class T, class F>
  Result<T> guarded(F&& f) {
    try {
      if constexpr (std::is_void_v<T>) {
        f();
        return {};
      } else {
        return f();
      }
    } catch (const SQLite::Exception& error) {
      Error told = sqlite_error(file_, error);
      // Nothing of what was asked is wrong: the file was whole when it was opened.
      if (told.cause == Cause::invalid) told.cause = Cause::io;
      return tl::unexpected(std::move(told));
    }
  }
  template <class Key>
  Result<std::optional<RunRow>> one_run(const std::string& sql, const Key& key) {
    const std::lock_guard lock(reading_);
    return guarded<std::optional<RunRow>>([&]() -> std::optional<RunRow> {
      SQLite::Statement statement(reader_, sql);
      Binder(statement).add(key);
      if (!statement.executeStep()) return std::nullopt;
      return read_run(statement);
    });
  }
  template <class Row>
  Result<std::vector<Row>> of_run(const std::string& sql, std::int64_t number,
                                  Row (*read)(SQLite::Statement&)) {
    const std::lock_guard lock(reading_);
    return guarded<std::vector<Row>>([&] {
      SQLite::Statement statement(reader_, sql);
      Binder(statement).add(number);
      return rows(statement, read);
    });
  }

  FolderLock lock_;
  fs::path file_;
  const std::int64_t numbers_above_;
  std::mutex writing_, reading_;  // a commit's sync never keeps readers waiting
  std::unique_ptr<SQLite::Database> writer_;
  SQLite::Database reader_;
  SQLite::Statement run_, job_, attempt_, board_;
};

}  // namespace

Result<std::unique_ptr<Store>> open_sqlite(const fs::path& folder, const SqliteOptions& options) {
  FolderLock lock = TRY(FolderLock::take(folder, "assayd"));
  const fs::path file = folder / "assay.db";
  auto writer = TRY(open_writer(file, options.max_bytes));
  try {
    return std::make_unique<SqliteStore>(std::move(lock), file, std::move(writer),
                                         options.numbers_above);
  } catch (const SQLite::Exception& error) {
    return tl::unexpected(sqlite_error(file, error));
  }
}

}  // namespace assay::store
