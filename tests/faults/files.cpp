#include "faults/files.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdarg>
#include <unordered_map>

namespace assay::faults {

namespace {

struct Open {
  Path path;
  int file = -1;  // of the Disk; -1: a folder
};

Disk* disk = nullptr;
std::unordered_map<int, Open>& opened() {
  static std::unordered_map<int, Open> all;
  return all;
}

const Open* known(int fd) {
  if (disk == nullptr) return nullptr;
  const auto found = opened().find(fd);
  return found == opened().end() ? nullptr : &found->second;
}
std::optional<Path> known(const char* path) {
  return disk == nullptr ? std::nullopt : disk->below(path);
}

// True, with errno: this call fails.
bool fails(Kind kind) {
  const int error = disk->call(kind);
  if (error == 0) return false;
  errno = error;
  return true;
}

}  // namespace

Mounted::Mounted(Disk& at) {
  disk = &at;
}
Mounted::~Mounted() {
  disk = nullptr;
  opened().clear();
}

}  // namespace assay::faults

using namespace assay::faults;  // NOLINT: what follows must be global, as the linker names it

// NOLINTBEGIN(bugprone-reserved-identifier): the names that the linker's --wrap asks for
extern "C" {

int __real_open(const char* path, int flags, ...);
int __real_close(int fd);
ssize_t __real_read(int fd, void* bytes, size_t size);
ssize_t __real_write(int fd, const void* bytes, size_t size);
ssize_t __real_pread(int fd, void* bytes, size_t size, off_t at);
ssize_t __real_pwrite(int fd, const void* bytes, size_t size, off_t at);
int __real_ftruncate(int fd, off_t size);
int __real_fsync(int fd);
int __real_fdatasync(int fd);
int __real_rename(const char* from, const char* to);
int __real_unlink(const char* path);

int __wrap_open(const char* path, int flags, ...) {
  mode_t mode = 0;
  if ((flags & O_CREAT) != 0) {
    va_list rest;
    va_start(rest, flags);
    mode = va_arg(rest, mode_t);
    va_end(rest);
  }
  const auto name = known(path);
  if (!name) return __real_open(path, flags, mode);
  if (fails(Kind::create)) return -1;
  const int fd = __real_open(path, flags, mode);
  if (fd < 0) return fd;
  Open open{*name};
  if (struct stat info{}; fstat(fd, &info) != 0 || !S_ISDIR(info.st_mode)) {
    open.file = disk->file(*name);
    if (open.file < 0) open.file = disk->create(*name);
    if ((flags & O_TRUNC) != 0) disk->truncate(open.file, 0);
  } else {
    // mkdir() is called in a shared library, out of reach: what is there by now counts.
    for (const auto& entry : std::filesystem::directory_iterator(path))
      if (entry.is_directory()) disk->know_folder(*disk->below(entry.path().native()));
  }
  opened()[fd] = open;
  return fd;
}

int __wrap_close(int fd) {
  opened().erase(fd);
  return __real_close(fd);
}

ssize_t __wrap_read(int fd, void* bytes, size_t size) {
  if (known(fd) != nullptr && fails(Kind::read)) return -1;
  return __real_read(fd, bytes, size);
}
ssize_t __wrap_pread(int fd, void* bytes, size_t size, off_t at) {
  if (known(fd) != nullptr && fails(Kind::read)) return -1;
  return __real_pread(fd, bytes, size, at);
}

ssize_t __wrap_pwrite(int fd, const void* bytes, size_t size, off_t at) {
  if (const Open* file = known(fd)) {
    // Half of it is no failure yet: whoever goes on with the rest hears of it.
    if (fails(Kind::write) && (!disk->half() || (size /= 2) == 0)) return -1;
    disk->write(file->file, static_cast<std::uint64_t>(at),
                {static_cast<const char*>(bytes), size});
  }
  return __real_pwrite(fd, bytes, size, at);
}
ssize_t __wrap_write(int fd, const void* bytes, size_t size) {
  if (const Open* file = known(fd)) {
    if (fails(Kind::write) && (!disk->half() || (size /= 2) == 0)) return -1;
    const auto at = static_cast<std::uint64_t>(lseek(fd, 0, SEEK_CUR));
    disk->write(file->file, at, {static_cast<const char*>(bytes), size});
  }
  return __real_write(fd, bytes, size);
}

int __wrap_ftruncate(int fd, off_t size) {
  if (const Open* file = known(fd)) {
    if (fails(Kind::truncate)) return -1;
    disk->truncate(file->file, static_cast<std::uint64_t>(size));
  }
  return __real_ftruncate(fd, size);
}

int __wrap_fsync(int fd) {
  const Open* file = known(fd);
  if (file == nullptr) return __real_fsync(fd);
  const bool failed = fails(file->file < 0 ? Kind::sync_folder : Kind::sync);
  const int error = errno;
  if (file->file >= 0) {
    disk->sync(file->file, failed);
  } else if (!failed) {
    disk->sync_folder(file->path);
  }
  errno = error;
  return failed ? -1 : 0;
}
int __wrap_fdatasync(int fd) {
  return known(fd) == nullptr ? __real_fdatasync(fd) : __wrap_fsync(fd);
}

int __wrap_rename(const char* from, const char* to) {
  const auto a = known(from), b = known(to);
  if (a && b && fails(Kind::rename)) return -1;
  const int done = __real_rename(from, to);
  if (a && b && done == 0) disk->rename(*a, *b);
  return done;
}

int __wrap_unlink(const char* path) {
  const auto name = known(path);
  if (name && fails(Kind::unlink)) return -1;
  const int done = __real_unlink(path);
  if (name && done == 0) disk->unlink(*name);
  return done;
}

}  // extern "C"
// NOLINTEND(bugprone-reserved-identifier)
