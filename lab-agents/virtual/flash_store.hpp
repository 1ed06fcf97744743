// The flash of a virtual board while its machine is off: a file in the board's
// state folder, and beside it a mark while a machine runs, which holds newer
// contents. A mark that is found where no machine runs says that the contents
// are unknown: the machine or its host crashed. A whole new chip clears it.
//
// Single-threaded. A board that was never flashed is blank (0xFF).
#pragma once

#include <cstddef>
#include <filesystem>

#include "base/bytes.hpp"
#include "base/file.hpp"
#include "base/result.hpp"

namespace assay::virt {

class FlashStore {
 public:
  // Makes the folder and locks it for this process.
  static Result<FlashStore> open(const std::filesystem::path& folder, std::size_t size);

  [[nodiscard]] bool known() const;
  // Cause::device when unknown or damaged: the text says to flash the whole chip.
  Result<Bytes> load() const;
  // The contents are known again and on disk.
  Result<> save(ByteView);
  // From now on a machine holds the contents.
  Result<> mark_running();
  [[nodiscard]] const std::filesystem::path& folder() const { return folder_; }

 private:
  FlashStore(std::filesystem::path folder, std::size_t size, FolderLock lock)
      : folder_(std::move(folder)), size_(size), lock_(std::move(lock)) {}
  std::filesystem::path folder_;
  std::size_t size_;
  FolderLock lock_;
};

}  // namespace assay::virt
