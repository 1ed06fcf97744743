// The emulated probe's command processor and debug port, on a target that is
// nothing but memory.
#include "virtual_usb/cmsis_dap.hpp"

#include <gtest/gtest.h>

#include <map>

namespace assay::virtual_usb {
namespace {

struct Memory final : DebugTarget {
  std::map<std::uint32_t, std::uint8_t> bytes;
  bool has_power = true;
  int words_at_once = 0, disconnects = 0, ends = 0;
  std::optional<bool> line;

  static bool mapped(std::uint32_t address) { return address < 0x30000000; }
  bool powered() override { return has_power; }
  std::optional<std::uint32_t> read(std::uint32_t address, int size) override {
    if (!mapped(address)) return std::nullopt;
    std::uint32_t value = 0;
    for (int i = 0; i < size; ++i)
      value |= static_cast<std::uint32_t>(bytes[address + static_cast<std::uint32_t>(i)]) << 8 * i;
    return value;
  }
  bool write(std::uint32_t address, std::uint32_t value, int size) override {
    if (!mapped(address)) return false;
    for (int i = 0; i < size; ++i)
      bytes[address + static_cast<std::uint32_t>(i)] = static_cast<std::uint8_t>(value >> 8 * i);
    return true;
  }
  std::optional<std::vector<std::uint32_t>> read_words(std::uint32_t address,
                                                       std::size_t count) override {
    ++words_at_once;
    std::vector<std::uint32_t> words;
    for (std::size_t i = 0; i < count; ++i) {
      const auto word = read(address + static_cast<std::uint32_t>(4 * i), 4);
      if (!word) return std::nullopt;
      words.push_back(*word);
    }
    return words;
  }
  bool write_words(std::uint32_t address, std::span<const std::uint32_t> words) override {
    ++words_at_once;
    for (const std::uint32_t word : words) {
      if (!write(address, word, 4)) return false;
      address += 4;
    }
    return true;
  }
  void end_of_command() override { ++ends; }
  void disconnected() override { ++disconnects; }
  void reset_line(bool low) override { line = low; }
};

// Requests of a transfer: access port 1, read 2, then the register's address.
constexpr std::uint8_t dp_idr = 0x02, dp_abort = 0x00, dp_ctrl = 0x04, dp_ctrl_read = 0x06,
                       dp_select = 0x08;
constexpr std::uint8_t ap_csw = 0x01, ap_tar = 0x05, ap_drw = 0x0D, ap_drw_read = 0x0F;

struct Probe : testing::Test {
  Memory memory;
  CmsisDap dap{"A55A0001", memory};

  Bytes ask(Bytes command) {
    EXPECT_EQ(dap.out(1, command).kind, Answer::Kind::done);
    return dap.in(0x81, 512).bytes;
  }
  static void word(Bytes& to, std::uint32_t value) {
    for (int i = 0; i < 4; ++i) to.push_back(static_cast<std::uint8_t>(value >> 8 * i));
  }
  Bytes write(std::uint8_t request, std::uint32_t value) {
    Bytes command{0x05, 0, 1, request};
    word(command, value);
    return ask(command);
  }
  Bytes read(std::uint8_t request) { return ask({0x05, 0, 1, request}); }
  static std::uint32_t value(const Bytes& reply, std::size_t at = 3) {
    std::uint32_t got = 0;
    for (std::size_t i = 0; i < 4; ++i)
      got |= static_cast<std::uint32_t>(reply.at(at + i)) << 8 * i;
    return got;
  }
};

TEST_F(Probe, SaysWhatItIs) {
  EXPECT_EQ(as_text(ask({0x00, 0x03})), std::string("\0\x09"
                                                    "A55A0001\0",
                                                    11));
  EXPECT_EQ(ask({0x00, 0xF0}), (Bytes{0, 1, 1}));
  EXPECT_EQ(ask({0x00, 0xFF}), (Bytes{0, 2, 0, 2}));
  EXPECT_EQ(ask({0x02, 2}), (Bytes{0x02, 0}));  // JTAG: no
  EXPECT_EQ(ask({0x7E}), (Bytes{0xFF}));
}

TEST_F(Probe, ReadsTheDebugPortAndPowersIt) {
  EXPECT_EQ(value(read(dp_idr)), 0x0BB11477U);
  write(dp_ctrl, 0x50000000);
  EXPECT_EQ(value(read(dp_ctrl_read)), 0xF0000000U);
}

TEST_F(Probe, NobodyAnswersWithoutPower) {
  memory.has_power = false;
  EXPECT_EQ(read(dp_idr), (Bytes{0x05, 0, 7}));
}

TEST_F(Probe, MemoryIsReadAndWrittenInEverySize) {
  write(ap_csw, 0x23000052);  // words
  write(ap_tar, 0x20000000);
  write(ap_drw, 0x44332211);
  write(ap_csw, 0x23000050);  // bytes, in the lane of their address
  write(ap_tar, 0x20000002);
  EXPECT_EQ(value(read(ap_drw_read)), 0x00330000U);
  write(ap_tar, 0x20000001);
  write(ap_drw, 0x0000AA00);
  EXPECT_EQ(memory.read(0x20000000, 4), 0x4433AA11U);
  write(ap_csw, 0x23000051);  // halfwords
  write(ap_tar, 0x20000002);
  EXPECT_EQ(value(read(ap_drw_read)), 0x44330000U);
}

TEST_F(Probe, ABlockGoesAtOnceAndWrapsAtAKilobyte) {
  write(ap_csw, 0x23000052);
  write(ap_tar, 0x200003F8);
  Bytes command{0x06, 0, 4, 0, ap_drw};
  for (std::uint32_t i = 1; i <= 4; ++i) word(command, i);
  EXPECT_EQ(ask(command), (Bytes{0x06, 4, 0, 1}));
  EXPECT_EQ(memory.words_at_once, 2);
  EXPECT_EQ(memory.read(0x200003FC, 4), 2U);
  EXPECT_EQ(memory.read(0x20000000, 4), 3U);  // as of real ones: tools write the address anew
  write(ap_tar, 0x200003F8);
  const Bytes reply = ask({0x06, 0, 2, 0, ap_drw_read});
  EXPECT_EQ(value(reply, 4), 1U);
  EXPECT_EQ(value(reply, 8), 2U);
}

TEST_F(Probe, PackedTransfersAreNotThere) {
  write(ap_csw, 0x23000062);
  EXPECT_EQ(value(read(0x03)) & 0x30, 0U);  // so that the host does without
}

TEST_F(Probe, AFaultSticksUntilItIsCleared) {
  write(ap_csw, 0x23000052);
  write(ap_tar, 0x80000000);
  EXPECT_EQ(read(ap_drw_read), (Bytes{0x05, 0, 4}));
  write(dp_select, 0);
  EXPECT_EQ(value(read(dp_ctrl_read)) & 0x20, 0x20U);
  EXPECT_EQ(write(ap_tar, 0x20000000), (Bytes{0x05, 0, 4}));
  write(dp_abort, 4);
  EXPECT_EQ(write(ap_tar, 0x20000000), (Bytes{0x05, 1, 1}));
  EXPECT_EQ(read(ap_drw_read), (Bytes{0x05, 1, 1, 0, 0, 0, 0}));
}

TEST_F(Probe, ABlockThatFaultsSaysHowFarItCame) {
  write(ap_csw, 0x23000052);
  write(ap_tar, 0x2FFFFFFC);
  Bytes command{0x06, 0, 2, 0, ap_drw};
  word(command, 1);
  word(command, 2);
  // The address wraps within its kilobyte, so that the second word is not outside.
  EXPECT_EQ(ask(command), (Bytes{0x06, 2, 0, 1}));
  write(ap_tar, 0x30000000);
  EXPECT_EQ(ask(command), (Bytes{0x06, 0, 0, 4}));
}

TEST_F(Probe, WaitsForAValue) {
  write(ap_csw, 0x23000042);  // no increment
  write(ap_tar, 0x20000000);
  ask({0x04, 0, 0, 0, 3, 0});        // three more tries
  write(0x20 | ap_drw, 0x000000FF);  // the mask
  Bytes command{0x05, 0, 1, 0x10 | ap_drw_read};
  word(command, 0x12);
  EXPECT_EQ(ask(command), (Bytes{0x05, 0, 0x11}));
  memory.write(0x20000000, 0xAB12, 4);
  EXPECT_EQ(ask(command), (Bytes{0x05, 1, 1}));
}

TEST_F(Probe, CommandsThatAreCutShortReadAsZeros) {
  EXPECT_EQ(ask({0x05}), (Bytes{0x05, 0, 1}));
  EXPECT_EQ(ask({0x06, 0, 9, 0, ap_drw, 1}), (Bytes{0x06, 0, 0, 1}));
  EXPECT_EQ(dap.out(1, {}).kind, Answer::Kind::stall);
}

TEST_F(Probe, NoMoreThanItsPacketsWait) {
  for (int i = 0; i < 4; ++i) EXPECT_EQ(dap.out(1, Bytes{0x03}).kind, Answer::Kind::done);
  EXPECT_EQ(dap.out(1, Bytes{0x03}).kind, Answer::Kind::later);
  EXPECT_EQ(dap.in(0x81, 512).bytes, (Bytes{0x03, 0}));
  EXPECT_EQ(dap.out(1, Bytes{0x03}).kind, Answer::Kind::done);
  EXPECT_EQ(memory.disconnects, 5);
  EXPECT_EQ(memory.ends, 5);
}

TEST_F(Probe, MovesTheResetLine) {
  ask({0x10, 0x00, 0x80, 0, 0, 0, 0});
  EXPECT_EQ(memory.line, std::optional(true));
  ask({0x10, 0x80, 0x80, 0, 0, 0, 0});
  EXPECT_EQ(memory.line, std::optional(false));
}

}  // namespace
}  // namespace assay::virtual_usb
