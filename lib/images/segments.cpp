#include "images/segments.hpp"

#include <algorithm>

namespace assay::images {

std::uint64_t Segments::size() const {
  std::uint64_t sum = 0;
  for (const Segment& segment : all) sum += segment.bytes.size();
  return sum;
}

Result<Bytes> Segments::flatten(std::uint64_t base, std::uint64_t size, std::uint8_t fill) const {
  for (const Segment& segment : all) {
    if (segment.address < base || segment.end() - base > size) {
      return fail(Cause::invalid,
                  "bytes for addresses 0x{:x} to 0x{:x} lie outside the {} bytes from 0x{:x} on",
                  segment.address, segment.end() - 1, size, base);
    }
  }
  Bytes flat(size, fill);
  for (const Segment& segment : all) {
    std::ranges::copy(segment.bytes,
                      flat.begin() + static_cast<std::ptrdiff_t>(segment.address - base));
  }
  return flat;
}

Result<Segments> arrange(std::vector<Segment> parts) {
  std::erase_if(parts, [](const Segment& part) { return part.bytes.empty(); });
  std::ranges::sort(parts, {}, &Segment::address);
  Segments result;
  for (Segment& part : parts) {
    if (result.all.empty() || part.address > result.all.back().end()) {
      result.all.push_back(std::move(part));
      continue;
    }
    Segment& last = result.all.back();
    if (part.address < last.end()) {
      return fail(Cause::invalid, "address 0x{:x} is given twice", part.address);
    }
    last.bytes.insert(last.bytes.end(), part.bytes.begin(), part.bytes.end());
  }
  return result;
}

}  // namespace assay::images
