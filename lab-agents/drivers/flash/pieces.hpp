// Files of raw bytes between us and a flash tool: what it is to write, and what it
// has read back. Thread-safe: values and free functions.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/file.hpp"
#include "images/segments.hpp"

namespace assay::drivers {

// A file with raw bytes and where in the chip they belong.
struct Piece {
  std::string file;
  std::uint64_t address = 0;
  std::uint64_t size = 0;
};

// A file for each segment, written.
Result<std::vector<Piece>> pieces_of(const images::Segments&, const TempFolder&);
// A file for each segment, which is for the tool to write.
std::vector<Piece> pieces_for(const images::Segments&, const TempFolder&);

// What the tool saved. `who` is what errors call the device.
Result<Bytes> saved(const Piece&, std::string_view who);
// Cause::device when the tool read other bytes than these.
Result<> compare(const images::Segment&, const Piece& back, std::string_view who);

}  // namespace assay::drivers
