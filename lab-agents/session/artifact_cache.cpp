#include "session/artifact_cache.hpp"

#include <grpcpp/grpcpp.h>

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>

#include "base/file.hpp"

namespace assay::session {

namespace fs = std::filesystem;

// In pieces: disk images are large.
static Result<std::string> hash_of(int fd, const std::string& name) {
  Sha256Stream hash;
  Bytes piece(1U << 20);
  std::uint64_t at = 0;
  while (const auto n = TRY(read_at(fd, piece, at, name))) {
    hash.update(ByteView(piece).first(n));
    at += n;
  }
  return to_hex(hash.finish());
}

ArtifactCache::ArtifactCache(fs::path folder, std::uint64_t limit)
    : folder_(std::move(folder)), limit_(limit) {}

fs::path ArtifactCache::path(const std::string& sha256) const {
  return folder_ / sha256;
}

Result<ArtifactCache::Pin> ArtifactCache::fetch(v1::ArtifactService::Stub& stub,
                                                const std::string& sha256, std::uint64_t size,
                                                const Wait& wait) {
  if (!is_sha256_hex(sha256)) return fail(Cause::invalid, "'{}' is not a SHA-256", sha256);
  TRY(make_folders(folder_));
  {
    // One download of a file at a time; the others wait for it.
    std::unique_lock lock(mutex_);
    while (fetching_.contains(sha256)) {
      if (wait.stop.stop_requested()) return fail(Cause::cancelled, "cancelled");
      if (wait.until.passed()) {
        return fail(Cause::timeout, "artifact {}: another attempt is still fetching it", sha256);
      }
      fetched_.wait_for(lock, wait.stop,
                        std::min<Duration>(wait.until.left(), std::chrono::hours(1)),
                        [&] { return !fetching_.contains(sha256); });
    }
    ++pins_[sha256];
    if (fs::exists(path(sha256))) {
      std::error_code ignored;  // it is only removed too early then
      fs::last_write_time(path(sha256), fs::file_time_type::clock::now(), ignored);
      return Pin(*this, sha256);
    }
    fetching_.insert(sha256);
    make_room(size);
  }
  Pin pin(*this, sha256);
  auto result = download(stub, sha256, size, wait);
  {
    const std::lock_guard lock(mutex_);
    fetching_.erase(sha256);
  }
  fetched_.notify_all();
  if (!result) return tl::unexpected(result.error().in("artifact " + sha256.substr(0, 12)));
  return pin;
}

Result<> ArtifactCache::download(v1::ArtifactService::Stub& stub, const std::string& sha256,
                                 std::uint64_t size, const Wait& wait) {
  const fs::path part = path(sha256).string() + ".part";
  const UniqueFd fd(::open(part.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644));
  if (!fd) return fail_errno(part.string());
  std::uint64_t have = static_cast<std::uint64_t>(std::max<off_t>(0, lseek(fd.get(), 0, SEEK_END)));
  Duration backoff = std::chrono::milliseconds(50);
  while (have < size) {
    grpc::ClientContext context;
    context.set_deadline(std::chrono::system_clock::now() +
                         std::chrono::duration_cast<std::chrono::microseconds>(
                             std::min<Duration>(wait.until.left(), std::chrono::minutes(5))));
    const std::stop_callback on_stop(wait.stop, [&] { context.TryCancel(); });
    v1::GetRequest request;
    request.set_sha256(sha256);
    request.set_offset(have);
    const auto reader = stub.Get(&context, request);
    v1::GetResponse piece;
    const std::uint64_t before = have;
    while (have < size && reader->Read(&piece)) {
      if (auto written = write_all(fd.get(), as_bytes(piece.data()), wait); !written) {
        context.TryCancel();
        return tl::unexpected(written.error().in(part.string()));
      }
      have += piece.data().size();
    }
    if (have >= size) context.TryCancel();
    const grpc::Status status = reader->Finish();
    if (have >= size) break;
    if (wait.stop.stop_requested()) return fail(Cause::cancelled, "cancelled");
    if (status.error_code() == grpc::NOT_FOUND)
      return fail(Cause::not_found, "{}", status.error_message());
    if (wait.until.passed())
      return fail(Cause::timeout, "not fetched in time: {}", status.error_message());
    if (have > before) backoff = std::chrono::milliseconds(50);
    // Waits for the stop token alone: assayd is away and tells nobody when it is back.
    pollfd none{-1, 0, 0};
    if (auto waited = wait_ready({&none, 1}, wait.at_most(backoff));
        !waited && waited.error().cause == Cause::cancelled) {
      return waited;
    }
    backoff = std::min<Duration>(backoff * 2, std::chrono::seconds(2));
  }
  if (TRY(hash_of(fd.get(), part.string())) != sha256) {
    ::unlink(part.c_str());
    return fail(Cause::io, "the bytes received have another SHA-256: they were thrown away");
  }
  if (fsync(fd.get()) != 0 || ::rename(part.c_str(), path(sha256).c_str()) != 0)
    return fail_errno(part.string());
  return {};
}

void ArtifactCache::unpin(const std::string& sha256) {
  const std::lock_guard lock(mutex_);
  if (--pins_[sha256] == 0) pins_.erase(sha256);
}

// Under the mutex: removes what was used longest ago, never what is pinned.
void ArtifactCache::make_room(std::uint64_t size) {
  struct Entry {
    fs::file_time_type used;
    std::uint64_t size;
    fs::path file;
  };
  std::vector<Entry> entries;
  std::uint64_t total = size;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(folder_, error)) {
    total += entry.file_size(error);
    if (!pins_.contains(entry.path().stem().string())) {
      entries.push_back({entry.last_write_time(error), entry.file_size(error), entry.path()});
    }
  }
  std::sort(entries.begin(), entries.end(),
            [](const Entry& a, const Entry& b) { return a.used < b.used; });
  for (const Entry& entry : entries) {
    if (total <= limit_) return;
    fs::remove(entry.file, error);
    total -= entry.size;
  }
}

}  // namespace assay::session
