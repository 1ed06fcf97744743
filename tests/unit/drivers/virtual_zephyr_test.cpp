// The driver virtual-zephyr by the abilities alone, as a device host sees it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>

#include "base/file.hpp"
#include "drivers/console_feed.hpp"
#include "drivers/driver.hpp"

using namespace assay;
using namespace assay::drivers;
using abilities::Order;
using testing::HasSubstr;
using namespace std::chrono_literals;

namespace {

std::string error_of(const auto& result) {
  return result ? "no error" : result.error().text;
}

std::filesystem::path firmware(std::string_view name) {
  const char* cache = std::getenv("ASSAY_CACHE");
  const std::filesystem::path root =
      cache != nullptr ? cache : std::filesystem::path(ASSAY_REPOSITORY) / ".cache";
  return root / "firmware" / name;
}

}  // namespace

TEST(VirtualZephyr, GivesEveryAbility) {
  const auto folder = TempFolder::make("assay-driver-").value();
  auto made = make_driver({"virtual-zephyr", "{}", folder.path() / "machine", nullptr});
  ASSERT_TRUE(made) << made.error().text;
  auto& board = **made;
  const Order order{1, Wait::for_(60s)};
  ASSERT_TRUE(board.flash()->write(order, {.file = firmware("base.hex"), .erase_chip = true}));
  ASSERT_TRUE(board.power()->on(order));
  EXPECT_EQ(board.power()->is_on(order).value(), true);
  std::string said;
  BootTime last{};
  const auto says = [&](std::string_view words) {
    while (said.find(words) == std::string::npos) {
      std::vector<pollfd> fds;
      board.poll_fds(fds, false);
      if (!wait_ready(fds, Wait::for_(20s))) return false;
      board.on_ready(fds);
    }
    return true;
  };
  board.console()->listen([&](const abilities::ConsoleChunk& chunk) {
    EXPECT_GE(chunk.at, last);
    last = chunk.at;
    said += as_text(chunk.bytes);
  });
  ASSERT_TRUE(says("smp_sample: build time")) << said;
  for (const auto* ability : {"power", "flash", "console", "reset"}) {
    EXPECT_TRUE(board.check(ability, order)) << ability;
  }
  said.clear();
  ASSERT_TRUE(board.reset()->pulse(order));
  ASSERT_TRUE(says("Booting MCUboot"));
  const auto slot = board.flash()->read(order, 0x8000, 4).value();
  EXPECT_EQ(slot, (Bytes{0x3d, 0xb8, 0xf3, 0x96}));
  // Console bytes are not waited for while nobody can take them.
  std::vector<pollfd> all, full;
  board.poll_fds(all, false);
  board.poll_fds(full, true);
  EXPECT_EQ(full.size() + 1, all.size());
  ASSERT_TRUE(board.power()->off(order));
  EXPECT_EQ(board.power()->is_on(order).value(), false);
  EXPECT_EQ(error_of(board.console()->write(order, as_bytes("x"))),
            "the board is off: switch it on first");
}

TEST(VirtualZephyr, ADamagedHexIsNotFlashed) {
  const auto folder = TempFolder::make("assay-driver-").value();
  auto board = make_driver({"virtual-zephyr", "{}", folder.path() / "machine", nullptr}).value();
  const auto file = folder.path() / "bad.hex";
  ASSERT_TRUE(write_file(file, as_bytes(":0000000000\n")));
  const auto written =
      board->flash()->write({1, Wait::for_(60s)}, {.file = file, .erase_chip = true});
  ASSERT_FALSE(written);
  EXPECT_EQ(written.error().cause, Cause::invalid);
  EXPECT_THAT(written.error().text, HasSubstr("bad.hex:1"));
}

TEST(ConsoleFeed, KeepsTheLastMebibyteForTheFirstListener) {
  ConsoleFeed feed;
  const Bytes piece(300'000, 'a');
  for (int i = 0; i < 5; ++i) {
    auto now = piece;
    now.back() = static_cast<std::uint8_t>('0' + i);
    feed.push(BootTime{i}, now);
  }
  std::string said;
  feed.listen([&](const abilities::ConsoleChunk& chunk) { said += as_text(chunk.bytes); });
  EXPECT_EQ(said.size(), ConsoleFeed::backlog);
  EXPECT_EQ(said.back(), '4');
  feed.push(BootTime{9}, as_bytes("x"));
  EXPECT_EQ(said.size(), ConsoleFeed::backlog + 1);
}
