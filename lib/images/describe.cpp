#include "images/describe.hpp"

#include <algorithm>

#include "base/little_endian.hpp"

namespace assay::images {
namespace {

// Headers are searched for at this distance: no flash has smaller pages.
constexpr std::uint64_t search_step = 0x100;
// What is longer than its image by this may be a slot with a trailer.
constexpr std::uint64_t smallest_trailer = 16 + 6 * 8;

// `size` bytes from `address` on; what the file does not fill is erased flash.
Bytes cut(const Segments& segments, std::uint64_t address, std::uint64_t size) {
  Bytes result(size, 0xff);
  for (const Segment& segment : segments.all) {
    const std::uint64_t from = std::max(address, segment.address);
    const std::uint64_t to = std::min(address + size, segment.end());
    if (from >= to) continue;
    std::copy_n(segment.bytes.begin() + static_cast<std::ptrdiff_t>(from - segment.address),
                to - from, result.begin() + static_cast<std::ptrdiff_t>(from - address));
  }
  return result;
}

void read_image(DescribedImage& found, ByteView bytes) {
  auto image = parse_mcuboot(bytes);
  if (image) {
    found.image = std::move(*image);
    return;
  }
  found.problem = image.error().text;
  if (const auto header = parse_mcuboot_header(bytes)) found.header = *header;
}

bool has_magic(ByteView bytes, std::uint64_t at) {
  return bytes.size() - at >= 4 && u32_at(bytes, at) == mcuboot_magic;
}

// Without a given alignment, the one whose magic is there; 8 has most boards.
std::optional<SlotTrailer> read_trailer(ByteView slot, const DescribeOptions& options) {
  for (const unsigned alignment : {16U, 32U}) {
    if (options.write_alignment) break;
    const auto trailer = parse_trailer(slot, alignment);
    if (trailer && trailer->magic == TrailerMagic::good) return *trailer;
  }
  const auto trailer = parse_trailer(slot, options.write_alignment.value_or(8));
  return trailer ? std::optional(*trailer) : std::nullopt;
}

// The first image in a slot: with swap-using-offset it lies one page in.
DescribedImage in_slot(const SlotArea& slot, ByteView bytes, const DescribeOptions& options) {
  DescribedImage found;
  found.place = slot.name;
  found.address = slot.address;
  found.trailer = read_trailer(bytes, options);
  for (std::uint64_t at = 0; at < bytes.size(); at += search_step) {
    if (!has_magic(bytes, at)) continue;
    found.address += at;
    read_image(found, bytes.subspan(at));
    return found;
  }
  const bool erased = std::ranges::all_of(bytes, [](int byte) { return byte == 0xff; });
  found.problem = erased ? "erased" : "no MCUboot header in it";
  return found;
}

std::vector<DescribedImage> search(const Segments& segments) {
  std::vector<DescribedImage> result;
  for (const Segment& segment : segments.all) {
    // From an aligned address on, whatever the segment's own.
    std::uint64_t at = (search_step - segment.address % search_step) % search_step;
    while (at < segment.bytes.size()) {
      if (!has_magic(segment.bytes, at)) {
        at += search_step;
        continue;
      }
      DescribedImage found;
      found.address = segment.address + at;
      read_image(found, ByteView(segment.bytes).subspan(at));
      const std::uint64_t size = found.image ? found.image->size : search_step;
      at += (size + search_step - 1) / search_step * search_step;
      result.push_back(std::move(found));
    }
  }
  return result;
}

// A file that is one image, and maybe the rest of its slot with the trailer.
DescribedImage whole_file(ByteView content, const DescribeOptions& options) {
  DescribedImage found;
  found.address = options.raw_base;
  read_image(found, content);
  if (found.image && content.size() >= found.image->size + smallest_trailer) {
    found.trailer = read_trailer(content, options);
  }
  return found;
}

}  // namespace

Result<Description> describe(ByteView content, std::string_view name,
                             const DescribeOptions& options) {
  const Segments segments = TRY(parse(content, name, options.raw_base));
  Description result;
  result.name = name;
  result.container = detect(content, name);
  result.file_size = content.size();
  result.file_sha256 = sha256(content);
  for (const Segment& segment : segments.all) {
    result.ranges.push_back({segment.address, segment.bytes.size()});
  }
  if (!options.slots.empty()) {
    for (const SlotArea& slot : options.slots) {
      if (slot.size > default_limit || slot.address > UINT64_MAX - slot.size) {
        return fail(Cause::invalid, "{}: {} of {} bytes, at most {} are read", name, slot.name,
                    slot.size, default_limit);
      }
      result.images.push_back(in_slot(slot, cut(segments, slot.address, slot.size), options));
    }
    return result;
  }
  if (result.container == Container::raw && has_magic(content, 0)) {
    result.images.push_back(whole_file(content, options));
    return result;
  }
  result.images = search(segments);
  if (!result.images.empty()) return result;
  if (result.container == Container::intel_hex) {
    return fail(
        Cause::invalid,
        "{}: an Intel HEX file without an MCUboot image in it; give the signed .hex or .bin", name);
  }
  const auto why = parse_mcuboot_header(content);
  return tl::unexpected((why ? Error{Cause::invalid, "no MCUboot image"} : why.error()).in(name));
}

}  // namespace assay::images
