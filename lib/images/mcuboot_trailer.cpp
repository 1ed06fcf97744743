#include <algorithm>
#include <array>
#include <bit>

#include "base/little_endian.hpp"
#include "images/mcuboot.hpp"

namespace assay::images {
namespace {

constexpr std::size_t magic_size = 16;
using Magic = std::array<std::uint8_t, magic_size>;
constexpr Magic classic_magic = {0x77, 0xc2, 0x95, 0xf3, 0x60, 0xd2, 0xef, 0x7f,
                                 0x35, 0x52, 0x50, 0x0f, 0x2c, 0xb6, 0x79, 0x80};

// From an alignment of 16 on, the magic begins with the alignment.
Magic magic_for(unsigned max_align) {
  if (max_align == 8) return classic_magic;
  return {static_cast<std::uint8_t>(max_align),
          static_cast<std::uint8_t>(max_align >> 8),
          0x2d,
          0xe1,
          0x5d,
          0x29,
          0x41,
          0x0b,
          0x8d,
          0x77,
          0x67,
          0x9c,
          0x11,
          0x0f,
          0x1f,
          0x8a};
}

bool is_erased(ByteView bytes) {
  return std::ranges::all_of(bytes, [](std::uint8_t byte) { return byte == 0xff; });
}

TrailerFlag flag(std::uint8_t byte) {
  if (byte == 0xff) return TrailerFlag::unset;
  return byte == 1 ? TrailerFlag::set : TrailerFlag::bad;
}

std::optional<std::uint32_t> swap_size(ByteView slot, std::size_t at, std::size_t step,
                                       SwapAlgorithm algorithm) {
  const auto field = [&](std::size_t offset) -> std::optional<std::uint32_t> {
    if (is_erased(slot.subspan(offset, 4))) return std::nullopt;
    return u32_at(slot, offset);
  };
  if (algorithm == SwapAlgorithm::offset) return field(at - step);
  const auto classic = field(at);
  if (algorithm == SwapAlgorithm::unknown && classic > slot.size()) return field(at - step);
  return classic;
}

}  // namespace

std::string_view to_string(TrailerMagic magic) {
  switch (magic) {
    case TrailerMagic::good:
      return "good";
    case TrailerMagic::bad:
      return "bad";
    case TrailerMagic::unset:
      return "unset";
  }
  return "unknown";
}

std::string_view to_string(TrailerFlag flag) {
  switch (flag) {
    case TrailerFlag::set:
      return "set";
    case TrailerFlag::bad:
      return "bad";
    case TrailerFlag::unset:
      return "unset";
  }
  return "unknown";
}

std::string_view to_string(SwapType type) {
  switch (type) {
    case SwapType::none:
      return "none";
    case SwapType::test:
      return "test";
    case SwapType::perm:
      return "perm";
    case SwapType::revert:
      return "revert";
  }
  return "unknown";
}

Result<SlotTrailer> parse_trailer(ByteView slot, unsigned write_alignment,
                                  SwapAlgorithm algorithm) {
  if (!std::has_single_bit(write_alignment) || write_alignment > 32) {
    return fail(Cause::invalid, "write alignment {} is not a power of two from 1 to 32",
                write_alignment);
  }
  const std::size_t step = std::max(8U, write_alignment);
  // magic, then image_ok, copy_done, swap_info, swap_size and one more downward.
  if (slot.size() < magic_size + 6 * step) {
    return fail(Cause::invalid, "a slot of {} bytes has no room for a trailer", slot.size());
  }
  const std::size_t magic_at = slot.size() - magic_size;
  const std::size_t image_ok_at = (magic_at - step) / step * step;
  const std::size_t copy_done_at = image_ok_at - step;
  const std::size_t swap_info_at = copy_done_at - step;

  SlotTrailer trailer;
  const ByteView magic = slot.subspan(magic_at, magic_size);
  if (!is_erased(magic)) {
    trailer.magic = std::ranges::equal(magic, magic_for(static_cast<unsigned>(step)))
                        ? TrailerMagic::good
                        : TrailerMagic::bad;
  }
  trailer.image_ok = flag(slot[image_ok_at]);
  trailer.copy_done = flag(slot[copy_done_at]);
  // Swap type in the low half, image number in the high half; MCUboot counts from 1 (none).
  const std::uint8_t info = slot[swap_info_at];
  const int type = info & 0x0f;
  if (info != 0xff && type >= 1 && type <= 4) {
    trailer.swap_type = static_cast<SwapType>(type - 1);
    trailer.image_number = info >> 4;
  }
  trailer.swap_size = swap_size(slot, swap_info_at - step, step, algorithm);
  return trailer;
}

SwapType next_swap(const SlotTrailer& primary, const SlotTrailer& secondary) {
  if (secondary.magic == TrailerMagic::good && secondary.image_ok == TrailerFlag::unset) {
    return SwapType::test;
  }
  if (secondary.magic == TrailerMagic::good && secondary.image_ok == TrailerFlag::set) {
    return SwapType::perm;
  }
  if (primary.magic == TrailerMagic::good && secondary.magic == TrailerMagic::unset &&
      primary.image_ok == TrailerFlag::unset && primary.copy_done == TrailerFlag::set) {
    return SwapType::revert;
  }
  return SwapType::none;
}

}  // namespace assay::images
