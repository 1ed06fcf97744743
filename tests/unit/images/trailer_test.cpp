// Trailers as a real MCUboot (swap using offset, alignment 4) left them in flash.
#include <array>

#include "image_builder.hpp"
#include "images/mcuboot.hpp"

namespace assay::images {
namespace {

using test::error_of;
using test::must;
using test::slot_of;

constexpr std::size_t slot_size = 0x1a000;
constexpr std::string_view magic = "77c295f360d2ef7f3552500f2cb67980";

Bytes hex(const std::string& digits) {
  return must(from_hex(digits));
}

SlotTrailer trailer_of(const std::string& digits, unsigned alignment = 4,
                       SwapAlgorithm algorithm = SwapAlgorithm::unknown) {
  return must(parse_trailer(slot_of({}, slot_size, hex(digits)), alignment, algorithm));
}

// From swap_size to the magic, after the first boot of an update on test.
const std::string on_test =
    "1cc20000ffffffff"
    "28002800ffffffff"
    "02ffffffffffffff"
    "01ffffffffffffff"
    "ffffffffffffffff" +
    std::string(magic);
// The same slot after the revert.
const std::string reverted =
    "1cc20000ffffffff"
    "28002800ffffffff"
    "04ffffffffffffff"
    "01ffffffffffffff"
    "01ffffffffffffff" +
    std::string(magic);

TEST(Trailer, OnTest) {
  const auto trailer = trailer_of(on_test);
  EXPECT_EQ(trailer.magic, TrailerMagic::good);
  EXPECT_EQ(trailer.swap_type, SwapType::test);
  EXPECT_EQ(trailer.image_number, 0);
  EXPECT_EQ(trailer.copy_done, TrailerFlag::set);
  EXPECT_EQ(trailer.image_ok, TrailerFlag::unset);
  EXPECT_EQ(trailer.swap_size, 0xc21cU);
  EXPECT_EQ(trailer_of(on_test, 4, SwapAlgorithm::offset).swap_size, 0xc21cU);
  EXPECT_EQ(trailer_of(on_test, 4, SwapAlgorithm::scratch_or_move).swap_size, 0x00280028U);
}

TEST(Trailer, Reverted) {
  const auto trailer = trailer_of(reverted);
  EXPECT_EQ(trailer.swap_type, SwapType::revert);
  EXPECT_EQ(trailer.copy_done, TrailerFlag::set);
  EXPECT_EQ(trailer.image_ok, TrailerFlag::set);
}

TEST(Trailer, ErasedAndPending) {
  const auto erased = trailer_of("ff");
  EXPECT_EQ(erased.magic, TrailerMagic::unset);
  EXPECT_EQ(erased.swap_type, SwapType::none);
  EXPECT_EQ(erased.copy_done, TrailerFlag::unset);
  EXPECT_EQ(erased.image_ok, TrailerFlag::unset);
  EXPECT_FALSE(erased.swap_size);
  EXPECT_EQ(trailer_of(std::string(magic)).magic, TrailerMagic::good);
}

TEST(Trailer, BadBytes) {
  const auto trailer = trailer_of(
      "000010000000000025ffffffffffffff02ffffffffffffff00ffffffffffffff"
      "77c295f360d2ef7f3552500f2cb67981");
  EXPECT_EQ(trailer.magic, TrailerMagic::bad);
  EXPECT_EQ(trailer.copy_done, TrailerFlag::bad);
  EXPECT_EQ(trailer.image_ok, TrailerFlag::bad);
  EXPECT_EQ(trailer.swap_type, SwapType::none);  // type 5 is not one that is stored
  EXPECT_EQ(trailer.image_number, 0);
}

TEST(Trailer, ImageNumberIsTheUpperHalf) {
  const auto trailer =
      trailer_of("13ffffffffffffffffffffffffffffffffffffffffffffff" + std::string(magic));
  EXPECT_EQ(trailer.swap_type, SwapType::perm);
  EXPECT_EQ(trailer.image_number, 1);
}

TEST(Trailer, WiderAlignmentHasItsOwnMagic) {
  const std::string wide =
      "01ffffffffffffffffffffffffffffff"
      "10002de15d29410b8d77679c110f1f8a";
  const auto trailer = trailer_of(wide, 16);
  EXPECT_EQ(trailer.magic, TrailerMagic::good);
  EXPECT_EQ(trailer.image_ok, TrailerFlag::set);
  EXPECT_EQ(trailer_of(wide, 8).magic, TrailerMagic::bad);
}

TEST(Trailer, Refuses) {
  EXPECT_EQ(error_of(parse_trailer(Bytes(slot_size, 0xff), 3)),
            "write alignment 3 is not a power of two from 1 to 32");
  EXPECT_EQ(error_of(parse_trailer(Bytes(63, 0xff), 4)),
            "a slot of 63 bytes has no room for a trailer");
}

TEST(Trailer, NextSwapAsTheBootloaderDecides) {
  const auto erased = trailer_of("ff");
  const auto pending = trailer_of(std::string(magic));
  const auto permanent = trailer_of("01ffffffffffffff" + std::string(magic));
  EXPECT_EQ(next_swap(erased, erased), SwapType::none);
  EXPECT_EQ(next_swap(erased, pending), SwapType::test);
  EXPECT_EQ(next_swap(erased, permanent), SwapType::perm);
  EXPECT_EQ(next_swap(trailer_of(on_test), erased), SwapType::revert);
  EXPECT_EQ(next_swap(trailer_of(reverted), erased), SwapType::none);
  EXPECT_EQ(next_swap(trailer_of(on_test), pending), SwapType::test);
}

}  // namespace
}  // namespace assay::images
