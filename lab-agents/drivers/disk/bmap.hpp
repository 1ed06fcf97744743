// Block maps: which blocks of a disk image hold anything, and what they hash to, as
// bmaptool writes them beside an image. Thread-safe: free functions and values.
// Source: the format's description in the comment that each of these files begins with.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <vector>

#include "base/bytes.hpp"
#include "base/result.hpp"

namespace assay::drivers {

// Part of an image, in bytes.
struct Extent {
  std::uint64_t begin = 0, end = 0;
  std::optional<Sha256> digest = {};
};

struct BlockMap {
  std::uint64_t image_size = 0;
  std::vector<Extent> mapped;  // in order, apart
  [[nodiscard]] std::uint64_t bytes() const;
};

// Versions 1.4 and 2.0 (SHA-256), and the older ones without checksums. Cause::invalid.
Result<BlockMap> read_block_map(const std::filesystem::path&);
Result<BlockMap> parse_block_map(std::string_view text, std::string_view name);

}  // namespace assay::drivers
