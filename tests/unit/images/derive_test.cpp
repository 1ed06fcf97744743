#include "images/derive.hpp"

#include <gmock/gmock.h>
#include <openssl/evp.h>
#include <openssl/x509.h>

#include <memory>

#include "image_builder.hpp"

namespace assay::images {
namespace {

using test::error_of;
using test::ImageBuilder;
using test::must;

using Kind = Derivation::Kind;
using Region = Derivation::Region;

// Where two equally long files differ, as {offset, difference}.
std::vector<std::pair<std::size_t, int>> differences(ByteView a, ByteView b) {
  std::vector<std::pair<std::size_t, int>> result;
  EXPECT_EQ(a.size(), b.size());
  for (std::size_t i = 0; i < std::min(a.size(), b.size()); ++i) {
    if (a[i] != b[i]) result.emplace_back(i, a[i] ^ b[i]);
  }
  return result;
}
using At = std::vector<std::pair<std::size_t, int>>;

bool signature_fits(ByteView public_key, ByteView message, ByteView signature) {
  const unsigned char* der = public_key.data();
  const std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)> key(
      d2i_PUBKEY(nullptr, &der, static_cast<long>(public_key.size())), EVP_PKEY_free);
  const std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context(EVP_MD_CTX_new(),
                                                                        EVP_MD_CTX_free);
  return key &&
         EVP_DigestVerifyInit(context.get(), nullptr, EVP_sha256(), nullptr, key.get()) == 1 &&
         EVP_DigestVerify(context.get(), signature.data(), signature.size(), message.data(),
                          message.size()) == 1;
}

TEST(Flip, OneBitInTheMiddleOfEachRegion) {
  const Bytes image = ImageBuilder{}.build();  // payload 0x20 to 0x84, TLVs to 0xac
  EXPECT_EQ(differences(image, must(derive(image, {}))), (At{{0x20 + 50, 1}}));
  EXPECT_EQ(differences(image, must(derive(image, {.region = Region::header, .bit = 7}))),
            (At{{20, 0x80}}));
  EXPECT_EQ(differences(image, must(derive(image, {.region = Region::tlv}))), (At{{0x84 + 20, 1}}));
  EXPECT_EQ(differences(image, must(derive(image, {.offset = 99, .bit = 3}))), (At{{0x83, 8}}));
}

TEST(Flip, BreaksTheHashAndNothingElse) {
  const Bytes flipped = must(derive(ImageBuilder{}.build(), {}));
  const auto image = must(parse_mcuboot(flipped));
  EXPECT_EQ(image.hash_state, HashState::mismatch);
}

TEST(Flip, ArbitraryBytesAreAllPayload) {
  const Bytes bytes(10, 0);
  EXPECT_EQ(differences(bytes, must(derive(bytes, {}))), (At{{5, 1}}));
  EXPECT_EQ(differences(bytes, must(derive(bytes, {.offset = 9}))), (At{{9, 1}}));
}

TEST(Flip, Refuses) {
  const Bytes image = ImageBuilder{}.build();
  EXPECT_EQ(error_of(derive(image, {.offset = 100})),
            "offset 100 lies outside the payload of 100 bytes");
  EXPECT_EQ(error_of(derive(image, {.region = Region::tlv, .offset = 40})),
            "offset 40 lies outside the TLV area of 40 bytes");
  EXPECT_EQ(error_of(derive(image, {.bit = 8})), "bit 8: a byte has bits 0 to 7");
  EXPECT_EQ(error_of(derive(Bytes{}, {})), "offset 0 lies outside the file of 0 bytes");
  EXPECT_EQ(
      error_of(derive(Bytes{1, 2, 3, 4, 5}, {.region = Region::header})),
      "not an MCUboot image: the first four bytes are 01 02 03 04, expected 3d b8 f3 96; give "
      "the signed .bin");
  EXPECT_EQ(error_of(derive(as_bytes(":0100000001FE\n:00000001FF\n"), {})),
            "a flipped bit in an Intel HEX file only breaks its checksum; flip one in the signed "
            ".bin");
}

TEST(Truncate, KeepsWhatItSays) {
  const Bytes bytes = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9};
  EXPECT_EQ(must(derive(bytes, {.kind = Kind::truncate})), (Bytes{0, 1, 2, 3, 4}));
  EXPECT_EQ(must(derive(bytes, {.kind = Kind::truncate, .keep_bytes = 3})), (Bytes{0, 1, 2}));
  EXPECT_EQ(must(derive(bytes, {.kind = Kind::truncate, .keep_bytes = 0})), Bytes{});
  EXPECT_EQ(must(derive(bytes, {.kind = Kind::truncate, .keep_percent = 99})).size(), 9U);
  EXPECT_EQ(must(derive(Bytes(12345, 0), {.kind = Kind::truncate, .keep_percent = 33})).size(),
            4073U);
  EXPECT_EQ(error_of(derive(bytes, {.kind = Kind::truncate, .keep_bytes = 10})),
            "truncate to 10 bytes: the file has only 10");
  EXPECT_EQ(error_of(derive(bytes, {.kind = Kind::truncate, .keep_percent = 100})),
            "100 percent: truncate keeps 0 to 99 percent");
  EXPECT_EQ(error_of(derive(bytes, {.kind = Kind::truncate, .keep_bytes = 1, .keep_percent = 1})),
            "truncate takes a number of bytes or a percentage, not both");
}

void expect_well_signed(const ForeignImage& foreign) {
  const auto image = must(parse_mcuboot(foreign.image));
  EXPECT_EQ(image.hash_state, HashState::verified);
  EXPECT_EQ(image.hash_type, tlv::sha256);
  const McubootTlv* key_hash = image.find(tlv::key_hash);
  const McubootTlv* signature = image.find(tlv::ecdsa_sig);
  ASSERT_TRUE(key_hash && signature);
  const Sha256 expected = sha256(foreign.public_key);
  EXPECT_EQ(key_hash->value, Bytes(expected.begin(), expected.end()));
  const ByteView message = ByteView(foreign.image).first(image.tlvs.offset);
  EXPECT_TRUE(signature_fits(foreign.public_key, message, signature->value));
}

TEST(ForeignKey, ReplacesHashKeyAndSignature) {
  ImageBuilder builder;
  builder.hash_type = tlv::sha512;
  builder.protected_tlvs = {{0x50, {7, 0, 0, 0}}};
  builder.tlvs = {
      {tlv::public_key, Bytes(91, 1)}, {tlv::rsa2048_pss, Bytes(256, 2)}, {0x00a1, {3}}};
  const Bytes original = builder.build();
  const ForeignImage foreign = must(sign_with_fresh_key(original));
  expect_well_signed(foreign);
  const auto image = must(parse_mcuboot(foreign.image));
  EXPECT_EQ(image.find(tlv::rsa2048_pss), nullptr);
  EXPECT_EQ(image.find(tlv::public_key), nullptr);
  EXPECT_EQ(image.find(tlv::sha512), nullptr);
  ASSERT_NE(image.find(0x00a1), nullptr);
  ASSERT_NE(image.find(0x50), nullptr);
  EXPECT_EQ(image.size, foreign.image.size());
  // The program and its protected TLVs are the very same.
  EXPECT_TRUE(std::equal(original.begin(),
                         original.begin() + static_cast<std::ptrdiff_t>(image.tlvs.offset),
                         foreign.image.begin()));
}

TEST(ForeignKey, SignsAnUnsignedImageWithAFreshKeyEachTime) {
  const Bytes original = ImageBuilder{}.build();
  const ForeignImage first = must(sign_with_fresh_key(original));
  const ForeignImage second = must(sign_with_fresh_key(original));
  expect_well_signed(first);
  EXPECT_NE(first.public_key, second.public_key);
  const Bytes derived = must(derive(original, {.kind = Kind::foreign_key}));
  EXPECT_NE(must(parse_mcuboot(derived)).find(tlv::ecdsa_sig), nullptr);
}

TEST(ForeignKey, KeepsASlotsTrailerInPlace) {
  const Bytes trailer = must(from_hex("77c295f360d2ef7f3552500f2cb67980"));
  ImageBuilder builder;
  for (const std::size_t old_signature : {std::size_t{0}, std::size_t{256}}) {  // grows, shrinks
    builder.tlvs = {{tlv::rsa2048_pss, Bytes(old_signature, 2)}};
    const Bytes slot = test::slot_of(builder.build(), 1024, trailer);
    const ForeignImage foreign = must(sign_with_fresh_key(slot));
    expect_well_signed(foreign);
    ASSERT_EQ(foreign.image.size(), slot.size());
    EXPECT_EQ(must(parse_trailer(foreign.image, 4)).magic, TrailerMagic::good);
    const auto image = must(parse_mcuboot(foreign.image));
    for (std::size_t i = image.size; i < 1024 - 16; ++i) ASSERT_EQ(foreign.image[i], 0xff) << i;
  }
}

TEST(ForeignKey, Refuses) {
  Bytes crowded = ImageBuilder{}.build();
  crowded.resize(crowded.size() + 100, 0);
  // An ECDSA signature takes 68 to 72 bytes.
  EXPECT_THAT(
      error_of(sign_with_fresh_key(crowded)),
      testing::MatchesRegex("the new signature needs 1[01][0-9] bytes more after byte 0xac, "
                            "which are not erased"));
  ImageBuilder builder;
  builder.flags = 0x4;
  Bytes encrypted = builder.build();
  encrypted[0x20] ^= 1;
  EXPECT_EQ(error_of(sign_with_fresh_key(encrypted)),
            "the image is encrypted: its signature covers the plain text; derive from the image "
            "before encryption");
  EXPECT_EQ(
      error_of(derive(Bytes(64, 0xff), {.kind = Kind::foreign_key})),
      "not an MCUboot image: the first four bytes are ff ff ff ff (erased flash), expected 3d "
      "b8 f3 96; give the signed .bin");
}

TEST(Derivation, InWords) {
  EXPECT_EQ(describe(Derivation{}), "bit 0 flipped in the middle of the payload");
  EXPECT_EQ(describe({.region = Region::tlv, .offset = 5, .bit = 2}),
            "bit 2 flipped at offset 5 of the TLV area");
  EXPECT_EQ(describe({.region = Region::header}), "bit 0 flipped in the header's version");
  EXPECT_EQ(describe({.kind = Kind::truncate, .keep_bytes = 9}), "truncated to 9 bytes");
  EXPECT_EQ(describe({.kind = Kind::truncate}), "truncated to 50 percent");
  EXPECT_EQ(describe({.kind = Kind::foreign_key}), "signed with a fresh key that nobody trusts");
}

}  // namespace
}  // namespace assay::images
