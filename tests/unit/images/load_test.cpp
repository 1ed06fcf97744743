#include "images/load.hpp"

#include "base/file.hpp"
#include "image_builder.hpp"

namespace assay::images {
namespace {

using test::error_of;
using test::must;

void put32(Bytes& bytes, std::size_t at, std::uint32_t value) {
  for (unsigned i = 0; i < 4; ++i) bytes[at + i] = static_cast<std::uint8_t>(value >> (8 * i));
}

TEST(Elf, LoadsAtPhysicalAddresses) {
  const Bytes file = test::elf({{0x8000, {1, 2, 3}}, {0x100, {4}}});
  const auto segments = must(parse_elf(file, "zephyr.elf"));
  ASSERT_EQ(segments.all.size(), 2U);
  EXPECT_EQ(segments.all[0].address, 0x100U);
  EXPECT_EQ(segments.all[1].address, 0x8000U);
  EXPECT_EQ(segments.all[1].bytes, (Bytes{1, 2, 3}));
}

TEST(Elf, ErrorsNameTheByte) {
  const Bytes good = test::elf({{0x8000, Bytes(16, 1)}});
  EXPECT_EQ(error_of(parse_elf(ByteView(good).first(40), "a.elf")),
            "a.elf: byte 0x28: the file ends within the ELF header, which takes 52 bytes");
  Bytes bad = good;
  bad[0] = 'x';
  EXPECT_EQ(error_of(parse_elf(bad, "a.elf")),
            "a.elf: byte 0x0: not an ELF file: it starts with 78454c46");
  bad = good;
  bad[4] = 2;
  EXPECT_EQ(error_of(parse_elf(bad, "a.elf")), "a.elf: byte 0x4: not a 32-bit ELF file (class 1)");
  bad = good;
  bad[5] = 2;
  EXPECT_EQ(error_of(parse_elf(bad, "a.elf")),
            "a.elf: byte 0x5: not a little-endian ELF file (data encoding 1)");
  bad = good;
  put32(bad, 28, 0xfffffff0);
  EXPECT_EQ(error_of(parse_elf(bad, "a.elf")),
            "a.elf: byte 0x1c: 1 program headers at 0xfffffff0 run past the end of the file");
  EXPECT_EQ(
      error_of(parse_elf(ByteView(good).first(good.size() - 1), "a.elf")),
      "a.elf: byte 0x34: program header 0 takes bytes 0x54 to 0x63, the file has 99 bytes: it "
      "is truncated");
  bad = good;
  put32(bad, 52 + 12, 0xfffffff8);
  EXPECT_EQ(error_of(parse_elf(bad, "a.elf")),
            "a.elf: byte 0x34: program header 0 runs past the address 0xffffffff");
  bad = good;
  put32(bad, 52, 2);
  EXPECT_EQ(error_of(parse_elf(bad, "a.elf")),
            "a.elf: byte 0x34: no program header of type LOAD holds bytes");
  EXPECT_EQ(error_of(parse_elf(test::elf({}), "a.o")),
            "a.o: byte 0x2c: no program headers: an object file must be linked before it can be "
            "flashed");
}

TEST(Elf, OverlapAndLimit) {
  EXPECT_EQ(error_of(parse_elf(test::elf({{0, Bytes(8, 1)}, {7, {1}}}), "a.elf")),
            "a.elf: byte 0x34: address 0x7 is given twice by the program headers");
  EXPECT_EQ(error_of(parse_elf(test::elf({{0, Bytes(8, 1)}}), "a.elf", 7), Cause::exhausted),
            "a.elf: byte 0x34: more than 7 bytes to load");
}

TEST(Load, DetectsTheContainer) {
  const Bytes elf_file = test::elf({{0, {1}}});
  EXPECT_EQ(detect(elf_file, "x.bin"), Container::elf);
  EXPECT_EQ(detect(as_bytes(":00000001FF\n"), "x.bin"), Container::intel_hex);
  EXPECT_EQ(detect(as_bytes("damaged"), "dir/Base.HEX"), Container::intel_hex);
  EXPECT_EQ(detect(as_bytes("damaged"), "zephyr.elf"), Container::elf);
  EXPECT_EQ(detect(as_bytes(":not a record"), "x.bin"), Container::raw);
}

TEST(Load, RawLiesAtItsBase) {
  const auto folder = must(TempFolder::make("assay-images"));
  const auto path = folder.path() / "v1.bin";
  ASSERT_TRUE(write_file(path, Bytes{1, 2}));
  const auto segments = must(load(path, 0x8000));
  ASSERT_EQ(segments.all.size(), 1U);
  EXPECT_EQ(segments.all[0].address, 0x8000U);
  EXPECT_EQ(segments.all[0].bytes, (Bytes{1, 2}));
  EXPECT_EQ(error_of(parse(Bytes(9, 1), "x.bin", 0, 8), Cause::exhausted),
            "x.bin: 9 bytes, at most 8 are read");
  EXPECT_FALSE(load(path, 0, 1));
  EXPECT_EQ(error_of(load(folder.path() / "absent.bin", 0), Cause::not_found).substr(0, 1), "/");
}

TEST(Load, ErrorsNameTheFile) {
  const auto folder = must(TempFolder::make("assay-images"));
  const auto path = folder.path() / "base.hex";
  ASSERT_TRUE(write_file(path, as_bytes(":0100000001FF\n")));
  EXPECT_EQ(error_of(load(path, 0)),
            path.string() + ":1: checksum is 0xff, computed 0xfe: the file is damaged");
  EXPECT_EQ(error_of(parse({}, "x.bin", 0)), "x.bin: the file is empty");
}

TEST(Segments, Flatten) {
  Segments segments;
  segments.all = {{0x10, {1, 2}}, {0x14, {3}}};
  EXPECT_EQ(must(segments.flatten(0x0f, 7)), (Bytes{0xff, 1, 2, 0xff, 0xff, 3, 0xff}));
  EXPECT_EQ(must(segments.flatten(0x10, 5, 0)), (Bytes{1, 2, 0, 0, 3}));
  EXPECT_EQ(error_of(segments.flatten(0x10, 4)),
            "bytes for addresses 0x14 to 0x14 lie outside the 4 bytes from 0x10 on");
  EXPECT_EQ(error_of(segments.flatten(0x11, 8)),
            "bytes for addresses 0x10 to 0x11 lie outside the 8 bytes from 0x11 on");
}

TEST(Segments, ArrangeSortsAndJoins) {
  const auto segments = must(arrange({{4, {3}}, {9, {}}, {2, {1, 2}}}));
  ASSERT_EQ(segments.all.size(), 1U);
  EXPECT_EQ(segments.all[0].address, 2U);
  EXPECT_EQ(segments.all[0].bytes, (Bytes{1, 2, 3}));
  EXPECT_EQ(error_of(arrange({{4, {3}}, {3, {1, 2}}})), "address 0x4 is given twice");
}

}  // namespace
}  // namespace assay::images
