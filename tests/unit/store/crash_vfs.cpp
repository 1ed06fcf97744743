#include "crash_vfs.hpp"

#include <cerrno>
#include <cstring>
#include <new>
#include <string>
#include <utility>

namespace assay::store {

using faults::Disk;
using faults::Kind;

namespace {

// The real file lies behind it, in the memory that SQLite gave.
struct File {
  sqlite3_file base;
  CrashVfs* vfs;
  Disk* disk;  // nullptr: not below its root, or it is no matter after a power cut
  int number;
  bool sync_folder;  // with the first sync
};
File& file(sqlite3_file* f) {
  return *reinterpret_cast<File*>(f);
}
sqlite3_file* real(sqlite3_file* f) {
  return reinterpret_cast<sqlite3_file*>(reinterpret_cast<File*>(f) + 1);
}

// SQLite's code for the error that this call must fail with, or SQLITE_OK.
int failure(Disk* disk, Kind kind, int code) {
  const int error = disk == nullptr ? 0 : disk->call(kind);
  if (error == 0) return SQLITE_OK;
  return error == ENOSPC && kind != Kind::read ? SQLITE_FULL : code;
}

}  // namespace

struct CrashVfsCalls {
  static int connected(sqlite3*, char**, const sqlite3_api_routines*);

  static CrashVfs& self(sqlite3_vfs* vfs) { return *static_cast<CrashVfs*>(vfs->pAppData); }

  static int open(sqlite3_vfs* vfs, const char* name, sqlite3_file* f, int flags, int* out) {
    CrashVfs& own = self(vfs);
    File& opened = *new (f) File{{nullptr}, &own, nullptr, -1, false};
    const auto path = name == nullptr ? std::nullopt : own.disk_.below(name);
    if (path) opened.disk = &own.disk_;
    if (const int failed = failure(opened.disk, Kind::create, SQLITE_CANTOPEN)) return failed;
    std::memset(real(f), 0, static_cast<std::size_t>(own.real_->szOsFile));
    const int done = own.real_->xOpen(own.real_, name, real(f), flags, out);
    if (real(f)->pMethods != nullptr) opened.base.pMethods = &methods;
    if (done != SQLITE_OK || !path) return done;
    const bool create = (flags & SQLITE_OPEN_CREATE) != 0;
    opened.number = own.disk_.file(*path);
    if (opened.number < 0) opened.number = own.disk_.create(*path);
    // As os_unix.c does for what it creates beside a database.
    opened.sync_folder =
        create &&
        (flags & (SQLITE_OPEN_WAL | SQLITE_OPEN_MAIN_JOURNAL | SQLITE_OPEN_SUPER_JOURNAL)) != 0;
    return done;
  }

  static int remove(sqlite3_vfs* vfs, const char* name, int sync_folder) {
    CrashVfs& own = self(vfs);
    const auto path = own.disk_.below(name);
    if (path) {
      if (const int failed = failure(&own.disk_, Kind::unlink, SQLITE_IOERR_DELETE)) return failed;
    }
    const int done = own.real_->xDelete(own.real_, name, 0);
    if (!path || done != SQLITE_OK) return done;
    if (own.disk_.file(*path) >= 0) own.disk_.unlink(*path);
    if (sync_folder != 0) own.disk_.sync_folder("");
    return done;
  }

  static int access(sqlite3_vfs* vfs, const char* name, int flags, int* out) {
    CrashVfs& own = self(vfs);
    return own.real_->xAccess(own.real_, name, flags, out);
  }
  static int full_name(sqlite3_vfs* vfs, const char* name, int size, char* out) {
    CrashVfs& own = self(vfs);
    return own.real_->xFullPathname(own.real_, name, size, out);
  }

  static int close(sqlite3_file* f) { return real(f)->pMethods->xClose(real(f)); }
  static int read(sqlite3_file* f, void* bytes, int size, sqlite3_int64 at) {
    if (const int failed = failure(file(f).disk, Kind::read, SQLITE_IOERR_READ)) return failed;
    return real(f)->pMethods->xRead(real(f), bytes, size, at);
  }
  static int write(sqlite3_file* f, const void* bytes, int size, sqlite3_int64 at) {
    Disk* disk = file(f).disk;
    const int failed = failure(disk, Kind::write, SQLITE_IOERR_WRITE);
    if (failed != SQLITE_OK) {
      if (!disk->half()) return failed;
      size /= 2;
    }
    const int done = real(f)->pMethods->xWrite(real(f), bytes, size, at);
    if (disk != nullptr && done == SQLITE_OK) {
      disk->write(file(f).number, static_cast<std::uint64_t>(at),
                  {static_cast<const char*>(bytes), static_cast<std::size_t>(size)});
    }
    return failed != SQLITE_OK ? failed : done;
  }
  static int truncate(sqlite3_file* f, sqlite3_int64 size) {
    Disk* disk = file(f).disk;
    if (const int failed = failure(disk, Kind::truncate, SQLITE_IOERR_TRUNCATE)) return failed;
    const int done = real(f)->pMethods->xTruncate(real(f), size);
    if (disk != nullptr && done == SQLITE_OK)
      disk->truncate(file(f).number, static_cast<std::uint64_t>(size));
    return done;
  }
  static int sync(sqlite3_file* f, int) {
    Disk* disk = file(f).disk;
    if (disk == nullptr) return SQLITE_OK;
    const int failed = failure(disk, Kind::sync, SQLITE_IOERR_FSYNC);
    disk->sync(file(f).number, failed != SQLITE_OK);
    if (failed != SQLITE_OK) return failed;
    if (std::exchange(file(f).sync_folder, false)) disk->sync_folder("");
    return SQLITE_OK;
  }
  static int size(sqlite3_file* f, sqlite3_int64* out) {
    if (const int failed = failure(file(f).disk, Kind::read, SQLITE_IOERR_FSTAT)) return failed;
    return real(f)->pMethods->xFileSize(real(f), out);
  }
  static int lock(sqlite3_file* f, int how) { return real(f)->pMethods->xLock(real(f), how); }
  static int unlock(sqlite3_file* f, int how) { return real(f)->pMethods->xUnlock(real(f), how); }
  static int reserved(sqlite3_file* f, int* out) {
    return real(f)->pMethods->xCheckReservedLock(real(f), out);
  }
  static int control(sqlite3_file* f, int what, void* argument) {
    const std::string& kept = file(f).vfs->settings_.synchronous;
    if (what == SQLITE_FCNTL_PRAGMA && !kept.empty()) {
      const auto* words = static_cast<char**>(argument);
      const bool sets = sqlite3_stricmp(words[1], "synchronous") == 0 && words[2] != nullptr;
      if (sets && kept != words[2]) return SQLITE_OK;  // said to be done
    }
    return real(f)->pMethods->xFileControl(real(f), what, argument);
  }
  static int sector_size(sqlite3_file* f) { return real(f)->pMethods->xSectorSize(real(f)); }
  static int traits(sqlite3_file* f) { return real(f)->pMethods->xDeviceCharacteristics(real(f)); }
  // The index of the log is memory to all: what of it comes to a disk is no matter.
  static int shared(sqlite3_file* f, int page, int size, int extend, void volatile** out) {
    if (const int failed = failure(file(f).disk, Kind::read, SQLITE_IOERR_SHMMAP)) return failed;
    return real(f)->pMethods->xShmMap(real(f), page, size, extend, out);
  }
  static int shared_lock(sqlite3_file* f, int offset, int n, int flags) {
    return real(f)->pMethods->xShmLock(real(f), offset, n, flags);
  }
  static void shared_barrier(sqlite3_file* f) { real(f)->pMethods->xShmBarrier(real(f)); }
  static int shared_unmap(sqlite3_file* f, int remove) {
    return real(f)->pMethods->xShmUnmap(real(f), remove);
  }

  static constexpr sqlite3_io_methods methods{
      2,           close,          read,         write,   truncate,    sync,   size,
      lock,        unlock,         reserved,     control, sector_size, traits, shared,
      shared_lock, shared_barrier, shared_unmap, nullptr, nullptr};  // version 2: no mmap
};

// The one that was made last.
static CrashVfs* here = nullptr;

// SQLite calls it for each new connection.
int CrashVfsCalls::connected(sqlite3* db, char**, const sqlite3_api_routines*) {
  const auto& settings = here->settings_;
  sqlite3_wal_autocheckpoint(db, settings.checkpoint_pages);
  if (settings.synchronous.empty()) return SQLITE_OK;
  const std::string sql = "PRAGMA synchronous = " + settings.synchronous;
  return sqlite3_exec(db, sql.c_str(), nullptr, nullptr, nullptr);
}

CrashVfs::CrashVfs(Disk& disk, Settings settings)
    : disk_(disk), real_(sqlite3_vfs_find("unix")), before_(here), settings_(std::move(settings)) {
  vfs_ = *real_;
  vfs_.iVersion = 1;
  vfs_.szOsFile = static_cast<int>(sizeof(File)) + real_->szOsFile;
  vfs_.pNext = nullptr;
  vfs_.zName = "crash";
  vfs_.pAppData = this;
  vfs_.xOpen = CrashVfsCalls::open;
  vfs_.xDelete = CrashVfsCalls::remove;
  vfs_.xAccess = CrashVfsCalls::access;
  vfs_.xFullPathname = CrashVfsCalls::full_name;
  here = this;
  sqlite3_vfs_register(&vfs_, 1);
  sqlite3_auto_extension(reinterpret_cast<void (*)()>(CrashVfsCalls::connected));
}

CrashVfs::~CrashVfs() {
  here = before_;
  sqlite3_vfs_unregister(&vfs_);
  sqlite3_vfs_register(here == nullptr ? real_ : &here->vfs_, 1);
  if (here == nullptr) sqlite3_reset_auto_extension();
}

}  // namespace assay::store
