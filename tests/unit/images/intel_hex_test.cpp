#include "image_builder.hpp"
#include "images/load.hpp"

namespace assay::images {
namespace {

using test::error_of;
using test::hex_record;
using test::must;

const std::string end_record = ":00000001FF\n";

Result<Segments> hex(const std::string& text, std::uint64_t limit = default_limit) {
  return parse_intel_hex(as_bytes(text), "base.hex", limit);
}

TEST(IntelHex, JoinsRecordsAndKeepsGaps) {
  const auto segments = must(hex(
      ":020000040000FA\n:0400000001020304F2\n:0400040005060708DE\r\n:01001000AA45\n" + end_record));
  ASSERT_EQ(segments.all.size(), 2U);
  EXPECT_EQ(segments.all[0].address, 0U);
  EXPECT_EQ(segments.all[0].bytes, (Bytes{1, 2, 3, 4, 5, 6, 7, 8}));
  EXPECT_EQ(segments.all[1].address, 0x10U);
  EXPECT_EQ(segments.lowest(), 0U);
  EXPECT_EQ(segments.end(), 0x11U);
  EXPECT_EQ(segments.size(), 9U);
}

TEST(IntelHex, SegmentAndLinearAddresses) {
  const Bytes one = {0x11};
  const auto segments =
      must(hex(hex_record(2, 0, Bytes{0x12, 0x34}) + hex_record(0, 8, one) +
               hex_record(4, 0, Bytes{0x08, 0x00}) + hex_record(0, 4, one) +
               hex_record(3, 0, Bytes(4, 0)) + hex_record(5, 0, Bytes(4, 0)) + end_record));
  ASSERT_EQ(segments.all.size(), 2U);
  EXPECT_EQ(segments.all[0].address, 0x12348U);
  EXPECT_EQ(segments.all[1].address, 0x08000004U);
}

TEST(IntelHex, RecordsInAnyOrder) {
  const auto segments = must(
      hex(hex_record(0, 4, Bytes{3, 4}) + "\n  \n" + hex_record(0, 2, Bytes{1, 2}) + end_record));
  ASSERT_EQ(segments.all.size(), 1U);
  EXPECT_EQ(segments.all[0].address, 2U);
  EXPECT_EQ(segments.all[0].bytes, (Bytes{1, 2, 3, 4}));
}

TEST(IntelHex, ErrorsNameTheLine) {
  const std::string good = hex_record(0, 0, Bytes{1, 2});
  EXPECT_EQ(error_of(hex(good + ":0100100001ED\n" + end_record)),
            "base.hex:2: checksum is 0xed, computed 0xee: the file is damaged");
  EXPECT_EQ(error_of(hex(good + ":0100100\n")), "base.hex:2: an odd number of hexadecimal digits");
  EXPECT_EQ(error_of(hex(good + ":01001000zzEE\n")), "base.hex:2: 'zz' is not a hexadecimal byte");
  EXPECT_EQ(error_of(hex(good + ":0200100001ED\n")),
            "base.hex:2: the record announces 2 data bytes and has 1");
  EXPECT_EQ(error_of(hex(good + ":0200\n")), "base.hex:2: the record is cut short");
  EXPECT_EQ(error_of(hex("\n" + good + "S00F\n")),
            "base.hex:3: a record starts with ':', this is not an Intel HEX line");
  EXPECT_EQ(error_of(hex(hex_record(6, 0, {}))),
            "base.hex:1: record type 06 is unknown, the format has 00 to 05");
  EXPECT_EQ(error_of(hex(hex_record(4, 0, Bytes{1}))),
            "base.hex:1: a record of type 04 has 2 data bytes, not 1");
  EXPECT_EQ(error_of(hex(":" + std::string(1000, '0') + "\n")),
            "base.hex:1: the line is longer than any record");
}

TEST(IntelHex, CutShort) {
  const std::string good = hex_record(0, 0, Bytes{1, 2});
  EXPECT_EQ(error_of(hex(good)),
            "base.hex:1: the end-of-file record (:00000001FF) is missing: the file is cut short");
  EXPECT_EQ(error_of(hex(end_record)), "base.hex:1: the file holds no data records");
  EXPECT_EQ(error_of(hex(good + end_record + good)),
            "base.hex:3: a record after the end-of-file record");
  EXPECT_EQ(error_of(hex("")),
            "base.hex:1: the end-of-file record (:00000001FF) is missing: the file is cut short");
}

TEST(IntelHex, BytesGivenTwice) {
  EXPECT_EQ(error_of(hex(hex_record(0, 0, Bytes(16, 1)) + hex_record(0, 0x20, Bytes(16, 2)) +
                         hex_record(0, 0x0f, Bytes(2, 3)) + end_record)),
            "base.hex:3: address 0x0000000f was already given by line 1");
}

TEST(IntelHex, StaysInItsAddressSpace) {
  EXPECT_EQ(error_of(hex(hex_record(4, 0, Bytes{0xff, 0xff}) + hex_record(0, 0xffff, Bytes{1, 2}) +
                         end_record)),
            "base.hex:2: the record runs past the address 0xffffffff");
  EXPECT_EQ(error_of(hex(hex_record(2, 0, Bytes{0, 0}) + hex_record(0, 0xffff, Bytes{1, 2}) +
                         end_record)),
            "base.hex:2: the record runs past the end of its 64 KiB segment");
}

TEST(IntelHex, Limit) {
  EXPECT_EQ(error_of(hex(hex_record(0, 0, Bytes(16, 1)) + end_record, 15), Cause::exhausted),
            "base.hex:1: more than 15 bytes of data");
}

}  // namespace
}  // namespace assay::images
