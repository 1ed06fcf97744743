#include "spool/spool.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>
#include <signal.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/file.hpp"
#include "wire/event.hpp"

namespace assay::spool {
namespace {

namespace fs = std::filesystem;
using namespace evidence;

class SpoolTest : public testing::Test {
 protected:
  std::shared_ptr<Spool> create(const std::string& attempt, Limits limits = {}) {
    auto spool = Spool::create(folder_.path(), attempt, limits);
    EXPECT_TRUE(spool) << spool.error().text;
    return std::move(*spool);
  }
  static Event note(const std::string& text) { return {0, {}, "", "", Note{text}}; }
  static std::vector<std::uint64_t> numbers(const std::vector<std::string>& events) {
    std::vector<std::uint64_t> all;
    for (const auto& event : events) all.push_back(wire::decode_event(as_bytes(event))->seq);
    return all;
  }
  TempFolder folder_ = std::move(*TempFolder::make("assay-spool-test"));
};

TEST_F(SpoolTest, numbers_events_and_gives_them_back_in_order) {
  const auto spool = create("r1.1.1");
  EXPECT_EQ(spool->append(note("a")), 1u);
  EXPECT_EQ(spool->append(note("b")), 2u);
  EXPECT_EQ(numbers(*spool->read(0, 1 << 20)), (std::vector<std::uint64_t>{1, 2}));
  EXPECT_EQ(numbers(*spool->read(1, 1 << 20)), (std::vector<std::uint64_t>{2}));
  spool->acknowledge(1);
  EXPECT_EQ(numbers(*spool->read(0, 1 << 20)), (std::vector<std::uint64_t>{2}))
      << "the first is forgotten";
}

TEST_F(SpoolTest, is_delivered_only_with_its_last_event) {
  const auto spool = create("r1.1.1");
  spool->append(note("a"));
  spool->acknowledge(1);
  EXPECT_FALSE(spool->delivered());
  spool->append({0, {}, "", "", AttemptEnded{Verdict::passed, "", -1, false}});
  EXPECT_TRUE(spool->complete());
  EXPECT_FALSE(spool->delivered());
  spool->acknowledge(7);  // more than there is: bounded by what was appended
  EXPECT_TRUE(spool->delivered());
  EXPECT_EQ(spool->acknowledged(), 2u);
}

TEST_F(SpoolTest, cut_anywhere_it_reopens_with_its_whole_records) {
  {
    const auto spool = create("r1.1.1");
    for (int i = 0; i < 5; ++i) spool->append(note("event " + std::to_string(i)));
  }
  const Bytes whole = *read_file(folder_.path() / "r1.1.1.spool", 1 << 20);
  const std::size_t record = whole.size() / 5;
  for (std::size_t size = 0; size <= whole.size(); ++size) {
    ASSERT_TRUE(write_file(folder_.path() / "r2.1.1.spool", ByteView(whole).first(size)));
    auto spool = Spool::reopen(folder_.path(), "r2.1.1");
    ASSERT_TRUE(spool) << spool.error().text;
    ASSERT_EQ((*spool)->last(), size / record) << "cut at byte " << size;
    ASSERT_EQ((*spool)->append(note("more")), size / record + 1);
  }
}

TEST_F(SpoolTest, a_flipped_bit_ends_it_there) {
  {
    const auto spool = create("r1.1.1");
    for (int i = 0; i < 5; ++i) spool->append(note("event " + std::to_string(i)));
  }
  Bytes bytes = *read_file(folder_.path() / "r1.1.1.spool", 1 << 20);
  bytes[bytes.size() / 2] ^= 4;
  ASSERT_TRUE(write_file(folder_.path() / "r1.1.1.spool", bytes));
  EXPECT_EQ((*Spool::reopen(folder_.path(), "r1.1.1"))->last(), 2u);
}

TEST_F(SpoolTest, a_flood_is_cut_with_a_note_and_stays_contiguous) {
  const auto spool = create("r1.1.1", {.console_bytes = 100, .memory_bytes = 1000});
  for (std::uint64_t i = 0; i < 10; ++i) {
    spool->append({0, {}, "dut", "b", ConsoleBytes{i * 40, false, Bytes(40, 'x')}});
  }
  spool->append(note("end"));
  const auto events = *spool->read(0, 1 << 20);
  EXPECT_EQ(numbers(events), (std::vector<std::uint64_t>{1, 2, 3, 4}));
  EXPECT_EQ(std::get<Note>(wire::decode_event(as_bytes(events[2]))->body).text,
            "the console said more than 0 MiB: its bytes are not kept from here on");
}

class CutSpoolTest : public SpoolTest {
 protected:
  // Three notes on disk, the second of them damaged.
  std::shared_ptr<Spool> damaged() {
    const auto spool = create("r1.1.1");
    for (const char* text : {"a", "b", "c"}) spool->append(note(text));
    Bytes bytes = *read_file(folder_.path() / "r1.1.1.spool", 1 << 20);
    bytes[bytes.size() / 2] ^= 4;
    const UniqueFd fd(open((folder_.path() / "r1.1.1.spool").c_str(), O_WRONLY | O_CLOEXEC));
    EXPECT_EQ(pwrite(fd.get(), bytes.data(), bytes.size(), 0), static_cast<ssize_t>(bytes.size()));
    return spool;
  }
  // The verdict and sentence of the last event.
  static std::pair<Verdict, std::string> end(const std::vector<std::string>& events) {
    const auto event = wire::decode_event(as_bytes(events.back()));
    const auto& ended = std::get<AttemptEnded>(event->body);
    return {ended.verdict, ended.sentence};
  }
  const std::pair<Verdict, std::string> lost_{
      Verdict::lab_error, "the agent cannot read back the events that it kept: the disk is gone"};
};

TEST_F(CutSpoolTest, what_can_be_read_back_is) {
  const auto spool = damaged();
  EXPECT_EQ(numbers(*spool->read(0, 1 << 20)), (std::vector<std::uint64_t>{1}));
  const auto second = spool->read(1, 1 << 20);
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().cause, Cause::io);
  EXPECT_EQ(second.error().text.substr(0, second.error().text.find(": byte")),
            (folder_.path() / "r1.1.1.spool").string());
}

TEST_F(CutSpoolTest, a_running_attempt_still_ends) {
  const auto spool = damaged();
  spool->cut(1, "the disk is gone");
  EXPECT_TRUE(spool->was_cut());
  EXPECT_EQ(spool->append(note("d")), 1u) << "nothing more is kept";
  EXPECT_FALSE(spool->complete());
  spool->append({0, {}, "", "", AttemptEnded{Verdict::passed, "", -1, false}});
  EXPECT_TRUE(spool->complete());
  EXPECT_EQ(numbers(*spool->read(0, 1 << 20)), (std::vector<std::uint64_t>{1, 2}));
  EXPECT_EQ(end(*spool->read(1, 1 << 20)), lost_);
  spool->acknowledge(2);
  EXPECT_TRUE(spool->delivered());
}

TEST_F(CutSpoolTest, one_that_had_ended_ends_at_once) {
  const auto spool = damaged();
  spool->append({0, {}, "", "", AttemptEnded{Verdict::passed, "", -1, false}});
  spool->cut(1, "the disk is gone");
  EXPECT_EQ(spool->last(), 2u);
  EXPECT_TRUE(spool->complete());
  EXPECT_EQ(end(*spool->read(1, 1 << 20)), lost_);
}

TEST_F(SpoolTest, an_attempt_is_spooled_once) {
  create("r1.1.1");
  const auto again = Spool::create(folder_.path(), "r1.1.1");
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().text, (folder_.path() / "r1.1.1.spool").string() + ": File exists");
  EXPECT_EQ(Spool::list(folder_.path()), std::vector<std::string>{"r1.1.1"});
}

// A file size limit stands for the full disk: the write fails the same way.
TEST_F(SpoolTest, what_a_full_disk_does_not_take_stays_in_memory) {
  const auto spool = create("r1.1.1");
  spool->append(note("on disk"));
  rlimit old{};
  getrlimit(RLIMIT_FSIZE, &old);
  signal(SIGXFSZ, SIG_IGN);
  const rlimit small{1, old.rlim_max};
  setrlimit(RLIMIT_FSIZE, &small);
  spool->append(note("in memory"));
  setrlimit(RLIMIT_FSIZE, &old);
  ASSERT_TRUE(spool->trouble());
  EXPECT_EQ(*spool->trouble(), (folder_.path() / "r1.1.1.spool").string() + ": File too large");
  spool->append({0, {}, "", "", AttemptEnded{Verdict::lab_error, "full", -1, true}});
  EXPECT_EQ(numbers(*spool->read(0, 1 << 20)), (std::vector<std::uint64_t>{1, 2, 3}));
}

}  // namespace
}  // namespace assay::spool
