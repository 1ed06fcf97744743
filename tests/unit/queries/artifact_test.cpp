// What the page of a run says of files under test, sound and damaged.
#include <gmock/gmock.h>

#include <filesystem>
#include <fstream>

#include "../images/image_builder.hpp"
#include "lab_fixture.hpp"

namespace assay::queries::test {
namespace {

using images::test::ImageBuilder;
using testing::Contains;
using testing::ElementsAre;

class ArtifactTest : public testing::Test {
 protected:
  void SetUp() override { lab_.ask(); }

  std::string put(ByteView content) {
    const std::string name = to_hex(sha256(content));
    auto upload = lab_.artifacts->put(name, content.size(), 0);
    EXPECT_TRUE(upload) << upload.error().text;
    if (upload && *upload) {
      EXPECT_TRUE((*upload)->append(0, content));
      EXPECT_TRUE((*upload)->finish());
    }
    return name;
  }
  v1::ArtifactInfo info(const std::string& name) {
    v1::ArtifactInfo out;
    const auto asked = lab_.ask().artifact(name, &out);
    EXPECT_TRUE(asked) << asked.error().text;
    return out;
  }
  [[nodiscard]] std::filesystem::path kept(const std::string& name) const {
    return lab_.folder.path() / "artifacts" / name.substr(0, 2) / name.substr(2);
  }
  // "mcuboot: problem=...; version=1.2.3"
  static std::string words(const v1::ArtifactInfo& info) {
    std::string text = info.format() + ':';
    if (!info.problem().empty()) text += ' ' + info.problem();
    for (const auto& fact : info.facts()) {
      if (fact.name() == "problem" || fact.name() == "version" || fact.name() == "hash")
        text += ' ' + fact.name() + '=' + fact.value();
    }
    return text;
  }
  std::string words_of(const Bytes& content) {
    const auto got = info(put(content));
    EXPECT_EQ(got.size(), content.size());
    return words(got);
  }

  Lab lab_{false};
};

TEST_F(ArtifactTest, IsWhatItsHeaderSays) {
  const auto got = info(put(ImageBuilder().build()));
  EXPECT_EQ(got.problem(), "");
  std::vector<std::string> facts;
  for (const auto& fact : got.facts()) facts.push_back(fact.name() + '=' + fact.value());
  EXPECT_THAT(facts, Contains("version=1.2.3"));
  EXPECT_THAT(facts, Contains("payload=100 bytes"));
  EXPECT_THAT(facts, Contains("hash=SHA256 verified"));
}

TEST_F(ArtifactTest, IsDescribedAsFarAsItGoesWhenItEndsEarly) {
  const Bytes whole = ImageBuilder().build();
  const auto first = [&](std::size_t size) {
    return words_of(Bytes(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size)));
  };
  EXPECT_EQ(first(whole.size() - 1),
            "mcuboot: problem=the TLVs end at byte 0xac, the data ends at byte 0xab: it is "
            "truncated version=1.2.3");
  EXPECT_EQ(first(134),
            "mcuboot: problem=the TLVs begin at byte 0x84, the data ends at byte 0x86: it is "
            "truncated version=1.2.3");
  EXPECT_EQ(first(131),
            "mcuboot: problem=the header announces 100 bytes of payload up to byte 0x84, the data "
            "ends at byte 0x83: it is truncated version=1.2.3");
  EXPECT_EQ(first(31),
            "mcuboot: problem=the MCUboot header takes 32 bytes, the file has 31: it is truncated");
  // No length makes it fail, or say that all is well.
  for (std::size_t size = 0; size < whole.size(); ++size)
    EXPECT_NE(first(size).find(size < 4 ? ' ' : '='), std::string::npos) << size;
}

TEST_F(ArtifactTest, SaysWhichTlvDoesNotFit) {
  Bytes beyond = ImageBuilder().build();
  beyond[0x84 + 4 + 2] = 0xff;  // of the first TLV, the size
  EXPECT_EQ(words_of(beyond),
            "mcuboot: problem=at byte 0x88: TLV SHA256 announces 255 bytes, 32 are left of the TLV "
            "area version=1.2.3");
  Bytes area = ImageBuilder().build();
  area[0x84 + 3] = 0xff;  // of the area, the size's high byte
  EXPECT_EQ(words_of(area),
            "mcuboot: problem=the TLVs end at byte 0xffac, the data ends at byte 0xac: it is "
            "truncated version=1.2.3");
  Bytes magic = ImageBuilder().build();
  magic[0x84] = 0;
  EXPECT_EQ(words_of(magic),
            "mcuboot: problem=at byte 0x84: TLV magic is 0x6900, expected 0x6907 version=1.2.3");
  Bytes flipped = ImageBuilder().build();
  flipped[0x40] ^= 1;  // whole, but nothing that a bootloader takes
  EXPECT_EQ(words_of(flipped),
            "mcuboot: version=1.2.3 hash=SHA256 does not match: MCUboot refuses this image");
}

TEST_F(ArtifactTest, SaysWhatItIsInsteadOfAnImage) {
  Bytes wrong = ImageBuilder().build();
  wrong[0] = 0x3c;
  const std::string sha = to_hex(sha256(wrong)).substr(0, 8);
  EXPECT_EQ(words_of(wrong), "raw: " + sha +
                                 ": not an MCUboot image: the first four bytes are 3c b8 f3 96 (an "
                                 "MCUboot image of the old format 1), expected 3d b8 f3 96; give "
                                 "the signed .bin");
  EXPECT_EQ(words_of({}), "raw: e3b0c442: the file is empty");
  EXPECT_EQ(words_of({'a', 'b'}),
            "raw: fb8e20fc: not an MCUboot image: 2 bytes in all, a header takes 32");
}

TEST_F(ArtifactTest, SaysWhereAContainerIsDamaged) {
  const std::string hex = ":0100000055AA\n:00000001FF\n";
  const std::string cut = ":0100000055AA\n:0000";
  const auto bytes = [](const std::string& text) { return Bytes(text.begin(), text.end()); };
  const auto whole = info(put(bytes(hex)));
  EXPECT_EQ(words(whole), "intel-hex:") << "a program is no problem";
  ASSERT_EQ(whole.facts_size(), 1);
  EXPECT_EQ(whole.facts(0).value(), "0x00000000 to 0x00000001 (1 bytes)");
  EXPECT_EQ(words_of(bytes(cut)), "intel-hex: 53a7e4ee:2: the record is cut short");
  Bytes elf = images::test::elf({{0x8000, Bytes(8, 1)}});
  elf.resize(elf.size() - 4);
  EXPECT_EQ(words_of(elf),
            "elf: af2dab10: byte 0x34: program header 0 takes bytes 0x54 to 0x5b, the file has 88 "
            "bytes: it is truncated");
}

TEST_F(ArtifactTest, OfWhichTheBytesOnDiskAreOthersIsDamaged) {
  const Bytes content = ImageBuilder().build();
  const std::string name = put(content);
  const auto write = [&](const Bytes& bytes) {
    std::ofstream file(kept(name), std::ios::binary);
    file.write(reinterpret_cast<const char*>(bytes.data()),
               static_cast<std::streamsize>(bytes.size()));
  };
  ASSERT_TRUE(std::filesystem::exists(kept(name)));
  const Bytes less(content.begin(), content.end() - 1);
  write(less);
  EXPECT_EQ(words(info(name)), ": damaged where it is kept: its 171 bytes now have the SHA-256 " +
                                   to_hex(sha256(less)) + "; remove it there and upload it again");
  EXPECT_EQ(info(name).facts_size(), 0);
  write({});
  EXPECT_EQ(info(name).size(), 0U);
  write(content);
  EXPECT_EQ(words(info(name)), "mcuboot: version=1.2.3 hash=SHA256 verified");
}

TEST_F(ArtifactTest, ThatIsNotThereIsNotFound) {
  const std::string name = put(ImageBuilder().build());
  const std::string words = "there is no artifact " + name + ": upload it first";
  const auto why_not = [&](const std::string& asked) {
    v1::ArtifactInfo out;
    const auto answer = lab_.ask().artifact(asked, &out);
    return answer ? Error{Cause::internal, "it was answered"} : answer.error();
  };
  info(name);  // known now
  ASSERT_TRUE(std::filesystem::remove(kept(name)));
  EXPECT_EQ(why_not(name).text, words);
  EXPECT_EQ(why_not(name).cause, Cause::not_found);
  EXPECT_EQ(why_not("moon").cause, Cause::invalid);
  EXPECT_EQ(why_not("../../assay.db").cause, Cause::invalid);
}

}  // namespace
}  // namespace assay::queries::test
