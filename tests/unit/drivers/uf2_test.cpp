// UF2 files, and the disks that take them: a folder, and a FAT file system in a file by
// the real mtools. No kernel mounts or sees a USB disk here.
#include "drivers/flash/uf2_file.hpp"

#include "base/little_endian.hpp"
#include "base/process.hpp"
#include "loader_fixture.hpp"

namespace assay::drivers {
namespace {

using testing::HasSubstr;

constexpr std::uint32_t rp2040 = 0xE48BFF56;

TEST(Uf2File, IsBlocksOfPagesWithTheirAddresses) {
  // 300 bytes from the middle of a page on, and one far behind.
  const images::Segments segments{{{0x10000080, Bytes(300, 0xAB)}, {0x10001000, Bytes(1, 1)}}};
  const auto file = to_uf2(segments, rp2040, 0xFF).value();
  ASSERT_EQ(file.size(), 3 * uf2_block);
  const std::uint32_t addresses[] = {0x10000000, 0x10000100, 0x10001000};
  for (std::uint32_t i = 0; i < 3; ++i) {
    const auto block = ByteView(file).subspan(i * uf2_block, uf2_block);
    EXPECT_EQ(u32_at(block, 0), 0x0A324655U);
    EXPECT_EQ(u32_at(block, 4), 0x9E5D5157U);
    EXPECT_EQ(u32_at(block, 8), 0x2000U);
    EXPECT_EQ(u32_at(block, 12), addresses[i]);
    EXPECT_EQ(u32_at(block, 16), 256U);
    EXPECT_EQ(u32_at(block, 20), i);
    EXPECT_EQ(u32_at(block, 24), 3U);
    EXPECT_EQ(u32_at(block, 28), rp2040);
    EXPECT_EQ(u32_at(block, 508), 0x0AB16F30U);
  }
  EXPECT_EQ(file[32 + 0x7F], 0xFF);
  EXPECT_EQ(file[32 + 0x80], 0xAB);
  EXPECT_EQ(file[uf2_block + 32 + 300 - 128 - 1], 0xAB);
  EXPECT_EQ(file[uf2_block + 32 + 300 - 128], 0xFF);
  EXPECT_EQ(file[2 * uf2_block + 32], 1);
}

TEST(Uf2File, HasNoAddressesPastFourGibibytes) {
  const images::Segments segments{{{0xFFFFFFFF, Bytes(2, 1)}}};
  EXPECT_EQ(to_uf2(segments, rp2040, 0xFF).error().text,
            "UF2 has addresses of 32 bits, but this file has bytes at 0x100000000");
}

class Uf2 : public LoaderTest {
 protected:
  Json settings(const std::filesystem::path& volume) const {
    return {{"volume", volume.string()}, {"board-id", "RPI-RP2"}, {"family", rp2040}};
  }
  void must(std::vector<std::string> args) {
    const auto done = run({.args = std::move(args)}, order.wait);
    ASSERT_TRUE(done) << done.error().text;
    ASSERT_TRUE(done->status.ok()) << done->out;
  }
  std::filesystem::path mounted(const std::string& board) {
    const auto place = folder.path() / "mounted";
    std::filesystem::create_directory(place);
    file(info(board), "mounted/INFO_UF2.TXT");
    return place;
  }
  // A FAT file system in a file.
  std::filesystem::path disk(const std::string& board) {
    const auto path = folder.path() / "disk.img";
    must({"mformat", "-C", "-f", "1440", "-i", path.string(), "::"});
    const auto text = file(info(board), "INFO_UF2.TXT");
    must({"mcopy", "-i", path.string(), text, "::INFO_UF2.TXT"});
    return path;
  }
  static Bytes info(const std::string& board) {
    const std::string text =
        "UF2 Bootloader v3.0\r\nModel: Raspberry Pi RP2\r\nBoard-ID: " + board + "\r\n";
    return {text.begin(), text.end()};
  }
  Bytes wanted(const Bytes& image) const {
    return to_uf2({{{0x10000000, image}}}, rp2040, 0xFF).value();
  }
  abilities::FlashJob job(const Bytes& image) {
    return {.file = file(image), .address = 0x10000000, .erase_chip = true};
  }
};

TEST_F(Uf2, CopiesToAFolder) {
  const auto image = pattern(100'000);
  const auto volume = mounted("RPI-RP2");
  const auto done = flash("uf2", settings(volume), job(image));
  ASSERT_TRUE(done) << done.error().text;
  EXPECT_EQ(read_file(volume / "ASSAY.UF2", 1 << 20).value(), wanted(image));
  EXPECT_EQ(doing, (std::vector<std::string>{"writing"}));
}

TEST_F(Uf2, CopiesToADiskWithoutMountingIt) {
  const auto image = pattern(100'000);
  const auto volume = disk("RPI-RP2");
  const auto done = flash("uf2", settings(volume), job(image));
  ASSERT_TRUE(done) << done.error().text;
  const auto copy = folder.path() / "copy.uf2";
  must({"mcopy", "-i", volume.string(), "::ASSAY.UF2", copy.string()});
  EXPECT_EQ(read_file(copy, 1 << 20).value(), wanted(image));
  const auto device = make("uf2", settings(volume));
  EXPECT_EQ(device->check("flash", order).value(), abilities::Health::proven);
  EXPECT_EQ(device->about("flash"), "UF2 bootloader RPI-RP2, " + volume.string());
}

TEST_F(Uf2, WritesToNoOtherBoard) {
  const auto image = pattern(100);
  for (const auto& volume : {mounted("RP2350"), disk("RP2350")}) {
    const auto before =
        std::filesystem::is_directory(volume) ? Bytes() : read_file(volume, 4 << 20).value();
    EXPECT_EQ(error_of(flash("uf2", settings(volume), job(image))),
              "the wrong board: the lab file says that " + volume.string() +
                  " is 'RPI-RP2', but its disk says 'RP2350'");
    EXPECT_FALSE(std::filesystem::exists(volume / "ASSAY.UF2"));
    if (!before.empty()) {
      EXPECT_EQ(read_file(volume, 4 << 20).value(), before);
    }
  }
}

TEST_F(Uf2, SaysWhatIsWrong) {
  const auto place = folder.path() / "empty";
  EXPECT_EQ(error_of(flash("uf2", settings(place), job(pattern(10)))),
            place.string() + ": there is no disk: is the board in its bootloader?");
  std::filesystem::create_directory(place);
  EXPECT_EQ(error_of(flash("uf2", settings(place), job(pattern(10)))),
            place.string() + " has no INFO_UF2.TXT: it is not the disk of a UF2 bootloader");
  const auto zeros = file(Bytes(1 << 20), "zeros.img");
  EXPECT_THAT(error_of(flash("uf2", settings(zeros), job(pattern(10)))),
              HasSubstr("what is there is no FAT disk"));
  EXPECT_THAT(error_of(flash("uf2", settings(disk("RPI-RP2")), job(pattern(1 << 20)))),
              HasSubstr("the disk has no room for the file"));
  EXPECT_EQ(refusal("uf2", {{"board-id", "X"}, {"family", 1}}),
            "driver uf2: 'serial', 'port' or 'volume' is needed");
  EXPECT_EQ(refusal("uf2", {{"port", "1-1"}, {"board-id", "X"}}),
            "driver uf2: 'family' must be from 1 to 4294967295");
}

}  // namespace
}  // namespace assay::drivers
