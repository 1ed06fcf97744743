// The real stm32flash against a model of the bootloader in ST's ROM.
#include "loader_fixture.hpp"
#include "stm32_rom.hpp"

namespace assay::drivers {
namespace {

using testing::HasSubstr;
using Texts = std::vector<std::string>;

// A pseudo-terminal has no parity.
class Stm32flash : public LoaderTest {
 protected:
  Result<> flash(const abilities::FlashJob& job) {
    return LoaderTest::flash("stm32flash", {{"path", rom.path()}, {"mode", "8n1"}}, job);
  }
  std::string flashed(const Bytes& bytes) {
    return error_of(flash({.file = file(bytes), .address = Stm32Rom::base, .erase_chip = true}));
  }
  Stm32Rom rom;
};

TEST_F(Stm32flash, ErasesWritesVerifiesAndStarts) {
  rom.memory.assign(Stm32Rom::size, 0x55);
  const auto image = pattern(5000);
  const auto done = flash({.file = file(image), .address = Stm32Rom::base, .erase_chip = true});
  ASSERT_TRUE(done) << done.error().text;
  EXPECT_EQ(part(rom.memory, 0, 5000), image);
  EXPECT_EQ(part(rom.memory, 5000, 50'000), Bytes(50'000, 0xFF));
  EXPECT_EQ(rom.mass_erases, 1U);
  EXPECT_EQ(rom.pages_erased, 0U);
  EXPECT_EQ(rom.started_at, Stm32Rom::base);
  EXPECT_EQ(doing, (Texts{"erasing", "writing"}));
}

TEST_F(Stm32flash, ASlotIsErasedAndTheRestLeftAlone) {
  rom.memory.assign(Stm32Rom::size, 0x55);
  const auto image = pattern(1500);
  const auto done =
      flash({.file = file(image), .address = Stm32Rom::base + 0x4000, .erase_size = 0x1000});
  ASSERT_TRUE(done) << done.error().text;
  EXPECT_EQ(part(rom.memory, 0, 0x4000), Bytes(0x4000, 0x55));
  EXPECT_EQ(part(rom.memory, 0x4000, 1500), image);
  EXPECT_EQ(part(rom.memory, 0x4000 + 1500, 0x1000 - 1500), Bytes(0x1000 - 1500, 0xFF));
  EXPECT_EQ(part(rom.memory, 0x5000, 0x1000), Bytes(0x1000, 0x55));
  EXPECT_EQ(rom.mass_erases, 0U);
}

TEST_F(Stm32flash, SaysWhatIsWrong) {
  const auto image = pattern(600);
  rom.flips_bit_at = Stm32Rom::base + 0x101;
  EXPECT_THAT(flashed(image), HasSubstr("the flash reads back other than written"));
  rom.flips_bit_at = 0;
  rom.locked = true;
  EXPECT_THAT(flashed(image),
              HasSubstr("the chip refuses to be erased: is it locked or write-protected?"));
  rom.locked = false;
  EXPECT_THAT(error_of(flash({.file = file(image), .address = 0x90000000})),
              HasSubstr("the chip refuses to be written: is it locked, has it flash at this"));
  EXPECT_THAT(error_of(LoaderTest::flash("stm32flash", {{"path", "/dev/ttyS99"}},
                                         {.file = file(image), .address = Stm32Rom::base})),
              HasSubstr("there is no such serial port, or it may not be opened"));
  rom.silent = true;
  EXPECT_THAT(flashed(image), HasSubstr("the bootloader does not answer: is the board in it"));
}

TEST_F(Stm32flash, ItsCheckDoesNotDisturbTheBoard) {
  const auto device = make("stm32flash", {{"path", rom.path()}});
  EXPECT_EQ(device->check("flash", order).value(), abilities::Health::unproven);
  EXPECT_EQ(device->about("flash"), "stm32flash 0.7, " + rom.path());
  EXPECT_EQ(error_of(make("stm32flash", {{"path", "/dev/ttyS99"}})->check("flash", order)),
            "/dev/ttyS99: there is no such serial port");
  EXPECT_EQ(refusal("stm32flash", Json::object()), "driver stm32flash: 'path' is needed");
}

}  // namespace
}  // namespace assay::drivers
