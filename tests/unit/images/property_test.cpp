// What holds for every input: nothing crashes (run under the sanitizers), what is
// written is read back, and a changed bit never goes unnoticed.
#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <random>

// After gtest, which it does not include.
#include <rapidcheck/gtest.h>

#include "image_builder.hpp"
#include "images/derive.hpp"
#include "images/describe.hpp"

namespace assay::images {
namespace {

using test::ImageBuilder;
using test::must;

Segments arbitrary_segments() {
  std::vector<Segment> parts;
  std::uint64_t at = *rc::gen::inRange<std::uint64_t>(0, 0xfff00000);
  const int count = *rc::gen::inRange(1, 6);
  for (int i = 0; i < count; ++i) {
    const auto size = *rc::gen::inRange<std::size_t>(1, 400);
    parts.push_back({at, *rc::gen::container<Bytes>(size, rc::gen::arbitrary<std::uint8_t>())});
    at += size + *rc::gen::inRange<std::uint64_t>(1, 0x18000);
  }
  return must(arrange(std::move(parts)));
}

RC_GTEST_PROP(IntelHexProperty, ReadsBackWhatWasWritten, ()) {
  const Segments segments = arbitrary_segments();
  const auto width = *rc::gen::inRange<std::size_t>(1, 256);
  const auto read = parse_intel_hex(as_bytes(test::intel_hex(segments, width)), "p.hex");
  RC_ASSERT(read.has_value());
  RC_ASSERT(read->all.size() == segments.all.size());
  for (std::size_t i = 0; i < segments.all.size(); ++i) {
    RC_ASSERT(read->all[i].address == segments.all[i].address);
    RC_ASSERT(read->all[i].bytes == segments.all[i].bytes);
  }
}

// One wrong hexadecimal digit is always noticed: the checksum moves with it.
RC_GTEST_PROP(IntelHexProperty, NoticesEveryWrongDigit, ()) {
  std::string text = test::intel_hex(arbitrary_segments());
  const auto at = *rc::gen::suchThat(rc::gen::inRange<std::size_t>(0, text.size()),
                                     [&](std::size_t i) { return std::isxdigit(text[i]) != 0; });
  const char digit = *rc::gen::suchThat(rc::gen::elementOf(std::string("0123456789abcdef")),
                                        [&](char c) { return c != std::tolower(text[at]); });
  text[at] = digit;
  RC_ASSERT(!parse_intel_hex(as_bytes(text), "p.hex").has_value());
}

ImageBuilder arbitrary_image() {
  const auto byte = rc::gen::arbitrary<std::uint8_t>();
  ImageBuilder builder;
  builder.header_size = *rc::gen::inRange<std::uint16_t>(32, 600);
  builder.version = {*byte, *byte, *rc::gen::arbitrary<std::uint16_t>(),
                     *rc::gen::arbitrary<std::uint32_t>()};
  builder.payload = *rc::gen::container<Bytes>(*rc::gen::inRange<std::size_t>(1, 300), byte);
  if (*rc::gen::arbitrary<bool>()) builder.protected_tlvs = {{0x50, {1, 2, 3, 4}}};
  builder.hash_type = *rc::gen::element(tlv::sha256, tlv::sha384, tlv::sha512);
  return builder;
}

RC_GTEST_PROP(McubootProperty, NoFlippedBitGoesUnnoticed, ()) {
  Bytes bytes = arbitrary_image().build();
  const auto good = must(parse_mcuboot(bytes));
  RC_ASSERT(good.hash_state == HashState::verified);
  const auto at = *rc::gen::inRange<std::size_t>(0, good.payload.end());
  const auto bit = *rc::gen::inRange(0, 8);
  bytes[at] ^= static_cast<std::uint8_t>(1 << bit);
  const auto changed = parse_mcuboot(bytes);
  RC_ASSERT(!changed || changed->hash_state != HashState::verified);
}

RC_GTEST_PROP(McubootProperty, TheDerivedFlipChangesOneBit, ()) {
  const Bytes bytes = arbitrary_image().build();
  const auto good = must(parse_mcuboot(bytes));
  Derivation how;
  how.offset = *rc::gen::inRange<std::uint64_t>(0, good.payload.size);
  how.bit = *rc::gen::inRange<std::uint8_t>(0, 8);
  const Bytes bad = must(derive(bytes, how));
  RC_ASSERT(must(parse_mcuboot(bad)).hash_state == HashState::mismatch);
  how.region = Derivation::Region::header;
  how.offset = good.header.header_size + *how.offset;
  RC_ASSERT(!derive(bytes, how).has_value());
}

// Everything that reads bytes from outside, on any bytes.
void read_everything(ByteView bytes) {
  (void)parse_intel_hex(bytes, "p.hex", 1 << 16);
  (void)parse_elf(bytes, "p.elf", 1 << 16);
  (void)parse_mcuboot(bytes);
  for (const unsigned alignment : {4U, 16U, 32U}) (void)parse_trailer(bytes, alignment);
  DescribeOptions options;
  options.slots = {{"slot 0", 0, 0x400}, {"slot 1", 0x10, 0x300}};
  for (const auto& how : {DescribeOptions{}, options}) {
    const auto description = describe(bytes, "p.bin", how);
    if (description) (void)describe_text(*description);
  }
  for (const auto region :
       {Derivation::Region::payload, Derivation::Region::header, Derivation::Region::tlv}) {
    (void)derive(bytes, {.region = region});
  }
  (void)derive(bytes, {.kind = Derivation::Kind::truncate});
}

RC_GTEST_PROP(AnyBytes, AreReadWithoutCrashing, (const Bytes& bytes)) {
  read_everything(bytes);
}

// Good files with bytes changed, cut out or doubled: the same seeds every time.
TEST(AnyBytes, MutatedFilesAreReadWithoutCrashing) {
  ImageBuilder builder;
  builder.protected_tlvs = {{0x50, {7, 0, 0, 0}}, {0x40, Bytes(12, 1)}};
  builder.tlvs = {{tlv::key_hash, Bytes(32, 1)}, {tlv::ecdsa_sig, Bytes(70, 2)}};
  const Bytes image = builder.build();
  Segments chip;
  chip.all = {{0x100, Bytes(40, 3)}, {0x8000, image}};
  const std::string hex = test::intel_hex(chip);
  const std::vector<Bytes> seeds = {image, test::elf(chip.all), Bytes(hex.begin(), hex.end()),
                                    test::slot_of(image, 1024, Bytes(64, 1), 256)};
  std::mt19937 random(20260101);
  static constexpr std::uint8_t telling[] = {0, 1, 4, 0x7f, 0x80, 0xfe, 0xff, ':', '0', '\n'};
  for (int round = 0; round < 4000; ++round) {
    Bytes bytes = seeds[random() % seeds.size()];
    for (auto edits = 1 + random() % 6; edits > 0 && !bytes.empty(); --edits) {
      const auto at = static_cast<std::ptrdiff_t>(random() % bytes.size());
      const auto count = std::min<std::ptrdiff_t>(static_cast<std::ptrdiff_t>(1 + random() % 16),
                                                  std::ssize(bytes) - at);
      switch (random() % 5) {
        case 0:
          bytes[static_cast<std::size_t>(at)] ^= static_cast<std::uint8_t>(1U << random() % 8);
          break;
        case 1:
          bytes[static_cast<std::size_t>(at)] = telling[random() % std::size(telling)];
          break;
        case 2:
          bytes.erase(bytes.begin() + at, bytes.begin() + at + count);
          break;
        case 3: {
          const Bytes copy(bytes.begin() + at, bytes.begin() + at + count);
          bytes.insert(bytes.begin() + at, copy.begin(), copy.end());
          break;
        }
        default:
          if (random() % 8 == 0) bytes.resize(static_cast<std::size_t>(at));
      }
    }
    read_everything(bytes);
  }
}

}  // namespace
}  // namespace assay::images
