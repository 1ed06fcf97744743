#include "images/describe.hpp"

#include "image_builder.hpp"

namespace assay::images {
namespace {

using test::error_of;
using test::ImageBuilder;
using test::must;

std::string hash_of(const Bytes& bytes) {
  return to_hex(sha256(bytes));
}

TEST(Describe, AnImageWithEveryKindOfLine) {
  ImageBuilder builder;
  builder.version = {1, 2, 3, 45};
  builder.flags = 0x20;
  builder.load_address = 0x20000000;
  builder.protected_tlvs = {
      {0x50, {7, 0, 0, 0}}, {0x40, {1, 0, 0, 0, 1, 2, 3, 0, 4, 0, 0, 0}}, {0x00a1, {0x12, 0x34}}};
  builder.tlvs = {{tlv::key_hash, Bytes(32, 0xab)}, {tlv::ecdsa_sig, Bytes(71, 0xcd)}};
  const Bytes bytes = builder.build();
  const auto image = must(parse_mcuboot(bytes));
  const std::string hash = to_hex(image.stored_hash);
  EXPECT_EQ(describe_text(must(describe(bytes, "v1.bin"))),
            "v1.bin: raw binary, " + std::to_string(bytes.size()) + " bytes, SHA-256 " +
                hash_of(bytes) +
                "\n"
                "\n"
                "MCUboot image 1.2.3+45 at 0x00000000\n"
                "  version       1.2.3+45\n"
                "  header        32 bytes, load address 0x20000000, flags RAM_LOAD\n"
                "  payload       100 bytes from 0x20 to 0x84\n"
                "  image         317 bytes with its TLVs\n"
                "  hash          SHA256 verified\n"
                "    stored      " +
                hash +
                "\n"
                "    computed    " +
                hash +
                "\n"
                "  signature     ECDSA_SIG\n"
                "  key hash      " +
                to_hex(Bytes(32, 0xab)) +
                "\n"
                "  protected TLV 0x00008c  SEC_CNT             4 bytes  07000000  (counter 7)\n"
                "  protected TLV 0x000094  DEPENDENCY         12 bytes  010000000102030004000000  "
                "(image 1 at least 1.2.3+4)\n"
                "  protected TLV 0x0000a4  vendor 0x00a1       2 bytes  1234\n"
                "  TLV           0x0000ae  SHA256             32 bytes  " +
                hash +
                "\n"
                "  TLV           0x0000d2  KEYHASH            32 bytes  " +
                to_hex(Bytes(32, 0xab)) +
                "\n"
                "  TLV           0x0000f6  ECDSA_SIG          71 bytes  " +
                to_hex(Bytes(32, 0xcd)) + "...\n");
}

TEST(Describe, SaysThatTheHashDoesNotMatch) {
  Bytes bytes = ImageBuilder{}.build();
  bytes[0x20] ^= 1;
  const std::string text = describe_text(must(describe(bytes, "bad.bin")));
  const auto image = must(parse_mcuboot(bytes));
  EXPECT_NE(text.find("  hash          SHA256 does not match: MCUboot refuses this image\n"
                      "    stored      " +
                      to_hex(image.stored_hash) +
                      "\n"
                      "    computed    " +
                      to_hex(image.computed_hash) +
                      "\n"
                      "  signature     none: only the hash protects it\n"),
            std::string::npos)
      << text;
}

TEST(Describe, ATruncatedImageShowsItsHeader) {
  Bytes bytes = ImageBuilder{}.build();
  bytes.resize(100);
  EXPECT_EQ(
      describe_text(must(describe(bytes, "cut.bin"))),
      "cut.bin: raw binary, 100 bytes, SHA-256 " + hash_of(bytes) +
          "\n\n"
          "at 0x00000000: the header announces 100 bytes of payload up to byte 0x84, the data "
          "ends at byte 0x64: it is truncated\n"
          "  version       1.2.3\n"
          "  header        32 bytes, load address 0x00000000, flags none\n");
}

TEST(Describe, ASlotFileShowsItsTrailer) {
  const Bytes trailer = must(from_hex("01ffffffffffffff77c295f360d2ef7f3552500f2cb67980"));
  const auto description =
      must(describe(test::slot_of(ImageBuilder{}.build(), 4096, trailer), "slot.bin"));
  ASSERT_EQ(description.images.size(), 1U);
  ASSERT_TRUE(description.images[0].trailer);
  EXPECT_EQ(description.images[0].trailer->image_ok, TrailerFlag::set);
  EXPECT_NE(
      describe_text(description)
          .find("  trailer       magic good, swap type none, copy_done unset, image_ok set\n"),
      std::string::npos);
  // A file that ends with its image has none.
  EXPECT_FALSE(must(describe(ImageBuilder{}.build(), "v1.bin")).images[0].trailer);
}

TEST(Describe, FindsTheTrailersAlignment) {
  const Bytes trailer = must(from_hex("10002de15d29410b8d77679c110f1f8a"));
  const Bytes slot = test::slot_of(ImageBuilder{}.build(), 4096, trailer);
  EXPECT_EQ(must(describe(slot, "slot.bin")).images[0].trailer->magic, TrailerMagic::good);
  DescribeOptions options;
  options.write_alignment = 8;
  EXPECT_EQ(must(describe(slot, "slot.bin", options)).images[0].trailer->magic, TrailerMagic::bad);
}

TEST(Describe, AWholeChipWithSlots) {
  const Bytes image = ImageBuilder{}.build();
  Segments chip;
  chip.all = {{0, Bytes(64, 1)}, {0x8000, image}, {0x22400, image}};
  const std::string hex = test::intel_hex(chip);
  DescribeOptions options;
  options.slots = {{"slot 0", 0x8000, 0x1a000},
                   {"slot 1", 0x22000, 0x1a000},
                   {"slot 2", 0x40000, 0x1000},
                   {"slot 3", 0, 0x1000}};
  const auto description = must(describe(as_bytes(hex), "base.hex", options));
  EXPECT_EQ(description.container, Container::intel_hex);
  ASSERT_EQ(description.images.size(), 4U);
  EXPECT_EQ(description.images[0].address, 0x8000U);
  EXPECT_EQ(description.images[1].address, 0x22400U);  // swap using offset: one page in
  EXPECT_TRUE(description.images[1].image);
  EXPECT_EQ(description.images[2].problem, "erased");
  EXPECT_EQ(description.images[3].problem, "no MCUboot header in it");
  const std::string text = describe_text(description);
  EXPECT_NE(text.find("  fills         0x00008000 to 0x000080ac (172 bytes)\n"), std::string::npos);
  EXPECT_NE(text.find("\nslot 0: MCUboot image 1.2.3 at 0x00008000\n"), std::string::npos) << text;
  EXPECT_NE(text.find("\nslot 2: at 0x00040000: erased\n"), std::string::npos) << text;
}

TEST(Describe, SearchesAChipWithoutSlots) {
  const Bytes image = ImageBuilder{}.build();
  Segments chip;
  chip.all = {{0x80, Bytes(64, 1)}, {0x8000, image}, {0x22400, image}};
  auto found = must(describe(as_bytes(test::intel_hex(chip)), "base.hex")).images;
  ASSERT_EQ(found.size(), 2U);
  EXPECT_EQ(found[0].address, 0x8000U);
  EXPECT_EQ(found[1].address, 0x22400U);
  found = must(describe(test::elf(chip.all), "zephyr.elf")).images;
  EXPECT_EQ(found.size(), 2U);
  found = must(describe(must(chip.flatten(0, 0x40000)), "base.bin")).images;
  ASSERT_EQ(found.size(), 2U);
  EXPECT_EQ(found[1].address, 0x22400U);
}

TEST(Describe, WhatIsNotAnImage) {
  const Bytes program = test::elf({{0, Bytes(64, 1)}});
  EXPECT_EQ(error_of(describe(program, "x.bin")),
            "x.bin: not an MCUboot image: the first four bytes are 7f 45 4c 46 (an ELF file), "
            "expected 3d b8 f3 96; give the signed .bin");
  EXPECT_EQ(error_of(describe({}, "x.bin")), "x.bin: the file is empty");
  EXPECT_EQ(error_of(describe(as_bytes("hi"), "x.bin")),
            "x.bin: not an MCUboot image: 2 bytes in all, a header takes 32");
  Segments bare;
  bare.all = {{0, Bytes(64, 1)}};
  EXPECT_EQ(error_of(describe(as_bytes(test::intel_hex(bare)), "boot.hex")),
            "boot.hex: an Intel HEX file without an MCUboot image in it; give the signed .hex or "
            ".bin");
  EXPECT_EQ(error_of(describe(as_bytes(":0100000001FF\n"), "bad.hex")),
            "bad.hex:1: checksum is 0xff, computed 0xfe: the file is damaged");
}

}  // namespace
}  // namespace assay::images
