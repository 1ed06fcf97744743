// The real esptool (of the tests' virtual environment) against a model of Espressif's ROM.
#include <openssl/evp.h>

#include "esp_rom.hpp"
#include "loader_fixture.hpp"

namespace assay::drivers {
namespace {

using testing::HasSubstr;

std::string md5_of(ByteView bytes) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest;
  unsigned size = 0;
  EVP_Digest(bytes.data(), bytes.size(), digest.data(), &size, EVP_md5(), nullptr);
  return to_hex(ByteView(digest.data(), size));
}

class Esptool : public LoaderTest {
 protected:
  static std::string program() {
    const char* cache = std::getenv("ASSAY_CACHE");
    const std::filesystem::path root =
        cache != nullptr ? cache : std::filesystem::path(ASSAY_REPOSITORY) / ".cache";
    return root / "venv-test/bin/esptool";
  }
  // A pseudo-terminal has no reset lines.
  Json settings() const {
    return {{"path", rom.path()},   {"chip", "esp32c3"},   {"baud", 115200},
            {"before", "no-reset"}, {"after", "no-reset"}, {"no-stub", true},
            {"program", program()}};
  }
  std::string flashed(const Bytes& bytes, Json with = Json::object(), std::uint64_t at = 0x10000) {
    auto all = settings();
    all.update(with);
    return error_of(flash("esptool", all, {.file = file(bytes), .address = at}));
  }
  EspRom rom{md5_of};
};

TEST_F(Esptool, WritesAndVerifies) {
  std::fill_n(rom.memory.begin(), 0x40000, 0x55);
  const auto image = pattern(9000);
  auto with = settings();
  with["mac"] = "7c:df:a1:00:00:01";
  const auto done =
      flash("esptool", with, {.file = file(image), .address = 0x10000, .erase_size = 0x4000});
  ASSERT_TRUE(done) << done.error().text;
  EXPECT_EQ(part(rom.memory, 0, 0x10000), Bytes(0x10000, 0x55));
  EXPECT_EQ(part(rom.memory, 0x10000, 9000), image);
  EXPECT_EQ(part(rom.memory, 0x10000 + 9000, 0x4000 - 9000), Bytes(0x4000 - 9000, 0xFF));
  EXPECT_EQ(part(rom.memory, 0x14000, 0x1000), Bytes(0x1000, 0x55));
  EXPECT_EQ(doing, (std::vector<std::string>{"erasing", "writing"}));
}

TEST_F(Esptool, ErasesTheWholeChip) {
  std::fill_n(rom.memory.begin(), 0x40000, 0x55);
  const auto image = pattern(100);
  const auto done =
      flash("esptool", settings(), {.file = file(image), .address = 0, .erase_chip = true});
  ASSERT_TRUE(done) << done.error().text;
  EXPECT_EQ(part(rom.memory, 0, 100), image);
  EXPECT_EQ(part(rom.memory, 100, 0x40000 - 100), Bytes(0x40000 - 100, 0xFF));
}

TEST_F(Esptool, WritesToNoOtherBoard) {
  EXPECT_EQ(flashed(pattern(100), {{"mac", "7c:df:a1:00:00:02"}}),
            "the wrong board: the lab file says that the chip at " + rom.path() +
                " is 7c:df:a1:00:00:02, but it calls itself 7c:df:a1:00:00:01");
  rom.chip = 9;
  EXPECT_THAT(flashed(pattern(100)),
              HasSubstr("the wrong board: another chip than the lab file says ('"));
  EXPECT_EQ(rom.memory, Bytes(EspRom::size, 0xFF));
}

TEST_F(Esptool, SaysWhatIsWrong) {
  rom.flips_bit_at = 0x10010;
  EXPECT_THAT(flashed(pattern(100)), HasSubstr("the flash reads back other than written ('"));
  rom.flips_bit_at = 0;
  rom.fails_to_write = true;
  EXPECT_THAT(flashed(pattern(100)), HasSubstr("the chip could not be programmed ('"));
  EXPECT_THAT(flashed(pattern(100), Json::object(), 0x10000000),
              HasSubstr("the chip has no flash at an address of this file ('"));
  EXPECT_THAT(flashed(pattern(100), {{"path", "/dev/ttyS99"}}),
              HasSubstr("there is no such serial port, or it may not be opened ('"));
  EXPECT_THAT(flashed(pattern(100), {{"program", "/nowhere/esptool"}}),
              HasSubstr("there is no program '/nowhere/esptool'; type: pip install esptool=="));
  rom.silent = true;
  EXPECT_THAT(flashed(pattern(100)), HasSubstr("the bootloader does not answer: is the board in"));
}

TEST_F(Esptool, ItsCheckDoesNotDisturbTheBoard) {
  const auto device = make("esptool", settings());
  EXPECT_EQ(device->check("flash", order).value(), abilities::Health::unproven);
  EXPECT_EQ(device->about("flash"), "esptool 5.6.0, esp32c3 " + rom.path());
  EXPECT_EQ(refusal("esptool", {{"path", "/dev/x"}}),
            "driver esptool: 'path' and 'chip' are needed");
  EXPECT_EQ(refusal("esptool", {{"path", "/dev/x"}, {"chip", "esp32"}, {"mac", "7C:DF"}}),
            "driver esptool: 'mac' must be as esptool prints it, such as 7c:df:a1:00:00:01");
}

}  // namespace
}  // namespace assay::drivers
