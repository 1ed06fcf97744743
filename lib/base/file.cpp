#include "base/file.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cstdlib>

namespace assay {

namespace fs = std::filesystem;

static Result<UniqueFd> open_file(const fs::path& path, int flags, mode_t mode = 0644) {
  UniqueFd fd(::open(path.c_str(), flags | O_CLOEXEC, mode));
  if (!fd) return fail_errno(path.string());
  return fd;
}

Result<Bytes> read_file(const fs::path& path, std::uint64_t limit) {
  const UniqueFd fd = TRY(open_file(path, O_RDONLY));
  struct stat info {};
  if (fstat(fd.get(), &info) != 0) return fail_errno(path.string());
  if (S_ISDIR(info.st_mode))
    return fail(Cause::invalid, "{}: is a folder, not a file", path.string());
  Bytes bytes;
  std::array<std::uint8_t, 65536> piece;
  while (true) {
    const ssize_t n = ::read(fd.get(), piece.data(), piece.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return fail_errno(path.string());
    if (n == 0) return bytes;
    bytes.insert(bytes.end(), piece.begin(), piece.begin() + n);
    if (bytes.size() > limit) {
      return fail(Cause::exhausted, "{}: longer than the limit of {} bytes", path.string(), limit);
    }
  }
}

Result<std::string> read_text(const fs::path& path, std::uint64_t limit) {
  const Bytes bytes = TRY(read_file(path, limit));
  return std::string(as_text(bytes));
}

Result<> sync_folder(const fs::path& folder) {
  const UniqueFd fd = TRY(open_file(folder, O_RDONLY | O_DIRECTORY));
  if (fsync(fd.get()) != 0) return fail_errno(folder.string());
  return {};
}

Result<> write_file(const fs::path& path, ByteView bytes) {
  return write_pieces(path, [&](const WritePiece& write) { return write(bytes); });
}

Result<> write_pieces(const fs::path& path,
                      const std::function<Result<>(const WritePiece&)>& content) {
  fs::path beside = path;
  beside += ".new";
  {
    const UniqueFd fd = TRY(open_file(beside, O_WRONLY | O_CREAT | O_TRUNC));
    const WritePiece write = [&](ByteView piece) { return write_all(fd.get(), piece, {}); };
    if (auto written = content(write); !written) {
      ::unlink(beside.c_str());
      return tl::unexpected(written.error().in(path.string()));
    }
    if (fsync(fd.get()) != 0) return fail_errno(beside.string());
  }
  if (::rename(beside.c_str(), path.c_str()) != 0) return fail_errno(path.string());
  return sync_folder(path.has_parent_path() ? path.parent_path() : fs::path("."));
}

Result<> make_folders(const fs::path& path) {
  std::error_code error;
  fs::create_directories(path, error);
  errno = error.value();
  if (error) return fail_errno(path.string());
  return {};
}

Result<FolderLock> FolderLock::take(const fs::path& folder, std::string_view what) {
  TRY(make_folders(folder));
  const fs::path file = folder / "lock";
  UniqueFd fd = TRY(open_file(file, O_RDWR | O_CREAT));
  if (flock(fd.get(), LOCK_EX | LOCK_NB) != 0) {
    const std::string holder = read_text(file, 64).value_or("unknown");
    return fail(Cause::refused,
                "{}: in use by {} (process {}); end that one or choose another folder",
                folder.string(), what, holder.empty() ? "unknown" : holder);
  }
  if (ftruncate(fd.get(), 0) != 0) return fail_errno(file.string());
  TRY(write_all(fd.get(), as_bytes(std::to_string(getpid())), {}));
  return FolderLock(std::move(fd));
}

Result<TempFolder> TempFolder::make(std::string_view prefix) {
  const char* root = std::getenv("TMPDIR");
  std::string name =
      fmt::format("{}/{}-XXXXXX", root != nullptr && *root != 0 ? root : "/tmp", prefix);
  if (mkdtemp(name.data()) == nullptr) return fail_errno(name);
  return TempFolder(name);
}

TempFolder::TempFolder(TempFolder&& other) noexcept : path_(std::exchange(other.path_, {})) {}

TempFolder& TempFolder::operator=(TempFolder&& other) noexcept {
  std::swap(path_, other.path_);
  return *this;
}

TempFolder::~TempFolder() {
  std::error_code ignored;
  if (!path_.empty()) fs::remove_all(path_, ignored);
}

}  // namespace assay
