#include "store/sqlite_file.hpp"

#include <fcntl.h>
#include <sqlite3.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <fstream>
#include <set>
#include <sstream>

#include "base/bytes.hpp"
#include "base/fd.hpp"
#include "base/text.hpp"
#include "store/migrations.hpp"

namespace assay::store {

namespace fs = std::filesystem;

static constexpr int application_id = 0x41535359;  // "ASSY"
static constexpr std::string_view remedy =
    "restore it from a backup, or move it away to start empty";
// Beyond this a whole check at every start would take too long.
static constexpr std::uint64_t check_at_most = 32U << 20;

static bool disk_full(const fs::path& file) {
  struct statvfs space {};
  return statvfs(file.parent_path().c_str(), &space) == 0 &&
         space.f_bavail * space.f_frsize < 65536;
}

// "sqlite3 (process 4711)": who locks the database or what lies beside it, as the
// kernel lists it. Opening those files to ask would give up our own locks.
static std::string holder(const fs::path& file) {
  std::set<ino_t> ours;
  for (const char* suffix : {"", "-shm"}) {
    struct stat status {};
    if (::stat((file.string() + suffix).c_str(), &status) == 0) ours.insert(status.st_ino);
  }
  std::ifstream locks("/proc/locks");
  std::string line;
  while (std::getline(locks, line)) {
    // 1: POSIX  ADVISORY  WRITE 4711 08:01:131090 120 120
    std::istringstream words(line);
    std::string number, kind, advisory, mode, place;
    pid_t process = 0;
    if (!(words >> number >> kind >> advisory >> mode >> process >> place)) continue;
    const auto inode = std::strtoull(place.c_str() + place.rfind(':') + 1, nullptr, 10);
    if (mode != "WRITE" || process <= 0 || process == getpid() || !ours.contains(inode)) continue;
    std::string name;
    std::getline(std::ifstream(fmt::format("/proc/{}/comm", process)), name);
    if (!name.empty()) return fmt::format("{} (process {})", printable(name), process);
  }
  return "another program";
}

Error sqlite_error(const fs::path& file, const SQLite::Exception& error) {
  const int code = error.getErrorCode() & 0xff;
  const std::string path = file.string();
  if (code == SQLITE_FULL || (code == SQLITE_IOERR && disk_full(file))) {
    return {
        Cause::exhausted,
        fmt::format(
            "{}: the disk is full; free some space and try again (nothing accepted before is lost)",
            path)};
  }
  if (code == SQLITE_CORRUPT || code == SQLITE_NOTADB) {
    return {Cause::invalid, fmt::format("{}: damaged ({}); {}", path, error.what(), remedy)};
  }
  if (code == SQLITE_BUSY || code == SQLITE_LOCKED) {
    return {Cause::unavailable, fmt::format("{}: {} holds it ({}); end that one, or wait for it",
                                            path, holder(file), error.what())};
  }
  if (code == SQLITE_CONSTRAINT || code == SQLITE_MISUSE || code == SQLITE_RANGE ||
      code == SQLITE_ERROR) {
    return {Cause::internal, fmt::format("{}: {}", path, error.what())};
  }
  return {Cause::io, fmt::format("{}: {}", path, error.what())};
}

static std::uint64_t big_endian(ByteView bytes) {
  std::uint64_t value = 0;
  for (const std::uint8_t byte : bytes) value = value << 8U | byte;
  return value;
}

// What SQLite itself would only find when it comes by the place.
static Result<> check_header(const fs::path& file) {
  std::error_code none;
  const std::uint64_t size = fs::file_size(file, none);
  if (none || size == 0) return {};
  // A rollback journal, as before there is a write-ahead log: SQLite first undoes what
  // it is about, be it half of the first page.
  std::error_code no_journal;
  if (fs::file_size(file.string() + "-journal", no_journal) > 0 && !no_journal) return {};
  const UniqueFd fd(::open(file.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd) return fail_errno(file.string());
  std::array<std::uint8_t, 100> head{};
  if (::pread(fd.get(), head.data(), head.size(), 0) < 0) return fail_errno(file.string());
  if (as_text(ByteView(head).first(16)) != std::string_view("SQLite format 3\0", 16)) {
    return fail(Cause::invalid, "{}: byte 0: not an SQLite database; {}", file.string(), remedy);
  }
  if (size < head.size()) {
    return fail(Cause::invalid, "{}: byte {}: the file ends within its header; {}", file.string(),
                size, remedy);
  }
  // SQLite would take an unknown format for a file that it may only read.
  for (const std::size_t at : {18U, 19U}) {
    if (head[at] != 1 && head[at] != 2) {
      return fail(Cause::invalid, "{}: byte {}: damaged (file format {}, not 1 or 2); {}",
                  file.string(), at, head[at], remedy);
    }
  }
  // With a write-ahead log beside it the rest may be there.
  std::error_code no_log;
  if (const auto log = fs::file_size(file.string() + "-wal", no_log); !no_log && log > 0) return {};
  std::uint64_t page = big_endian(ByteView(head).subspan(16, 2));
  if (page == 1) page = 65536;
  const std::uint64_t whole = page * big_endian(ByteView(head).subspan(28, 4));
  if (size < whole) {
    return fail(Cause::invalid, "{}: byte {}: the file ends, but its header tells of {} bytes; {}",
                file.string(), size, whole, remedy);
  }
  return {};
}

// "... page 7 ..." -> the byte where page 7 begins.
static std::string place_of(const std::string& words, std::uint64_t page_size) {
  for (const std::string_view mark : {"page ", "Page "}) {
    const auto at = words.find(mark);
    if (at == std::string::npos) continue;
    const std::uint64_t page = std::strtoull(words.c_str() + at + mark.size(), nullptr, 10);
    if (page > 0) return fmt::format("byte {}: ", (page - 1) * page_size);
  }
  return "";
}

// What quick_check says of a page that it could not read: that is no damage, and may pass.
static bool unreadable(const std::string& words) {
  static constexpr std::string_view code = "error code=";
  const auto at = words.find(code);
  if (at == std::string::npos) return words.find("failed to get page") != std::string::npos;
  return (std::strtol(words.c_str() + at + code.size(), nullptr, 10) & 0xff) == SQLITE_IOERR;
}

static Result<> check_pages(SQLite::Database& db, const fs::path& file) {
  if (fs::file_size(file) > check_at_most) return {};
  const auto page_size = static_cast<std::uint64_t>(db.execAndGet("PRAGMA page_size").getInt64());
  std::string words;
  try {
    words = db.execAndGet("PRAGMA quick_check(1)").getString();
  } catch (const SQLite::Exception& error) {
    const int code = error.getErrorCode() & 0xff;
    if (code != SQLITE_CORRUPT && code != SQLITE_NOTADB) throw;
    words = error.what();
  }
  if (words == "ok") return {};
  for (char& c : words) c = c == '\n' ? ' ' : c;
  if (unreadable(words)) {
    return fail(Cause::io, "{}: {}cannot be read ({}); look after the disk, then try again",
                file.string(), place_of(words, page_size), words);
  }
  return fail(Cause::invalid, "{}: {}damaged ({}); {}", file.string(), place_of(words, page_size),
              words, remedy);
}

static Result<> check_ours(SQLite::Database& db, const fs::path& file) {
  const auto newest = static_cast<int>(migrations().size());
  const int version = db.execAndGet("PRAGMA user_version").getInt();
  const int tables = db.execAndGet("SELECT count(*) FROM sqlite_master").getInt();
  if (tables > 0 && db.execAndGet("PRAGMA application_id").getInt() != application_id) {
    return fail(Cause::invalid, "{}: an SQLite database, but not Assay's; choose another folder",
                file.string());
  }
  if (version > newest) {
    return fail(Cause::invalid,
                "{}: its schema {} is newer than this program's {}; use the version of Assay that "
                "wrote it, or a later one",
                file.string(), version, newest);
  }
  return {};
}

static void migrate(SQLite::Database& db) {
  auto version = static_cast<std::size_t>(db.execAndGet("PRAGMA user_version").getInt());
  for (; version < migrations().size(); ++version) {
    SQLite::Transaction transaction(db);
    db.exec(std::string(migrations()[version]));
    db.exec(fmt::format("PRAGMA application_id = {}", application_id));
    db.exec(fmt::format("PRAGMA user_version = {}", version + 1));
    transaction.commit();
  }
}

// Whoever was killed between a commit's write and its sync left it with the kernel:
// SQLite tells of it as of any other, so it must be on disk before anybody asks.
static void sync_log(SQLite::Database& db) {
  sqlite3_file* log = nullptr;
  db.check(sqlite3_file_control(db.getHandle(), "main", SQLITE_FCNTL_JOURNAL_POINTER, &log));
  if (log == nullptr || log->pMethods == nullptr) return;
  if (const int code = log->pMethods->xSync(log, SQLITE_SYNC_NORMAL); code != SQLITE_OK)
    throw SQLite::Exception("the log cannot be synced", code);
}

Result<std::unique_ptr<SQLite::Database>> open_writer(const fs::path& file,
                                                      std::uint64_t max_bytes) {
  TRY(check_header(file));
  try {
    auto db = std::make_unique<SQLite::Database>(
        file.string(), SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE, 5000);
    TRY(check_ours(*db, file));
    TRY(check_pages(*db, file));
    db->exec("PRAGMA journal_mode = WAL");
    db->exec("PRAGMA synchronous = FULL");
    db->exec("PRAGMA foreign_keys = ON");
    db->exec("PRAGMA journal_size_limit = 16777216");
    migrate(*db);
    sync_log(*db);
    if (max_bytes > 0) {
      const auto page_size =
          static_cast<std::uint64_t>(db->execAndGet("PRAGMA page_size").getInt64());
      db->execAndGet(fmt::format("PRAGMA max_page_count = {}", max_bytes / page_size));
    }
    return db;
  } catch (const SQLite::Exception& error) {
    return tl::unexpected(sqlite_error(file, error));
  }
}

}  // namespace assay::store
