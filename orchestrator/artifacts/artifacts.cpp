#include "artifacts/artifacts.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <optional>

#include "base/file.hpp"

namespace assay::artifacts {

namespace fs = std::filesystem;

static constexpr auto partial_lifetime = std::chrono::hours(24 * 7);

static Result<> check(const std::string& sha256) {
  if (is_sha256_hex(sha256)) return {};
  return fail(Cause::invalid, "'{}' is not a SHA-256: 64 lower-case hexadecimal digits",
              sha256.substr(0, 80));
}

// The size of a file; nullopt when there is none.
static std::optional<std::uint64_t> size_of(const fs::path& path) {
  struct stat info {};
  if (::stat(path.c_str(), &info) != 0) return std::nullopt;
  return static_cast<std::uint64_t>(info.st_size);
}

Result<std::unique_ptr<ArtifactStore>> ArtifactStore::open(fs::path folder, std::uint64_t limit) {
  TRY(make_folders(folder / "partial"));
  TRY(sync_folder(folder.has_parent_path() ? folder.parent_path() : "."));
  // Uploads that nobody went on with, and those that could not be resumed anyway.
  std::error_code error;
  const auto now = fs::file_time_type::clock::now();
  for (const auto& entry : fs::directory_iterator(folder / "partial", error)) {
    const bool beside = entry.path().extension() == ".beside";
    if (beside || now - entry.last_write_time(error) > partial_lifetime)
      fs::remove(entry.path(), error);
  }
  return std::unique_ptr<ArtifactStore>(new ArtifactStore(std::move(folder), limit));
}

fs::path ArtifactStore::final_path(const std::string& sha256) const {
  return folder_ / sha256.substr(0, 2) / sha256.substr(2);
}

fs::path ArtifactStore::partial_path(const std::string& sha256) const {
  return folder_ / "partial" / sha256;
}

Result<Stat> ArtifactStore::stat(const std::string& sha256) {
  TRY(check(sha256));
  if (const auto size = TRY(complete(sha256))) return Stat{true, *size};
  const std::lock_guard lock(mutex_);
  // What another client is writing cannot be gone on with.
  if (uploading_.contains(sha256) || spoiled_.contains(sha256)) return Stat{};
  return Stat{false, size_of(partial_path(sha256)).value_or(0)};
}

// Whoever moved it there may have been killed, or have failed, before that was on disk.
Result<std::optional<std::uint64_t>> ArtifactStore::complete(const std::string& sha256) {
  const fs::path final = final_path(sha256);
  const auto size = size_of(final);
  if (!size) return std::nullopt;
  {
    const std::lock_guard lock(mutex_);
    if (named_.contains(sha256)) return size;
  }
  TRY(sync_folder(final.parent_path()));
  TRY(sync_folder(folder_));
  const std::lock_guard lock(mutex_);
  named_.insert(sha256);
  return size;
}

void ArtifactStore::spoil(const std::string& sha256) {
  const std::lock_guard lock(mutex_);
  spoiled_.insert(sha256);
}

// Feeds what is there of an upload to the hash; true unless it is longer than `size`.
static Result<bool> hash_file(int fd, std::uint64_t size, Sha256Stream& hash, std::uint64_t& have) {
  Bytes piece(1U << 20);
  while (true) {
    const std::size_t n = TRY(read_at(fd, piece, have, "read"));
    if (n == 0) return true;
    have += n;
    if (have > size) return false;
    hash.update(ByteView(piece).first(n));
  }
}

Result<std::unique_ptr<Upload>> ArtifactStore::put(const std::string& sha256, std::uint64_t size,
                                                   std::uint64_t offset) {
  TRY(check(sha256));
  if (TRY(complete(sha256))) return nullptr;
  if (size > limit_) {
    return fail(Cause::exhausted, "artifact {}: {} bytes are more than the limit of {}",
                sha256.substr(0, 12), size, limit_);
  }
  const std::string short_name = "artifact " + sha256.substr(0, 12);
  fs::path path = partial_path(sha256);
  bool resumable = true;
  {
    const std::lock_guard lock(mutex_);
    if (!uploading_.insert(sha256).second) {
      if (offset != 0) {
        return fail(Cause::refused, "{}: another client is uploading it; begin at 0 or wait",
                    short_name);
      }
      path += fmt::format("-{}.beside", ++private_uploads_);
      resumable = false;
    } else if (spoiled_.contains(sha256)) {
      if (::unlink(path.c_str()) != 0 && errno != ENOENT) {
        uploading_.erase(sha256);
        return fail_errno(path.string());
      }
      spoiled_.erase(sha256);
    }
  }
  std::unique_ptr<Upload> upload(new Upload(*this, sha256, size, path, resumable));
  const int truncate = offset == 0 ? O_TRUNC : 0;  // the client begins anew
  upload->fd_.reset(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | truncate, 0644));
  if (!upload->fd_) return fail_errno(path.string());
  auto hashed = hash_file(upload->fd_.get(), size, upload->hash_, upload->at_);
  if (!hashed) return tl::unexpected(hashed.error().in(path.string()));
  if (!*hashed) {
    ::unlink(path.c_str());
    return fail(Cause::refused, "{}: more than {} bytes were uploaded before; begin at 0",
                short_name, size);
  }
  if (offset != upload->at_) {
    return fail(Cause::refused, "{}: the upload stands at {}, not at {}", short_name, upload->at_,
                offset);
  }
  return upload;
}

Result<Reader> ArtifactStore::get(const std::string& sha256) {
  TRY(check(sha256));
  UniqueFd fd(::open(final_path(sha256).c_str(), O_RDONLY | O_CLOEXEC));
  struct stat info {};
  if (!fd || fstat(fd.get(), &info) != 0) {
    if (errno != ENOENT) return fail_errno(final_path(sha256).string());
    return fail(Cause::not_found, "there is no artifact {}: upload it first", sha256);
  }
  return Reader(std::move(fd), static_cast<std::uint64_t>(info.st_size));
}

Result<Bytes> Reader::read(std::uint64_t offset, std::size_t most) const {
  Bytes bytes(
      offset < size_ ? static_cast<std::size_t>(std::min<std::uint64_t>(most, size_ - offset)) : 0);
  if (TRY(read_at(fd_.get(), bytes, offset, "read artifact")) < bytes.size())
    return fail(Cause::io, "read artifact: the file became shorter than {} bytes", size_);
  return bytes;
}

void ArtifactStore::release(const std::string& sha256) {
  const std::lock_guard lock(mutex_);
  uploading_.erase(sha256);
}

Upload::~Upload() {
  if (!resumable_) ::unlink(path_.c_str());  // gone already when it was finished
  if (resumable_) store_.release(sha256_);
}

// What the disk has no room for gives back what it took of it: events of running
// attempts need the space more.
Error Upload::given_up(Error error) {
  if (error.cause == Cause::exhausted) ::unlink(path_.c_str());
  return error;
}

Result<> Upload::append(std::uint64_t offset, ByteView bytes) {
  const std::string name = "artifact " + sha256_.substr(0, 12);
  if (offset != at_)
    return fail(Cause::refused, "{}: the upload stands at {}, not at {}", name, at_, offset);
  if (bytes.size() > size_ - at_) {
    return fail(Cause::refused, "{}: more bytes than the {} that were announced", name, size_);
  }
  if (auto written = write_at(fd_.get(), bytes, at_, path_.string()); !written) {
    // What was written of it is not hashed: the upload stands where it stood.
    if (ftruncate(fd_.get(), static_cast<off_t>(at_)) != 0) ::unlink(path_.c_str());
    return tl::unexpected(given_up(std::move(written).error()));
  }
  hash_.update(bytes);
  at_ += bytes.size();
  return {};
}

Result<> Upload::finish() {
  const std::string name = "artifact " + sha256_.substr(0, 12);
  if (at_ != size_)
    return fail(Cause::refused, "{}: {} of {} bytes are there; go on at {}", name, at_, size_, at_);
  const std::string got = to_hex(hash_.finish());
  if (got != sha256_) {
    ::unlink(path_.c_str());
    return fail(Cause::invalid,
                "{}: the bytes have the SHA-256 {}, not {}: discarded, upload it again", name, got,
                sha256_);
  }
  if (fsync(fd_.get()) != 0) {
    auto error = fail_errno(path_.string());
    if (resumable_) store_.spoil(sha256_);
    return tl::unexpected(given_up(std::move(error).value()));
  }
  const fs::path final = store_.final_path(sha256_);
  if (auto made = make_folders(final.parent_path()); !made)
    return tl::unexpected(given_up(std::move(made).error()));
  if (::rename(path_.c_str(), final.c_str()) != 0) return fail_errno(final.string());
  TRY(store_.complete(sha256_));
  return {};
}

}  // namespace assay::artifacts
