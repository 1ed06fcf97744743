#include "images/mcuboot.hpp"

#include <gmock/gmock.h>

#include "image_builder.hpp"

namespace assay::images {
namespace {

using test::error_of;
using test::ImageBuilder;
using test::must;

TEST(Mcuboot, HeaderPayloadAndHash) {
  ImageBuilder builder;
  builder.header_size = 0x200;
  builder.load_address = 0x20000000;
  builder.flags = 0x20;
  builder.version = {1, 2, 3, 45};
  const Bytes bytes = builder.build();
  const auto image = must(parse_mcuboot(bytes));
  EXPECT_EQ(image.header.load_address, 0x20000000U);
  EXPECT_EQ(to_string(image.header.version), "1.2.3+45");
  EXPECT_EQ(image.payload.offset, 0x200U);
  EXPECT_EQ(image.payload.size, 100U);
  EXPECT_EQ(image.size, bytes.size());
  EXPECT_EQ(image.protected_tlvs.size, 0U);
  ASSERT_EQ(image.entries.size(), 1U);
  EXPECT_EQ(image.entries[0].offset, 0x200U + 100 + 8);
  EXPECT_EQ(image.hash_state, HashState::verified);
  const Sha256 expected = sha256(ByteView(bytes).first(0x200 + 100));
  EXPECT_EQ(image.stored_hash, Bytes(expected.begin(), expected.end()));
  EXPECT_EQ(image.computed_hash, image.stored_hash);
}

TEST(Mcuboot, BytesAfterTheImageDoNotMatter) {
  Bytes bytes = ImageBuilder{}.build();
  const std::size_t size = bytes.size();
  bytes.resize(size + 1000, 0xff);
  const auto image = must(parse_mcuboot(bytes));
  EXPECT_EQ(image.size, size);
  EXPECT_EQ(image.hash_state, HashState::verified);
}

TEST(Mcuboot, ProtectedTlvsAreHashedAndListedFirst) {
  ImageBuilder builder;
  builder.protected_tlvs = {{0x50, {7, 0, 0, 0}}, {0x00a1, {0x12, 0x34}}};
  builder.tlvs = {{tlv::key_hash, Bytes(32, 9)}, {tlv::ecdsa_sig, Bytes(70, 8)}};
  Bytes bytes = builder.build();
  auto image = must(parse_mcuboot(bytes));
  ASSERT_EQ(image.entries.size(), 5U);
  EXPECT_TRUE(image.entries[0].is_protected);
  EXPECT_TRUE(image.entries[1].is_protected);
  EXPECT_FALSE(image.entries[2].is_protected);
  EXPECT_EQ(image.protected_tlvs.size, 4U + 4 + 4 + 4 + 2);
  EXPECT_EQ(image.hash_state, HashState::verified);
  ASSERT_NE(image.find(tlv::key_hash), nullptr);
  EXPECT_EQ(image.find(tlv::key_hash)->value, Bytes(32, 9));
  EXPECT_EQ(image.find(tlv::public_key), nullptr);

  bytes[image.entries[0].offset] = 6;  // the security counter
  image = must(parse_mcuboot(bytes));
  EXPECT_EQ(image.hash_state, HashState::mismatch);
}

TEST(Mcuboot, EveryHash) {
  for (const std::uint16_t type : {tlv::sha256, tlv::sha384, tlv::sha512}) {
    ImageBuilder builder;
    builder.hash_type = type;
    const auto image = must(parse_mcuboot(builder.build()));
    EXPECT_EQ(image.hash_state, HashState::verified) << tlv::name(type);
    EXPECT_EQ(image.hash_type, type);
  }
  ImageBuilder none;
  none.hash_type = 0;
  none.tlvs = {{tlv::sig_pure, {1}}};
  const auto image = must(parse_mcuboot(none.build()));
  EXPECT_EQ(image.hash_state, HashState::missing);
  EXPECT_TRUE(image.stored_hash.empty());
}

TEST(Mcuboot, EncryptedPayloadIsNotCalledDamaged) {
  ImageBuilder builder;
  builder.flags = 0x4;
  Bytes bytes = builder.build();
  EXPECT_EQ(must(parse_mcuboot(bytes)).hash_state, HashState::verified);  // decrypted in its slot
  bytes[0x20] ^= 1;
  const auto image = must(parse_mcuboot(bytes));
  EXPECT_EQ(image.hash_state, HashState::encrypted);
  EXPECT_TRUE(image.computed_hash.empty());
}

TEST(Mcuboot, Names) {
  EXPECT_EQ(tlv::name(0x01), "KEYHASH");
  EXPECT_EQ(tlv::name(0x22), "ECDSA_SIG");
  EXPECT_EQ(tlv::name(0x34), "ENC_X25519_SHA512");
  EXPECT_EQ(tlv::name(0x60), "BOOT_RECORD");
  EXPECT_EQ(tlv::name(0x90), "unknown 0x0090");
  EXPECT_EQ(tlv::name(0x01a0), "vendor 0x01a0");
  EXPECT_EQ(tlv::name(0xffff), "unknown 0xffff");
  EXPECT_THAT(flag_names(0x80000024),
              testing::ElementsAre("ENCRYPTED_AES128", "RAM_LOAD", "0x80000000"));
  EXPECT_THAT(flag_names(0), testing::IsEmpty());
  EXPECT_EQ(to_string(McubootVersion{1, 0, 0, 0}), "1.0.0");
}

std::string not_an_image(Bytes bytes) {
  bytes.resize(64, 0);
  return error_of(parse_mcuboot(bytes));
}

TEST(Mcuboot, SaysWhatTheFileIsInstead) {
  EXPECT_EQ(not_an_image({0x7f, 'E', 'L', 'F'}),
            "not an MCUboot image: the first four bytes are 7f 45 4c 46 (an ELF file), expected 3d "
            "b8 f3 96; give the signed .bin");
  EXPECT_EQ(not_an_image({0x60, 0x2a, 0x00, 0x20, 0xf1, 0x1a, 0x00, 0x00}),
            "not an MCUboot image: the first four bytes are 60 2a 00 20 (a vector table: a program "
            "that is not signed), expected 3d b8 f3 96; give the signed .bin");
  EXPECT_EQ(
      not_an_image({0xff, 0xff, 0xff, 0xff}),
      "not an MCUboot image: the first four bytes are ff ff ff ff (erased flash), expected 3d "
      "b8 f3 96; give the signed .bin");
  EXPECT_EQ(
      not_an_image({1, 2, 3, 4}),
      "not an MCUboot image: the first four bytes are 01 02 03 04, expected 3d b8 f3 96; give "
      "the signed .bin");
  EXPECT_EQ(error_of(parse_mcuboot(Bytes{1, 2})),
            "not an MCUboot image: 2 bytes in all, a header takes 32");
}

TEST(Mcuboot, ErrorsNameTheByte) {
  ImageBuilder builder;
  builder.protected_tlvs = {{0x50, {7, 0, 0, 0}}};
  const Bytes good = builder.build();  // payload to 0x84, protected to 0x90, TLVs to 0xb8
  const auto first = [&](std::size_t size) {
    return error_of(parse_mcuboot(ByteView(good).first(size)));
  };
  EXPECT_EQ(first(31), "the MCUboot header takes 32 bytes, the file has 31: it is truncated");
  EXPECT_EQ(
      first(0x83),
      "the header announces 100 bytes of payload up to byte 0x84, the data ends at byte 0x83: "
      "it is truncated");
  EXPECT_EQ(first(0x86),
            "the TLVs begin at byte 0x84, the data ends at byte 0x86: it is truncated");
  EXPECT_EQ(first(0x8f), "the TLVs end at byte 0x90, the data ends at byte 0x8f: it is truncated");
  EXPECT_EQ(first(0xb7), "the TLVs end at byte 0xb8, the data ends at byte 0xb7: it is truncated");

  const auto with = [&](std::size_t at, std::uint8_t value) {
    Bytes bad = good;
    bad[at] = value;
    return error_of(parse_mcuboot(bad));
  };
  EXPECT_EQ(with(8, 16), "at byte 0x8: a header of 16 bytes, at least 32 expected");
  EXPECT_EQ(with(0x84, 0), "at byte 0x84: TLV magic is 0x6900, expected 0x6908");
  EXPECT_EQ(with(0x90, 0), "at byte 0x90: TLV magic is 0x6900, expected 0x6907");
  EXPECT_EQ(with(10, 13), "at byte 0x86: 12 bytes of protected TLVs, the header announces 13");
  EXPECT_EQ(with(0x92, 3), "at byte 0x92: a TLV area of 3 bytes, at least 4 expected");
  EXPECT_EQ(with(0x8a, 5),
            "at byte 0x88: TLV SEC_CNT announces 5 bytes, 4 are left of the TLV area");
  EXPECT_EQ(with(0x92, 0x27),
            "at byte 0x94: TLV SHA256 announces 32 bytes, 31 are left of the TLV area");
  EXPECT_EQ(with(0x92, 6), "at byte 0x94: 2 bytes are left of the TLV area, a TLV takes 4");
}

}  // namespace
}  // namespace assay::images
