// Over-the-air updates by the SMP client against the real MCUboot and Zephyr.
#include <gmock/gmock.h>

#include "bench.hpp"

using namespace assay;
using namespace assay::virt;

namespace {

constexpr std::string_view app_ready = "smp_sample: build time";

std::string error_of(const auto& result) {
  return result ? "no error" : result.error().text;
}

// slot: version, flags
std::vector<std::string> words(const Result<std::vector<smp::ImageSlot>>& slots) {
  std::vector<std::string> all;
  if (!slots) return {slots.error().text};
  for (const auto& slot : *slots) {
    all.push_back(fmt::format("{}: {}{}{}{}{}", slot.slot, slot.version,
                              slot.active ? " active" : "", slot.confirmed ? " confirmed" : "",
                              slot.pending ? " pending" : "", slot.permanent ? " permanent" : ""));
  }
  return all;
}

class Update : public testing::Test {
 protected:
  void SetUp() override {
    const auto start = BootTime::now();
    ASSERT_TRUE(board.flash_base());
    const auto flashed = BootTime::now();
    ASSERT_TRUE(board.machine().on(wait));
    ASSERT_TRUE(board.says(app_ready)) << board.said;
    RecordProperty("flash_ms", ms(flashed - start));
    RecordProperty("on_to_ready_ms", ms(BootTime::now() - flashed));
    v2 = read_file(firmware("v2.bin"), 1 << 20).value();
  }
  static std::string ms(Duration d) { return std::to_string(d.count() / 1'000'000); }

  Bytes hash_in_slot(std::uint32_t slot) {
    const auto slots = client.images(wait).value_or(std::vector<smp::ImageSlot>());
    for (const auto& one : slots) {
      if (one.slot == slot) return one.hash;
    }
    return {};
  }
  void reset_by_smp() {
    board.hear_anew();
    ASSERT_TRUE(client.reset(wait));
    ASSERT_TRUE(board.says("*** Booting MCUboot"));
    ASSERT_TRUE(board.says(app_ready)) << board.said;
  }

  const Wait wait = Wait::for_(100s);
  Bench board;
  smp::Client client{board};
  Bytes v2;
};

}  // namespace

TEST_F(Update, OsGroup) {
  EXPECT_EQ(client.echo("hello, board", wait).value_or("nothing"), "hello, board");
  const auto parameters = client.parameters(wait);
  ASSERT_TRUE(parameters) << parameters.error().text;
  EXPECT_EQ(parameters->buffer_size, 384U);
  EXPECT_EQ(parameters->buffer_count, 4U);
  const auto state = words(client.images(wait));
  EXPECT_EQ(state, (std::vector<std::string>{"0: 1.0.0 active confirmed"}));
  EXPECT_EQ(client.os_info("s", wait).value_or("nothing"), "Zephyr");
  // Built without it: the server says so in its own words.
  EXPECT_EQ(error_of(client.bootloader(wait)), "os bootloader info: error 8 (not supported)");
}

TEST_F(Update, TestedAndConfirmed) {
  const auto begin = BootTime::now();
  const auto uploaded = client.upload(v2, {}, wait);
  ASSERT_TRUE(uploaded) << uploaded.error().text;
  RecordProperty("upload_ms", ms(BootTime::now() - begin));

  EXPECT_EQ(board.machine().read_flash(0x22400, v2.size(), wait).value_or(Bytes()), v2);
  const auto new_hash = hash_in_slot(1);
  ASSERT_EQ(new_hash.size(), 32U);
  EXPECT_EQ(words(client.test(new_hash, wait)),
            (std::vector<std::string>{"0: 1.0.0 active confirmed", "1: 2.0.0 pending"}));
  const auto swap = BootTime::now();
  reset_by_smp();
  RecordProperty("swap_ms", ms(BootTime::now() - swap));
  EXPECT_NE(board.said.find("Image index: 0, Swap type: test"), std::string::npos) << board.said;
  EXPECT_NE(board.said.find("Image version: v2.0.0"), std::string::npos) << board.said;
  EXPECT_EQ(words(client.images(wait)),
            (std::vector<std::string>{"0: 2.0.0 active", "1: 1.0.0 confirmed"}));
  EXPECT_EQ(words(client.confirm({}, wait)),
            (std::vector<std::string>{"0: 2.0.0 active confirmed"}));
  RecordProperty("round_ms", ms(BootTime::now() - begin));
  reset_by_smp();
  EXPECT_EQ(hash_in_slot(0), new_hash);
  // And it survives a power cycle.
  ASSERT_TRUE(board.machine().off());
  board.hear_anew();
  ASSERT_TRUE(board.machine().on(wait));
  ASSERT_TRUE(board.says(app_ready));
  EXPECT_EQ(hash_in_slot(0), new_hash);
}

TEST_F(Update, UnconfirmedIsRevertedAndErased) {
  ASSERT_TRUE(client.upload(v2, {}, wait));
  ASSERT_TRUE(client.test(hash_in_slot(1), wait));
  reset_by_smp();
  EXPECT_NE(board.said.find("Image version: v2.0.0"), std::string::npos) << board.said;
  reset_by_smp();
  EXPECT_NE(board.said.find("Image index: 0, Swap type: revert"), std::string::npos) << board.said;
  EXPECT_NE(board.said.find("Image version: v1.0.0"), std::string::npos) << board.said;
  EXPECT_EQ(words(client.images(wait)),
            (std::vector<std::string>{"0: 1.0.0 active confirmed", "1: 2.0.0"}));
  const auto erased = client.erase({}, wait);
  ASSERT_TRUE(erased) << erased.error().text;
  EXPECT_EQ(words(client.images(wait)), (std::vector<std::string>{"0: 1.0.0 active confirmed"}));
}

TEST_F(Update, UploadOverABadLine) {
  smp::Client patient(board, {.answer_within = 300ms, .attempts = 6});
  board.lose_request = [](int n) { return n % 19 == 3; };
  board.lose_answer = [](int n) { return n % 23 == 4; };
  const auto uploaded = patient.upload(v2, {}, wait);
  ASSERT_TRUE(uploaded) << uploaded.error().text;
  EXPECT_GT(patient.repeats(), 5U);
  EXPECT_EQ(board.machine().read_flash(0x22400, v2.size(), wait).value_or(Bytes()), v2);
}

TEST_F(Update, UploadThatWasCutOffIsResumed) {
  const auto cut = [](std::size_t done, std::size_t) {
    if (done > 20'000) throw done;
  };
  EXPECT_THROW((void)client.upload(v2, {.progress = cut}, wait), std::size_t);
  std::size_t first = 0;
  const auto note = [&](std::size_t done, std::size_t) {
    if (first == 0) first = done;
  };
  const auto uploaded = client.upload(v2, {.progress = note}, wait);
  ASSERT_TRUE(uploaded) << uploaded.error().text << "\nit said:\n" << board.said;
  EXPECT_GT(first, 20'000U);
  EXPECT_EQ(board.machine().read_flash(0x22400, v2.size(), wait).value_or(Bytes()), v2);
}

TEST_F(Update, RefusalsOfTheRealServer) {
  EXPECT_EQ(error_of(client.test(Bytes(32, 7), wait)),
            "img test: image group error 8 (no image with this hash)");
  const auto large = client.upload(Bytes(200'000, 7), {}, wait);
  EXPECT_EQ(error_of(large),
            "img upload: image group error 23 (wrong magic number in the image header)");
  EXPECT_TRUE(client.echo("still there", wait));
}
