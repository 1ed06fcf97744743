// The disk that a lab file means, and nothing else: found by where it is plugged or by
// its number, opened only when nobody uses it.
//
// Errors: Cause::device; not_found while it is not attached (its mux may be switched to
// the board). Single-threaded.
#pragma once

#include <cstdint>
#include <string>

#include "base/bytes.hpp"
#include "base/clock.hpp"
#include "base/fd.hpp"
#include "base/result.hpp"
#include "drivers/disk/storage.hpp"

namespace assay::drivers {

// As the lab file says it; at least one is set. Of `serial` and `port` both hold.
struct WhichDisk {
  std::string serial = {}, port = {};
  std::string path = {};  // a link below /dev/disk
  std::string file = {};  // a file in a disk's place
};
std::string about(const WhichDisk&);  // "disk at USB port 1-1.4"

// Why nobody may write to this disk now, or "": mounted, swapped to, part of another
// device, write-protected. The texts are /proc/self/mountinfo and /proc/swaps.
std::string in_use(const Storage&, std::string_view mounts, std::string_view swaps);

class Target {
 public:
  enum class For { reading, writing };
  // Cause::not_found when it is not there.
  static Result<Target> open(const WhichDisk&, For);
  // The same, waiting for it to be attached.
  static Result<Target> wait_for(const WhichDisk&, For, const Wait&);

  [[nodiscard]] std::uint64_t size() const { return size_; }
  // "sdb (SDXC Reader at 1-1.4), 15.9 GB".
  [[nodiscard]] const std::string& about() const { return about_; }

  // Past the page cache where position and memory are aligned to `alignment`.
  static constexpr std::size_t alignment = 4096;
  Result<> write(ByteView, std::uint64_t at);
  Result<> read(std::span<std::uint8_t>, std::uint64_t at);
  // The same as writing zeros.
  Result<> clear(std::uint64_t at, std::uint64_t size, ByteView zeros);
  // What was written is on the medium, and nothing of it is read from memory.
  Result<> sync();

 private:
  Target(UniqueFd fd, std::uint64_t size, bool is_file, std::string about)
      : fd_(std::move(fd)), size_(size), is_file_(is_file), about_(std::move(about)) {}
  void go_direct(bool);
  Result<> past_end(std::uint64_t at, std::uint64_t size) const;

  UniqueFd fd_;
  std::uint64_t size_ = 0;
  bool is_file_ = false;
  std::string about_;
  bool direct_ = false, can_be_direct_ = true;
};

}  // namespace assay::drivers
