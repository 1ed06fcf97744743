#include <gmock/gmock.h>
#include <signal.h>

#include "bench.hpp"

using namespace assay;
using namespace assay::virt;
using abilities::Incident;
using testing::HasSubstr;

namespace {

const Wait soon = Wait::for_(60s);
constexpr std::string_view app_ready = "smp_sample: build time";

std::string error_of(const auto& result) {
  return result ? "no error" : result.error().text;
}
Cause cause_of(const auto& result) {
  return result ? Cause::internal : result.error().cause;
}

// A program whose reset handler and fault handler are an undefined instruction:
// a fault in a fault. Before that it waits `loops` times round.
images::Segments locks_up() {
  Bytes bytes(0x102, 0);
  const auto word = [&](std::size_t at, std::uint32_t value) {
    for (std::size_t i = 0; i < 4; ++i) bytes[at + i] = static_cast<std::uint8_t>(value >> 8 * i);
  };
  word(0, 0x20004000);                                      // stack
  for (std::size_t i = 1; i < 16; ++i) word(4 * i, 0x101);  // all vectors
  bytes[0x100] = 0x00;                                      // udf #0
  bytes[0x101] = 0xDE;
  return {{{0, bytes}}};
}

}  // namespace

TEST(ZephyrMachine, RunsRealFirmwareAndKeepsItsFlash) {
  Bench board;
  auto& machine = board.machine();
  EXPECT_FALSE(machine.is_on());
  ASSERT_TRUE(board.flash_base());
  ASSERT_TRUE(machine.on(soon));
  EXPECT_TRUE(machine.is_on());
  ASSERT_TRUE(board.says(app_ready)) << board.said;
  // The very first bytes were kept.
  EXPECT_EQ(board.said.find("*** Booting MCUboot"), 0U) << board.said;
  EXPECT_TRUE(machine.check_power(soon));
  EXPECT_TRUE(machine.check_console());
  EXPECT_TRUE(machine.check_flash(soon));
  const auto running = board.whole_flash();
  EXPECT_EQ(running, board.load(firmware("base.hex")).flatten(0, 256 << 10).value());
  ASSERT_TRUE(machine.off());
  EXPECT_FALSE(machine.is_on());
  EXPECT_FALSE(machine.pid());
  EXPECT_EQ(board.whole_flash(), running);
  board.hear_anew();
  ASSERT_TRUE(machine.on(soon));
  EXPECT_TRUE(board.says(app_ready));
  EXPECT_TRUE(board.incidents.empty());
}

TEST(ZephyrMachine, ResetStartsTheProgramAnew) {
  Bench board;
  ASSERT_TRUE(board.flash_base());
  EXPECT_EQ(error_of(board.machine().reset(soon)), "the board is off: switch it on first");
  ASSERT_TRUE(board.machine().on(soon));
  ASSERT_TRUE(board.says(app_ready));
  const auto pid = board.machine().pid();
  board.hear_anew();
  ASSERT_TRUE(board.machine().reset(soon));
  EXPECT_TRUE(board.says("*** Booting MCUboot"));
  EXPECT_TRUE(board.says(app_ready));
  EXPECT_EQ(board.machine().pid(), pid);
}

TEST(ZephyrMachine, ABlankChipStandsStill) {
  Bench board;
  ASSERT_TRUE(board.machine().on(soon));
  EXPECT_FALSE(board.until([] { return false; }, 200ms));
  EXPECT_TRUE(board.machine().is_on());
  EXPECT_TRUE(board.machine().check_power(soon));
  EXPECT_EQ(board.whole_flash(), Bytes(256 << 10, 0xFF));
  ASSERT_TRUE(board.machine().reset(soon));
  // Flashed while on: resets and runs.
  ASSERT_TRUE(board.flash_base());
  EXPECT_TRUE(board.says(app_ready));
  EXPECT_TRUE(board.machine().is_on());
  ASSERT_TRUE(board.machine().off());
  EXPECT_TRUE(board.incidents.empty());
}

TEST(ZephyrMachine, WritesASlotAndReadsItBack) {
  Bench board;
  ASSERT_TRUE(board.flash_base());
  const auto v2 = board.load(firmware("v2.bin"), 0x22400);
  const auto& image = v2.all.at(0).bytes;
  const ZephyrMachine::Erase slot{.from = 0x22000, .size = 0x1a000};
  const auto in_slot = [&] {
    return board.machine().read_flash(0x22400, image.size(), soon).value_or(Bytes());
  };
  ASSERT_TRUE(board.machine().write_flash(v2, slot, soon));  // off
  EXPECT_EQ(in_slot(), image);
  ASSERT_TRUE(board.machine().on(soon));
  ASSERT_TRUE(board.says(app_ready));
  EXPECT_EQ(in_slot(), image);
  ASSERT_TRUE(board.machine().write_flash({}, slot, soon));  // on
  EXPECT_EQ(in_slot(), Bytes(image.size(), 0xFF));
  board.hear_anew();
  ASSERT_TRUE(board.machine().write_flash(v2, slot, soon));
  EXPECT_TRUE(board.says(app_ready));
  EXPECT_EQ(in_slot(), image);
}

TEST(ZephyrMachine, RefusesWhatCannotBeWritten) {
  Bench board;
  ASSERT_TRUE(board.flash_base());
  ASSERT_TRUE(board.machine().on(soon));
  ASSERT_TRUE(board.says(app_ready));
  const auto write = [&](std::uint64_t at, std::size_t size, ZephyrMachine::Erase erase) {
    return board.machine().write_flash({{{at, Bytes(size, 0)}}}, erase, soon);
  };
  EXPECT_EQ(error_of(write(0x3ffff, 2, {.chip = true})),
            "2 bytes at 0x3ffff do not lie in the flash (0 to 0x40000)");
  EXPECT_EQ(error_of(write(0x22000, 2, {.from = 0x22001, .size = 1024})),
            "erasing 1024 bytes at 0x22001: whole pages of 1024 bytes only");
  EXPECT_EQ(error_of(board.machine().write_flash({{{0x8000, Bytes(4, 0xFF)}}}, {}, soon)),
            "address 0x8000 is written but not erased: erase all that the file covers");
  EXPECT_EQ(cause_of(board.machine().read_flash(0x3ffff, 2, soon)), Cause::invalid);
  // Nothing was touched, the program runs on.
  EXPECT_TRUE(board.machine().check_power(soon));
  EXPECT_EQ(board.whole_flash(), board.load(firmware("base.hex")).flatten(0, 256 << 10).value());
}

TEST(ZephyrMachine, KilledQemuIsGoneAndItsFlashUnknown) {
  Bench board;
  ASSERT_TRUE(board.flash_base());
  ASSERT_TRUE(board.machine().on(soon));
  ASSERT_TRUE(board.says(app_ready));
  kill(*board.machine().pid(), SIGKILL);
  ASSERT_TRUE(board.until([&] { return !board.incidents.empty(); }));
  EXPECT_EQ(board.incidents[0].kind, Incident::Kind::gone);
  EXPECT_THAT(board.incidents[0].text,
              HasSubstr("QEMU ended by itself: killed by signal 9 (Killed)"));
  EXPECT_FALSE(board.machine().is_on());
  EXPECT_EQ(cause_of(board.machine().check_power(soon)), Cause::device);
  EXPECT_EQ(cause_of(board.machine().check_console()), Cause::device);
  constexpr auto unknown = "flash contents are unknown after a crash: flash the whole chip first";
  EXPECT_EQ(error_of(board.machine().check_flash(soon)), unknown);
  ASSERT_TRUE(board.machine().off());
  EXPECT_TRUE(board.machine().check_flash(soon)) << "it can be flashed, and so used again";
  EXPECT_EQ(error_of(board.machine().on(soon)), unknown);
  EXPECT_EQ(cause_of(board.machine().on(soon)), Cause::device);
  // A new host finds the same; a slot write does not help, a whole chip does.
  board.unplug();
  board.plug_in();
  EXPECT_EQ(error_of(board.machine().on(soon)), unknown);
  const ZephyrMachine::Erase slot{.from = 0x22000, .size = 0x1a000};
  EXPECT_EQ(error_of(board.machine().write_flash({}, slot, soon)), unknown);
  ASSERT_TRUE(board.flash_base());
  board.hear_anew();
  ASSERT_TRUE(board.machine().on(soon));
  EXPECT_TRUE(board.says(app_ready));
  EXPECT_EQ(board.incidents.size(), 1U);
}

// Also when nobody waits but somebody asks for something.
TEST(ZephyrMachine, AnOperationThatFindsQemuGoneSaysSo) {
  Bench board;
  ASSERT_TRUE(board.flash_base());
  ASSERT_TRUE(board.machine().on(soon));
  ASSERT_TRUE(board.says(app_ready));
  kill(*board.machine().pid(), SIGKILL);
  const auto reset = board.machine().reset(soon);
  EXPECT_EQ(cause_of(reset), Cause::device);
  EXPECT_THAT(error_of(reset), HasSubstr("killed by signal 9"));
  ASSERT_EQ(board.incidents.size(), 1U);
  EXPECT_EQ(board.incidents[0].kind, Incident::Kind::gone);
}

TEST(ZephyrMachine, ALockupIsTheGuestsAndKeepsTheFlash) {
  Bench board;
  ASSERT_TRUE(board.machine().write_flash(locks_up(), {.chip = true}, soon));
  const auto flash = board.whole_flash();
  ASSERT_TRUE(board.machine().on(soon));
  ASSERT_TRUE(board.until([&] { return !board.incidents.empty(); }, 5s));
  EXPECT_EQ(board.incidents[0].kind, Incident::Kind::guest_fault);
  EXPECT_THAT(board.incidents[0].text, HasSubstr("the processor locked up: qemu: fatal: Lockup"));
  // The supply is on and no part of the lab is at fault.
  EXPECT_TRUE(board.machine().is_on());
  EXPECT_TRUE(board.machine().check_power(soon));
  EXPECT_TRUE(board.machine().check_console());
  EXPECT_TRUE(board.machine().check_flash(soon));
  EXPECT_EQ(board.whole_flash(), flash);
  // A reset starts it again, into the same lockup.
  ASSERT_TRUE(board.machine().reset(soon));
  ASSERT_TRUE(board.until([&] { return board.incidents.size() >= 2; }, 5s));
  EXPECT_EQ(board.incidents[1].kind, Incident::Kind::guest_fault);
  ASSERT_TRUE(board.machine().off());
  EXPECT_FALSE(board.machine().is_on());
  EXPECT_EQ(board.whole_flash(), flash);
  // And another program works.
  ASSERT_TRUE(board.flash_base());
  ASSERT_TRUE(board.machine().on(soon));
  EXPECT_TRUE(board.says(app_ready));
}

TEST(ZephyrMachine, FlashingALockedUpBoardStartsIt) {
  Bench board;
  ASSERT_TRUE(board.machine().write_flash(locks_up(), {.chip = true}, soon));
  ASSERT_TRUE(board.machine().on(soon));
  ASSERT_TRUE(board.until([&] { return !board.incidents.empty(); }, 5s));
  ASSERT_TRUE(board.flash_base());
  EXPECT_TRUE(board.says(app_ready));
}

// Without the library that holds QEMU, what the flash held is not known.
TEST(ZephyrMachine, ALockupWithoutTheHoldLibraryLosesTheFlash) {
  Bench board("");
  ASSERT_TRUE(board.machine().write_flash(locks_up(), {.chip = true}, soon));
  ASSERT_TRUE(board.machine().on(soon));
  ASSERT_TRUE(board.until([&] { return !board.incidents.empty(); }, 5s));
  EXPECT_EQ(board.incidents[0].kind, Incident::Kind::guest_fault);
  EXPECT_EQ(cause_of(board.machine().reset(soon)), Cause::device);
  ASSERT_TRUE(board.machine().off());
  EXPECT_EQ(error_of(board.machine().on(soon)),
            "flash contents are unknown after a crash: flash the whole chip first");
}

TEST(ZephyrMachine, OneHostABoard) {
  Bench board;
  const auto second = ZephyrMachine::open({.state_folder = board.state()});
  EXPECT_EQ(cause_of(second), Cause::refused);
}

TEST(ZephyrMachine, SaysThatQemuIsMissing) {
  const auto folder = TempFolder::make("assay-bench-").value();
  auto machine =
      ZephyrMachine::open({.state_folder = folder.path(), .qemu = "qemu-system-nothing"}).value();
  const auto on = machine->on(soon);
  EXPECT_EQ(cause_of(on), Cause::device);
  EXPECT_EQ(error_of(on),
            "qemu-system-nothing: No such file or directory: install the package qemu-system-arm");
  // Nothing ran, so nothing is unknown.
  EXPECT_TRUE(machine->read_flash(0, 4, soon));
}

// Nothing of a machine stays behind, and a host that ends keeps the flash.
TEST(ZephyrMachine, ClosedByItsHostKeepsTheFlash) {
  Bench board;
  ASSERT_TRUE(board.flash_base());
  ASSERT_TRUE(board.machine().on(soon));
  ASSERT_TRUE(board.says(app_ready));
  const auto pid = *board.machine().pid();
  board.unplug();
  EXPECT_NE(kill(pid, 0), 0);
  std::vector<std::string> left;
  for (const auto& entry : std::filesystem::directory_iterator(board.state())) {
    left.push_back(entry.path().filename());
  }
  EXPECT_THAT(left, testing::UnorderedElementsAre("flash.bin", "lock"));
  board.plug_in();
  board.hear_anew();
  ASSERT_TRUE(board.machine().on(soon));
  EXPECT_TRUE(board.says(app_ready));
}
