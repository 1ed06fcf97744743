// Bytes with the address they belong to: what every flashable file comes down to.
// Thread-safe: values and free functions. Addresses and sizes are in bytes.
#pragma once

#include <cstdint>
#include <vector>

#include "base/bytes.hpp"
#include "base/result.hpp"

namespace assay::images {

struct Segment {
  std::uint64_t address = 0;
  Bytes bytes;
  [[nodiscard]] std::uint64_t end() const { return address + bytes.size(); }
};

// Sorted by address, none empty, none overlapping, neighbours that touch joined
// (as arrange() and load() make it).
struct Segments {
  std::vector<Segment> all;

  [[nodiscard]] bool empty() const { return all.empty(); }
  [[nodiscard]] std::uint64_t lowest() const { return all.empty() ? 0 : all.front().address; }
  [[nodiscard]] std::uint64_t end() const { return all.empty() ? 0 : all.back().end(); }
  // Bytes that are there, without the gaps.
  [[nodiscard]] std::uint64_t size() const;

  // The `size` bytes from `base` on, gaps filled. Cause::invalid when a segment
  // lies outside: nothing is dropped without a word.
  [[nodiscard]] Result<Bytes> flatten(std::uint64_t base, std::uint64_t size,
                                      std::uint8_t fill = 0xFF) const;
};

// Sorts and joins; Cause::invalid when two segments cover one address.
Result<Segments> arrange(std::vector<Segment>);

}  // namespace assay::images
