#include <SQLiteCpp/SQLiteCpp.h>
#include <gmock/gmock.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <fstream>

#include "base/bytes.hpp"
#include "base/file.hpp"
#include "conformance.hpp"
#include "store/migrations.hpp"

namespace assay::store {
namespace {

namespace fs = std::filesystem;

struct Sqlite : StoreUnderTest {
  TempFolder folder = TempFolder::make("assay-store").value();
  std::unique_ptr<Store> open = open_sqlite(folder.path()).value();
  Store& store() override { return *open; }
  bool reopen() override {
    open.reset();
    open = open_sqlite(folder.path()).value();
    return true;
  }
};

INSTANTIATE_TEST_SUITE_P(Sqlite, StoreLists,
                         testing::Values(MakeStore([] { return std::make_unique<Sqlite>(); })));
INSTANTIATE_TEST_SUITE_P(Sqlite, StoreConformance,
                         testing::Values(MakeStore([] { return std::make_unique<Sqlite>(); })));

struct SqliteFile : testing::Test {
  TempFolder folder = TempFolder::make("assay-store").value();
  fs::path file = folder.path() / "assay.db";
  Error refused() {
    auto result = open_sqlite(folder.path());
    EXPECT_FALSE(result);
    return result ? Error{} : result.error();
  }
  void fill(int runs) {
    auto store = open_sqlite(folder.path()).value();
    Batch batch;
    for (int n = 1; n <= runs; ++n) {
      batch.runs.push_back(a_run(n));
      batch.runs.back().request = std::string(2000, 'x');
    }
    ASSERT_TRUE(store->commit(batch));
  }
  std::string text(const std::string& format) {
    std::string words = format;
    words.replace(words.find("FILE"), 4, file.string());
    return words;
  }
};

TEST_F(SqliteFile, IsHeldByOneProcess) {
  const auto first = open_sqlite(folder.path());
  ASSERT_TRUE(first);
  const Error error = refused();
  EXPECT_EQ(error.cause, Cause::refused);
  EXPECT_EQ(error.text,
            fmt::format("{}: in use by assayd (process {}); end that one or choose another folder",
                        folder.path().string(), getpid()));
}

// Another process that holds the database's write lock from take() to release(),
// like a backup. Made before any database is open here: locks do not survive fork().
class Locker {
 public:
  explicit Locker(const fs::path& file) {
    EXPECT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends_.data()), 0);
    pid_ = fork();
    if (pid_ != 0) return;
    char byte = 0;
    if (read(ends_[1], &byte, 1) != 1) _exit(1);
    SQLite::Database db(file.string(), SQLite::OPEN_READWRITE);
    db.exec("BEGIN IMMEDIATE");
    if (write(ends_[1], &byte, 1) != 1 || read(ends_[1], &byte, 1) != 1) _exit(1);
    db.exec("ROLLBACK");
    _exit(0);
  }
  ~Locker() {
    kill(pid_, SIGKILL);
    waitpid(pid_, nullptr, 0);
    for (const int end : ends_) close(end);
  }
  void take() {
    char byte = 0;
    ASSERT_EQ(write(ends_[0], "t", 1), 1);
    ASSERT_EQ(read(ends_[0], &byte, 1), 1);
  }
  void release() {
    int status = -1;
    ASSERT_EQ(write(ends_[0], "r", 1), 1);
    ASSERT_EQ(waitpid(pid_, &status, 0), pid_);
    EXPECT_EQ(status, 0);
  }
  pid_t pid() const { return pid_; }

 private:
  std::array<int, 2> ends_{};
  pid_t pid_ = 0;
};

TEST_F(SqliteFile, ThatAnotherProgramLocksIsUnavailableUntilItIsFree) {
  fill(1);
  Locker locker(file);
  const auto store = open_sqlite(folder.path()).value();
  locker.take();
  const auto locked = store->commit({{a_run(2)}, {}, {}, {}});
  ASSERT_FALSE(locked);
  EXPECT_EQ(locked.error().cause, Cause::unavailable);
  EXPECT_EQ(locked.error().text,
            text(fmt::format("FILE: store_test (process {}) holds it (database is locked); end "
                             "that one, or wait for it",
                             locker.pid())));
  EXPECT_EQ(store->runs({}).value().rows.size(), 1U) << "reading goes on";
  locker.release();
  EXPECT_TRUE(store->commit({{a_run(2)}, {}, {}, {}}));
}

TEST_F(SqliteFile, ThatTurnsOutToBeDamagedIsNoFaultOfWhoAsks) {
  fill(100);
  const auto store = open_sqlite(folder.path()).value();
  {
    std::fstream bytes(file, std::ios::in | std::ios::out | std::ios::binary);
    for (std::uint64_t at = 4096; at < fs::file_size(file); at += 4096) {
      bytes.seekp(static_cast<std::streamoff>(at));
      bytes << std::string(64, '\x5a');
    }
  }
  const auto read = store->runs({});
  ASSERT_FALSE(read);
  EXPECT_EQ(read.error().cause, Cause::io);
}

TEST_F(SqliteFile, ThatIsSomethingElseIsRefused) {
  ASSERT_TRUE(
      write_file(file, as_bytes("these are no pages of a database, but words of a letter")));
  const Error error = refused();
  EXPECT_EQ(error.cause, Cause::invalid);
  EXPECT_EQ(error.text, text("FILE: byte 0: not an SQLite database; restore it from a backup, or "
                             "move it away to start empty"));
}

TEST_F(SqliteFile, ThatIsCutIsRefusedWithThePlace) {
  fill(100);
  const auto size = fs::file_size(file);
  fs::resize_file(file, 8192);
  const Error error = refused();
  EXPECT_EQ(error.cause, Cause::invalid);
  EXPECT_EQ(error.text,
            text(fmt::format(
                "FILE: byte 8192: the file ends, but its header tells of {} bytes; restore it "
                "from a backup, or move it away to start empty",
                size)));
}

TEST_F(SqliteFile, ThatIsDamagedInTheMiddleIsRefusedWithThePlace) {
  fill(100);
  {
    std::fstream bytes(file, std::ios::in | std::ios::out | std::ios::binary);
    bytes.seekp(static_cast<std::streamoff>(fs::file_size(file) / 4096 / 2 * 4096));
    bytes << std::string(4096, '\x5a');
  }
  const Error error = refused();
  EXPECT_EQ(error.cause, Cause::invalid);
  EXPECT_THAT(error.text,
              testing::MatchesRegex(".*/assay.db: byte [1-9][0-9]*: damaged \\(.*\\); restore it "
                                    "from a backup, or move it away to start empty"));
}

TEST_F(SqliteFile, OfAnUnknownFormatIsRefusedWithThePlace) {
  fill(1);
  {
    std::fstream bytes(file, std::ios::in | std::ios::out | std::ios::binary);
    bytes.seekp(18);
    bytes << '\x42';
  }
  EXPECT_EQ(refused().text, text("FILE: byte 18: damaged (file format 66, not 1 or 2); restore it "
                                 "from a backup, or move it away to start empty"));
}

// What else is kept of runs may be newer than the database.
TEST_F(SqliteFile, NumbersRunsAboveWhatItIsTold) {
  fill(3);
  EXPECT_EQ(open_sqlite(folder.path()).value()->open_work().value().last_run, 3);
  EXPECT_EQ(open_sqlite(folder.path(), {.numbers_above = 17}).value()->open_work().value().last_run,
            17);
  EXPECT_EQ(open_sqlite(folder.path(), {.numbers_above = 2}).value()->open_work().value().last_run,
            3);
}

TEST_F(SqliteFile, OfANewerSchemaIsRefused) {
  fill(1);
  SQLite::Database(file.string(), SQLite::OPEN_READWRITE).exec("PRAGMA user_version = 99");
  const Error error = refused();
  EXPECT_EQ(error.cause, Cause::invalid);
  EXPECT_EQ(
      error.text,
      text(
          "FILE: its schema 99 is newer than this program's 3; use the version of Assay that wrote "
          "it, or a later one"));
}

TEST_F(SqliteFile, OfAnotherProgramIsRefused) {
  SQLite::Database(file.string(), SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE)
      .exec("CREATE TABLE songs (title)");
  EXPECT_EQ(refused().text,
            text("FILE: an SQLite database, but not Assay's; choose another folder"));
}

TEST_F(SqliteFile, ThatIsFullSaysSoAndGoesOnLater) {
  {
    auto store = open_sqlite(folder.path(), {.max_bytes = 200'000}).value();
    std::int64_t kept = 0;
    Result<> full;
    for (std::int64_t n = 1; n < 1000 && full; ++n) {
      RunRow row = a_run(n);
      row.request = std::string(5000, 'x');
      full = store->commit({{row}, {}, {}, {}});
      if (full) kept = n;
    }
    ASSERT_FALSE(full);
    EXPECT_EQ(full.error().cause, Cause::exhausted);
    EXPECT_EQ(full.error().text, text("FILE: the disk is full; free some space and try again "
                                      "(nothing accepted before is lost)"));
    ASSERT_GT(kept, 5);
    EXPECT_EQ(store->open_work().value().last_run, kept);
    // An update of what is there needs no room.
    RunRow over;
    over.number = 1;
    over.state = "ended";
    EXPECT_TRUE(store->commit({{over}, {}, {}, {}}));
  }
  auto store = open_sqlite(folder.path()).value();
  RunRow row = a_run(5000);
  EXPECT_TRUE(store->commit({{row}, {}, {}, {}}));
}

std::vector<std::string> schema(SQLite::Database& db) {
  std::vector<std::string> all;
  SQLite::Statement statement(
      db, "SELECT sql FROM sqlite_master WHERE sql IS NOT NULL ORDER BY type, name");
  while (statement.executeStep()) all.push_back(statement.getColumn(0).getString());
  return all;
}

TEST_F(SqliteFile, MigratesToTheSchemaInTheSources) {
  fill(1);
  SQLite::Database migrated(file.string());
  SQLite::Database written(":memory:", SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE);
  written.exec(read_text("orchestrator/store/schema.sql").value());
  EXPECT_EQ(schema(migrated), schema(written));
  EXPECT_EQ(migrated.execAndGet("PRAGMA user_version").getInt(),
            static_cast<int>(migrations().size()));
}

TEST_F(SqliteFile, OfTheFirstSchemaIsTakenOverWithAllThatItHas) {
  {
    SQLite::Database old(file.string(), SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE);
    old.exec(std::string(migrations()[0]));
    old.exec("PRAGMA application_id = 1095979865; PRAGMA user_version = 1");
    old.exec(
        "INSERT INTO runs VALUES (1, 'p', 'pr', 'r', 'f', 'q', 0, x'00ff', 'ended', 'failed', "
        "'why', '', 1, 2, 3), (2, 'p', 'pr', 'r', 'f', '', 0, x'', 'queued', '', '', '', 1, 0, "
        "0)");
    old.exec(
        "INSERT INTO jobs VALUES (1, 1, 'vz', '', '', '', x'', '', 'ended', 'failed', '', 1, "
        "0)");
    old.exec(
        "INSERT INTO attempts VALUES (1, 1, 1, 'a', 'i', '[{\"board\":\"v1\"}]', 'ended', "
        "'failed', 'why', 2, 3), (1, 1, 2, 'a', 'i', 'nonsense', 'ended', 'failed', '', 2, 3)");
  }
  const auto store = open_sqlite(folder.path()).value();
  EXPECT_EQ(store->run(1).value()->request, std::string("\0\xff", 2));
  EXPECT_EQ(store->run(1).value()->sentence, "why");
  EXPECT_EQ(store->run(2).value()->request, "");
  const BoardUses uses = store->board_uses("v1", 9).value();
  ASSERT_EQ(uses.newest.size(), 1U);
  EXPECT_EQ(uses.newest[0].verdict, "failed");
  EXPECT_FALSE(uses.newest[0].counted);
}

TEST_F(SqliteFile, SyncsEveryCommitAndListsByIndex) {
  fill(1);
  SQLite::Database db(file.string());
  EXPECT_EQ(db.execAndGet("PRAGMA journal_mode").getString(), "wal");
  for (const char* column : {"plan", "project", "ref", "rev", "state", "verdict"}) {
    SQLite::Statement plan(
        db, fmt::format("EXPLAIN QUERY PLAN SELECT * FROM runs WHERE number < 9 AND {} = 'x' "
                        "ORDER BY number DESC LIMIT 5",
                        column));
    ASSERT_TRUE(plan.executeStep());
    EXPECT_THAT(plan.getColumn(3).getString(),
                testing::HasSubstr(fmt::format("runs_by_{}", column)));
    EXPECT_FALSE(plan.executeStep()) << "a further step would sort";
  }
}

}  // namespace
}  // namespace assay::store
