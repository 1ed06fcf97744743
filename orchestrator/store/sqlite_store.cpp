#include <unistd.h>

#include <algorithm>
#include <mutex>
#include <random>

#include "base/bytes.hpp"
#include "base/file.hpp"
#include "store/sqlite_file.hpp"
#include "store/sqlite_lists.hpp"
#include "store/sqlite_rows.hpp"
#include "store/sqlite_writer.hpp"
#include "store/store.hpp"

namespace assay::store {

namespace {

namespace fs = std::filesystem;

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
        lister_(file_.string(), SQLite::OPEN_READONLY, 5000),
        writing_rows_(*writer_) {
    lister_.exec("PRAGMA cache_size = -8192");
    SQLite::Statement made(
        *writer_, "INSERT INTO meta (key, value) VALUES ('identity', ?) ON CONFLICT DO NOTHING");
    made.bind(1, random_id());
    made.exec();
  }

  Result<> commit(const Batch& batch) override {
    const std::lock_guard lock(writing_);
    return guarded<void>([&] {
      SQLite::Transaction transaction(*writer_, SQLite::TransactionBehavior::IMMEDIATE);
      writing_rows_.write(batch);
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
      work.runs = select(reader_,
                         fmt::format("SELECT {} FROM {} WHERE state <> 'ended' ORDER BY number",
                                     whole_columns, whole_runs),
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
      work.took = select(reader_,
                         fmt::format("SELECT plan, profile, took FROM ("
                                     "SELECT plan, profile, a.ended - a.started AS took, a.run "
                                     "FROM attempts a JOIN jobs ON jobs.run = a.run AND idx = job "
                                     "JOIN runs ON runs.number = a.run "
                                     "WHERE a.verdict IN ('passed', 'failed') AND hold = 0 "
                                     "ORDER BY a.run DESC LIMIT {}) ORDER BY run",
                                     took_at_most),
                         read_took);
      SQLite::Statement last(reader_, "SELECT coalesce(max(number), 0) FROM runs");
      last.executeStep();
      work.last_run = std::max<std::int64_t>(last.getColumn(0).getInt64(), numbers_above_);
      return work;
    });
  }

  Result<std::optional<RunRow>> run(std::int64_t number) override {
    return one_run(fmt::format("SELECT {} FROM {} WHERE number = ?", whole_columns, whole_runs),
                   number);
  }
  Result<std::optional<RunRow>> run_by_request(const std::string& id) override {
    if (id.empty()) return std::optional<RunRow>();
    return one_run(fmt::format("SELECT {} FROM {} WHERE request_id = ? AND request_id <> ''",
                               whole_columns, whole_runs),
                   id);
  }

  Result<RunPage> runs(const RunFilter& filter) override {
    const std::lock_guard lock(listing_);
    return guarded<RunPage>([&] { return list_runs(lister_, filter); });
  }
  Result<std::int64_t> count_runs(const std::string& state) override {
    const std::lock_guard lock(listing_);
    return guarded<std::int64_t>([&] {
      SQLite::Statement statement(lister_, "SELECT count(*) FROM runs WHERE state = ?");
      Binder(statement).add(state);
      statement.executeStep();
      return statement.getColumn(0).getInt64();
    });
  }
  Result<std::optional<RunRow>> last_passed(const std::string& plan, const std::string& project,
                                            std::int64_t before) override {
    const std::lock_guard lock(listing_);
    return guarded<std::optional<RunRow>>(
        [&] { return store::last_passed(lister_, plan, project, before); });
  }
  Result<BoardUses> board_uses(const std::string& board, std::uint32_t limit) override {
    const std::lock_guard lock(listing_);
    return guarded<BoardUses>([&] { return store::board_uses(lister_, board, limit); });
  }
  Result<std::vector<OutcomeRow>> outcomes(Axis axis,
                                           const std::vector<std::int64_t>& runs) override {
    const std::lock_guard lock(listing_);
    return guarded<std::vector<OutcomeRow>>([&] { return store::outcomes(lister_, axis, runs); });
  }

  Result<std::vector<JobRow>> jobs(std::int64_t number) override {
    return of_run(fmt::format("SELECT {} FROM jobs WHERE run = ? ORDER BY idx", brief_job_columns),
                  number, read_job);
  }
  Result<std::vector<AttemptRow>> attempts(std::int64_t number) override {
    return of_run(
        fmt::format("SELECT {} FROM attempts WHERE run = ? ORDER BY job, number", attempt_columns),
        number, read_attempt);
  }

  Result<std::string> job_spec(std::int64_t run, std::int32_t job) override {
    const std::lock_guard lock(reading_);
    return guarded<std::string>([&] {
      SQLite::Statement statement(reader_, "SELECT spec FROM jobs WHERE run = ? AND idx = ?");
      Binder(statement).add(run).add(job);
      return statement.executeStep() ? statement.getColumn(0).getString() : std::string();
    });
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
  // A commit's sync never keeps readers waiting, nor a long list the others.
  std::mutex writing_, reading_, listing_;
  std::unique_ptr<SQLite::Database> writer_;
  SQLite::Database reader_, lister_;
  SqliteWriter writing_rows_;
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
