// Files that survive a power cut, and locks on folders. Thread-safe.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <string_view>

#include "base/bytes.hpp"
#include "base/fd.hpp"
#include "base/result.hpp"

namespace assay {

// The whole file; Cause::exhausted when it is longer than `limit` bytes.
Result<Bytes> read_file(const std::filesystem::path&, std::uint64_t limit);
Result<std::string> read_text(const std::filesystem::path&, std::uint64_t limit = 16 << 20);

// Written beside, synced, renamed into place, folder synced: after a crash the
// old or the new content is there, never half of it.
Result<> write_file(const std::filesystem::path&, ByteView);
// The same of what `content` gives to the function that it is called with, in pieces.
using WritePiece = std::function<Result<>(ByteView)>;
Result<> write_pieces(const std::filesystem::path&,
                      const std::function<Result<>(const WritePiece&)>& content);

Result<> make_folders(const std::filesystem::path&);
Result<> sync_folder(const std::filesystem::path&);

// Holds `folder`/lock for this process until destroyed. Cause::refused names
// the holder's process id when another one has it.
class FolderLock {
 public:
  static Result<FolderLock> take(const std::filesystem::path& folder, std::string_view what);

 private:
  explicit FolderLock(UniqueFd fd) : fd_(std::move(fd)) {}
  UniqueFd fd_;
};

// A folder under $TMPDIR (or /tmp), removed with all it holds when destroyed.
class TempFolder {
 public:
  static Result<TempFolder> make(std::string_view prefix);
  TempFolder(TempFolder&&) noexcept;
  TempFolder& operator=(TempFolder&&) noexcept;
  ~TempFolder();
  [[nodiscard]] const std::filesystem::path& path() const { return path_; }

 private:
  explicit TempFolder(std::filesystem::path path) : path_(std::move(path)) {}
  std::filesystem::path path_;
};

}  // namespace assay
