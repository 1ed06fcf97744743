// A disk image as a stream of bytes, whatever it is compressed with. Memory stays
// bounded: what a decoder needs, at most 160 MiB (a window of 128 MiB).
//
// What a file is its name says (.xz, .zst, .gz); else it is taken as it is. Cause::
// invalid when it is not what it is called, is damaged or cut short, and when it is
// compressed and its name does not say so.
// Not thread-safe.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>

#include "base/result.hpp"

namespace assay::drivers {

class ImageStream {
 public:
  virtual ~ImageStream() = default;
  // Fills `into`; less only at the image's end.
  virtual Result<std::size_t> read(std::span<std::uint8_t> into) = 0;
  // Of the bytes that come, where that is known at once.
  [[nodiscard]] virtual std::optional<std::uint64_t> size() const { return std::nullopt; }
  // Begins anew; false: this one cannot, cheaply.
  virtual bool rewind() { return false; }
  // How much of the file has been read, for progress.
  [[nodiscard]] virtual std::uint64_t read_so_far() const = 0;
};

Result<std::unique_ptr<ImageStream>> open_image(const std::filesystem::path&);

}  // namespace assay::drivers
