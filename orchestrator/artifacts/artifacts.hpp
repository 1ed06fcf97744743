// Files under test by their SHA-256: `folder`/ab/cdef..., and unfinished uploads
// in `folder`/partial/.
//
// ArtifactStore is thread-safe; an Upload and a Reader have one owner. Calls
// block for the disk. An upload that breaks off leaves its bytes; the next one
// goes on behind them. While one client uploads an artifact, another may do so
// too, from the start and beside it; the first to finish counts.
// Causes: invalid (the bytes have another SHA-256: discarded), refused (the
// offset is not where the upload stands), exhausted (size limit, disk full; go on
// once there is space), not_found, io.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>

#include "base/bytes.hpp"
#include "base/fd.hpp"
#include "base/limits.hpp"
#include "base/result.hpp"

namespace assay::artifacts {

struct Stat {
  bool complete = false;
  std::uint64_t size = 0;  // of the artifact, or of what is there of an upload
};

class ArtifactStore;

class Upload {
 public:
  ~Upload();
  Upload(const Upload&) = delete;
  Upload& operator=(const Upload&) = delete;

  // `offset` must be where the upload stands. After Cause::exhausted nothing of it
  // is kept: drop this and begin anew once there is space.
  Result<> append(std::uint64_t offset, ByteView);
  // Verified and on disk under its name when it returns.
  Result<> finish();
  [[nodiscard]] std::uint64_t at() const { return at_; }
  [[nodiscard]] std::uint64_t size() const { return size_; }

 private:
  friend class ArtifactStore;
  Upload(ArtifactStore& store, std::string sha256, std::uint64_t size, std::filesystem::path path,
         bool resumable)
      : store_(store),
        sha256_(std::move(sha256)),
        size_(size),
        path_(std::move(path)),
        resumable_(resumable) {}

  Error given_up(Error);

  ArtifactStore& store_;
  const std::string sha256_;
  const std::uint64_t size_;
  const std::filesystem::path path_;
  const bool resumable_;  // else the file goes when this does
  UniqueFd fd_;
  Sha256Stream hash_;
  std::uint64_t at_ = 0;
};

class Reader {
 public:
  [[nodiscard]] std::uint64_t size() const { return size_; }
  // At most `most` bytes from `offset` on; none at the end.
  Result<Bytes> read(std::uint64_t offset, std::size_t most) const;

 private:
  friend class ArtifactStore;
  Reader(UniqueFd fd, std::uint64_t size) : fd_(std::move(fd)), size_(size) {}
  UniqueFd fd_;
  std::uint64_t size_;
};

class ArtifactStore {
 public:
  static Result<std::unique_ptr<ArtifactStore>> open(std::filesystem::path folder,
                                                     std::uint64_t limit = max_artifact_bytes);

  // All names are 64 lower-case hexadecimal digits, else Cause::invalid.
  Result<Stat> stat(const std::string& sha256);
  // nullptr: it is there already.
  Result<std::unique_ptr<Upload>> put(const std::string& sha256, std::uint64_t size,
                                      std::uint64_t offset);
  Result<Reader> get(const std::string& sha256);

 private:
  friend class Upload;
  ArtifactStore(std::filesystem::path folder, std::uint64_t limit)
      : folder_(std::move(folder)), limit_(limit) {}
  [[nodiscard]] std::filesystem::path final_path(const std::string& sha256) const;
  [[nodiscard]] std::filesystem::path partial_path(const std::string& sha256) const;
  void release(const std::string& sha256);
  // Its size, its name being on disk; nullopt: it is not complete.
  Result<std::optional<std::uint64_t>> complete(const std::string& sha256);
  // The disk failed to sync the upload: what is there of it may not be on disk even if
  // a later sync succeeds.
  void spoil(const std::string& sha256);

  const std::filesystem::path folder_;
  const std::uint64_t limit_;
  std::mutex mutex_;
  std::set<std::string> uploading_;  // whose partial file is being written
  std::set<std::string> spoiled_;    // whose partial file must go
  std::set<std::string> named_;      // complete, and the name known to be on disk
  std::uint64_t private_uploads_ = 0;
};

}  // namespace assay::artifacts
