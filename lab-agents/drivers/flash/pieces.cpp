#include "drivers/flash/pieces.hpp"

#include <algorithm>

namespace assay::drivers {

namespace {

Piece piece(const TempFolder& folder, std::string_view way, std::size_t number,
            const images::Segment& segment) {
  return {(folder.path() / fmt::format("{}-{}.bin", way, number)).string(), segment.address,
          segment.bytes.size()};
}

}  // namespace

Result<std::vector<Piece>> pieces_of(const images::Segments& segments, const TempFolder& folder) {
  std::vector<Piece> pieces;
  for (const auto& segment : segments.all) {
    pieces.push_back(piece(folder, "to", pieces.size(), segment));
    TRY(write_file(pieces.back().file, segment.bytes));
  }
  return pieces;
}

std::vector<Piece> pieces_for(const images::Segments& segments, const TempFolder& folder) {
  std::vector<Piece> pieces;
  for (const auto& segment : segments.all)
    pieces.push_back(piece(folder, "from", pieces.size(), segment));
  return pieces;
}

Result<Bytes> saved(const Piece& piece, std::string_view who) {
  auto bytes = read_file(piece.file, piece.size);
  if (bytes && bytes->size() == piece.size) return bytes;
  return fail(Cause::device, "{}: {} instead of {} bytes were read at {:#x}", who,
              bytes ? bytes->size() : 0, piece.size, piece.address);
}

Result<> compare(const images::Segment& segment, const Piece& back, std::string_view who) {
  const auto bytes = TRY(saved(back, who));
  const auto differs = std::mismatch(segment.bytes.begin(), segment.bytes.end(), bytes.begin());
  if (differs.first == segment.bytes.end()) return {};
  return fail(Cause::device, "{}: the flash reads back other than written, from {:#x} on", who,
              segment.address + static_cast<std::uint64_t>(differs.first - segment.bytes.begin()));
}

}  // namespace assay::drivers
