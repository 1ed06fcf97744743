// The real dfu-util, libusb and their protocol, against a model of a device.
#include "virtual_usb/dfu.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <thread>

#include "base/file.hpp"
#include "switch_fixture.hpp"

namespace assay::usb_test {
namespace {

using testing::HasSubstr;
using virtual_usb::Dfu;

class DfuTest : public SwitchTest {
 protected:
  std::string file(const std::string& name, const Bytes& bytes) {
    const auto path = folder.path() / name;
    EXPECT_TRUE(write_file(path, bytes));
    return path;
  }
  static Bytes bytes_of(std::string_view text) { return {text.begin(), text.end()}; }
  static Bytes pattern(std::size_t size) {
    Bytes bytes(size);
    for (std::size_t i = 0; i < size; ++i) bytes[i] = static_cast<std::uint8_t>(i * 7 + i / 256);
    return bytes;
  }
  static Bytes part(const Bytes& all, std::size_t at, std::size_t size) {
    const auto begin = all.begin() + static_cast<std::ptrdiff_t>(at);
    return {begin, begin + static_cast<std::ptrdiff_t>(size)};
  }
  // What comes of writing `bytes` to the chip.
  std::string flashed(const Json& settings, const Bytes& bytes, std::uint64_t address = base,
                      bool chip = true, std::uint64_t erase = 0) {
    const auto device = make("dfu-util", settings);
    if (!device) return "";
    return error_of(device->flash()->write(order(), {.file = file("image.bin", bytes),
                                                     .address = address,
                                                     .erase_chip = chip,
                                                     .erase_size = erase}));
  }
  static constexpr std::uint32_t base = 0x08000000;
  const Json st = {{"serial", "DFU1"}, {"dfuse", true}};

  TempFolder folder = TempFolder::make("assay-dfu-").value();
};

TEST_F(DfuTest, WritesToAddressesReadsBackAndLeaves) {
  const auto chip = plug<Dfu>("1-1", virtual_usb::DfuFacts{.st = true});
  chip->memory.assign(chip->memory.size(), 0x55);
  const auto image = pattern(9000);
  const auto device = make("dfu-util", st);
  std::vector<std::string> doing;
  auto with = order();
  with.progress = [&](const abilities::Progress& now) {
    EXPECT_LE(now.done, now.total);
    if (doing.empty() || doing.back() != now.doing) doing.push_back(now.doing);
  };
  const auto done = device->flash()->write(
      with, {.file = file("image.bin", image), .address = base, .erase_chip = true});
  ASSERT_TRUE(done) << done.error().text;
  EXPECT_EQ(part(chip->memory, 0, image.size()), image);
  EXPECT_EQ(part(chip->memory, image.size(), 100'000), Bytes(100'000, 0xFF));
  EXPECT_EQ(chip->mass_erases, 1U);
  EXPECT_EQ(chip->left, 1U);
  EXPECT_EQ(doing, (std::vector<std::string>{"erasing", "writing", "reading back"}));
  EXPECT_EQ(device->about("flash"), "dfu-util 0.11, device DFU1");
  // It cannot be read by others without stopping the program.
  EXPECT_EQ(device->flash()->read(order(), base, 4).value(), std::nullopt);
}

TEST_F(DfuTest, ASlotIsErasedAndTheRestLeftAlone) {
  const auto chip = plug<Dfu>("1-1", virtual_usb::DfuFacts{.st = true});
  chip->memory.assign(chip->memory.size(), 0x55);
  const auto image = pattern(3000);
  ASSERT_EQ(flashed(st, image, base + 0x2000, false, 0x2000), "no error");
  EXPECT_EQ(part(chip->memory, 0, 0x2000), Bytes(0x2000, 0x55));
  EXPECT_EQ(part(chip->memory, 0x2000, 3000), image);
  EXPECT_EQ(part(chip->memory, 0x2000 + 3000, 0x2000 - 3000), Bytes(0x2000 - 3000, 0xFF));
  EXPECT_EQ(part(chip->memory, 0x4000, 0x1000), Bytes(0x1000, 0x55));
  EXPECT_EQ(chip->mass_erases, 0U);
}

TEST_F(DfuTest, TellsDevicesApartBySerialOrPort) {
  const auto one = plug<Dfu>("1-1", virtual_usb::DfuFacts{.serial = "A", .st = true});
  const auto two = plug<Dfu>("1-2", virtual_usb::DfuFacts{.serial = "B", .st = true});
  const auto three = plug<Dfu>("1-3", virtual_usb::DfuFacts{.serial = "B", .st = true});
  const auto image = pattern(1000);
  ASSERT_EQ(flashed({{"serial", "A"}, {"dfuse", true}}, image), "no error");
  EXPECT_EQ(part(one->memory, 0, 1000), image);
  ASSERT_EQ(flashed({{"port", "1-3"}, {"dfuse", true}}, image), "no error");
  EXPECT_EQ(part(three->memory, 0, 1000), image);
  EXPECT_EQ(two->memory, Bytes(two->memory.size(), 0xFF));
  // Two match, and none is taken.
  EXPECT_THAT(flashed({{"serial", "B"}, {"dfuse", true}}, image),
              HasSubstr("several devices in DFU mode match"));
  EXPECT_EQ(two->memory, Bytes(two->memory.size(), 0xFF));
  ASSERT_EQ(flashed({{"serial", "B"}, {"port", "1-2"}, {"dfuse", true}}, image), "no error");
  EXPECT_EQ(part(two->memory, 0, 1000), image);
}

TEST_F(DfuTest, PlainDfuTakesTheWholeImage) {
  const auto board = plug<Dfu>("1-1", virtual_usb::DfuFacts{.vendor = 0x1234, .product = 1});
  const auto image = pattern(5000);
  ASSERT_EQ(flashed({{"serial", "DFU1"}, {"id", "1234:0001"}}, image, 0), "no error");
  EXPECT_EQ(part(board->memory, 0, 5000), image);
  EXPECT_GE(board->left, 1U);
  board->flips_bit_at = base + 0x123;
  EXPECT_EQ(flashed({{"serial", "DFU1"}}, image, 0),
            "device DFU1: the flash reads back other than written, from 0x123 on");
  // Where it cannot be read back, that has to be said.
  board->flips_bit_at.reset();
  EXPECT_THAT(flashed({{"serial", "DFU1"}, {"id", "1234:0002"}}, image, 0),
              HasSubstr("no device in DFU mode with this serial or port is attached"));
}

TEST_F(DfuTest, WithoutUploadNothingIsCompared) {
  const auto board = plug<Dfu>("1-1", virtual_usb::DfuFacts{.uploads = false});
  const auto image = pattern(2000);
  EXPECT_THAT(flashed({{"port", "1-1"}}, image, 0), HasSubstr("say read-back: false"));
  ASSERT_EQ(flashed({{"port", "1-1"}, {"read-back", false}}, image, 0), "no error");
  EXPECT_EQ(part(board->memory, 0, 2000), image);
}

TEST_F(DfuTest, SaysWhatIsWrong) {
  const auto image = pattern(6000);
  EXPECT_THAT(flashed(st, image),
              HasSubstr("no device in DFU mode with this serial or port is attached: is the board "
                        "in its bootloader? ('dfu-util"));
  const auto chip = plug<Dfu>("1-1", virtual_usb::DfuFacts{.st = true});
  EXPECT_THAT(flashed({{"serial", "other"}, {"dfuse", true}}, image),
              HasSubstr("no device in DFU mode with this serial or port is attached"));
  chip->locked = true;
  EXPECT_THAT(flashed(st, image), HasSubstr("the chip is locked against reading and writing"));
  chip->locked = false;
  chip->flips_bit_at = base + 0x1001;
  EXPECT_EQ(flashed(st, image),
            "device DFU1: the flash reads back other than written, from 0x8001001 on");
  chip->flips_bit_at.reset();
  chip->fails_to_erase = base + 0x1000;
  EXPECT_THAT(flashed(st, image, base, false, 0x2000), HasSubstr("the chip could not be erased"));
  chip->fails_to_erase.reset();
  EXPECT_THAT(flashed(st, image, 0x20000000), HasSubstr("has no flash at an address of this file"));
  EXPECT_THAT(
      flashed({{"serial", "DFU1"}, {"dfuse", true}, {"program", "/nowhere/dfu-util"}}, image),
      HasSubstr("there is no program '/nowhere/dfu-util'; type: apt-get install dfu-util"));
}

TEST_F(DfuTest, ItsCheckTellsWhetherItIsInDfuMode) {
  const auto device = make("dfu-util", st);
  EXPECT_EQ(device->check("flash", order()).value(), abilities::Health::unproven);
  plug<Dfu>("1-1", virtual_usb::DfuFacts{.st = true});
  EXPECT_EQ(device->check("flash", order()).value(), abilities::Health::proven);
}

TEST_F(DfuTest, ADeviceThatMayNotBeOpenedNamesTheCure) {
  plug<Dfu>("1-1", virtual_usb::DfuFacts{.st = true});
  ASSERT_EQ(chmod(bed.real_path(bed.node("1-1")).c_str(), 0), 0);
  // Root may open it all the same, unless that right is taken away.
  const auto program =
      file("dfu-util", bytes_of("#!/bin/sh\n[ $(id -u) = 0 ] || exec dfu-util \"$@\"\nexec setpriv "
                                "--bounding-set=-dac_override,-dac_read_search dfu-util \"$@\"\n"));
  ASSERT_EQ(chmod(program.c_str(), 0755), 0);
  auto settings = st;
  settings["program"] = program;
  EXPECT_THAT(flashed(settings, pattern(100)),
              HasSubstr("the device may not be opened: install the udev rules of Assay"));
}

// `enter` brings the board into its bootloader, for which dfu-util then waits.
TEST_F(DfuTest, EntersTheBootloaderByACommand) {
  const auto fifo = folder.path() / "fifo";
  ASSERT_EQ(mkfifo(fifo.c_str(), 0600), 0);
  // Not in the thread: umockdev lets nobody else open anything while one waits in open().
  const UniqueFd sign(open(fifo.c_str(), O_RDWR | O_CLOEXEC));
  std::thread hand([&] {
    std::array<std::uint8_t, 16> now;
    (void)read_some(sign.get(), now, order().wait);  // until the command has written
    plug<Dfu>("1-1", virtual_usb::DfuFacts{.st = true});
  });
  auto settings = st;
  settings["enter"] = {"/bin/sh", "-c", "echo now > " + fifo.string()};
  EXPECT_EQ(flashed(settings, pattern(100)), "no error");
  hand.join();
  settings["enter"] = {"/bin/sh", "-c", "echo no such relay; exit 3"};
  EXPECT_EQ(flashed(settings, pattern(100)),
            "entering the bootloader: '/bin/sh -c echo no such relay; exit 3': exit status 3: no "
            "such relay");
}

TEST_F(DfuTest, RefusesSettingsThatNameNoDevice) {
  EXPECT_EQ(refusal("dfu-util", Json::object()), "driver dfu-util: 'serial' or 'port' is needed");
  EXPECT_EQ(refusal("dfu-util", {{"serial", "A,B"}}),
            "driver dfu-util: 'serial' is that of one device: 'A,B' has a comma");
  EXPECT_EQ(refusal("dfu-util", {{"serial", "A"}, {"id", "0483"}}),
            "driver dfu-util: 'id' must be VENDOR:PRODUCT in hexadecimal, such as 0483:df11");
}

}  // namespace
}  // namespace assay::usb_test
