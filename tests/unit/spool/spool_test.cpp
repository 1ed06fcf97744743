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

class FloodTest : public SpoolTest {
 protected:
  static Event says(std::uint64_t number, const std::string& role = "dut", std::size_t size = 100) {
    return {0, std::chrono::milliseconds(number), role, "b-" + role,
            ConsoleBytes{number * size, false, Bytes(size, static_cast<std::uint8_t>(number))}};
  }
  static Event end() { return {0, {}, "", "", AttemptEnded{Verdict::passed, "", -1, false}}; }
  static std::vector<Event> all(Spool& spool) {
    std::vector<Event> events;
    const auto encoded = *spool.read(0, 1ull << 30);
    for (const auto& event : encoded) events.push_back(*wire::decode_event(as_bytes(event)));
    return events;
  }
  // Of that role's console, in the order of events.
  static std::vector<std::uint64_t> offsets(const std::vector<Event>& events,
                                            const std::string& role = "dut") {
    std::vector<std::uint64_t> found;
    for (const auto& event : events) {
      const auto* console = std::get_if<ConsoleBytes>(&event.body);
      if (console != nullptr && event.role == role) found.push_back(console->offset);
    }
    return found;
  }
  static std::vector<std::string> notes(const std::vector<Event>& events) {
    std::vector<std::string> found;
    for (const auto& event : events) {
      if (const auto* note = std::get_if<Note>(&event.body)) found.push_back(note->text);
    }
    return found;
  }
};

TEST_F(FloodTest, keeps_head_and_tail_and_everything_else) {
  const auto spool = create("r1.1.1", {.attempt_bytes = 4096});
  for (std::uint64_t i = 0; i < 1000; ++i) {
    spool->append(says(i));
    if (i % 100 == 99) spool->append({0, {}, "dut", "b", PowerEdge{true, true}});
  }
  auto events = all(*spool);
  EXPECT_EQ(offsets(events).size(), 12u) << "164 bytes each, of 2048";
  EXPECT_EQ(notes(events),
            (std::vector<std::string>{"the console says much: from here on its last 2.0 KiB are "
                                      "kept, and follow when the attempt ends (limit 4.0 KiB an "
                                      "attempt)"}));
  spool->append(end());
  events = all(*spool);
  std::uint64_t edges = 0;
  for (std::size_t i = 0; i < events.size(); ++i) {
    EXPECT_EQ(events[i].seq, i + 1);
    edges += std::holds_alternative<PowerEdge>(events[i].body) ? 1 : 0;
  }
  EXPECT_EQ(edges, 10u);
  EXPECT_TRUE(std::holds_alternative<AttemptEnded>(events.back().body));
  const auto kept = offsets(events);
  const std::size_t tail = kept.size() - 12;
  EXPECT_GE(tail, 12u);
  std::vector<std::uint64_t> expected;
  for (std::uint64_t i = 0; i < 12; ++i) expected.push_back(i * 100);
  for (std::uint64_t i = 1000 - tail; i < 1000; ++i) expected.push_back(i * 100);
  EXPECT_EQ(kept, expected);
  EXPECT_EQ(events[events.size() - 2].at, std::chrono::milliseconds(999)) << "its own time";
  const auto said = notes(events);
  ASSERT_EQ(said.size(), 2u);
  EXPECT_EQ(said[1],
            fmt::format("{:.1f} KiB of the console are left out here, from 0.012 to {:.3f} "
                        "s (limit 4.0 KiB an attempt)",
                        static_cast<double>((1000 - tail - 12) * 100) / 1024,
                        static_cast<double>(1000 - tail - 1) / 1000));
}

TEST_F(FloodTest, a_tail_that_had_room_for_all_leaves_nothing_out) {
  const auto spool = create("r1.1.1", {.attempt_bytes = 4096});
  for (std::uint64_t i = 0; i < 20; ++i) spool->append(says(i));
  spool->append(end());
  const auto events = all(*spool);
  EXPECT_EQ(offsets(events).size(), 20u);
  EXPECT_EQ(notes(events).size(), 1u);
}

TEST_F(FloodTest, one_role_takes_nothing_from_another) {
  const auto spool = create("r1.1.1", {.attempt_bytes = 8192, .roles = 2});
  for (std::uint64_t i = 0; i < 1000; ++i) {
    spool->append(says(i));
    if (i % 100 == 0) spool->append(says(i / 100, "peer"));
  }
  spool->append(end());
  const auto events = all(*spool);
  EXPECT_EQ(offsets(events, "peer"),
            (std::vector<std::uint64_t>{0, 100, 200, 300, 400, 500, 600, 700, 800, 900}));
  EXPECT_LT(offsets(events).size(), 40u);
}

// Records of any size: never more than the limit, and the tail is the very end.
RC_GTEST_PROP(Flood, TailIsTheEnd, (const std::vector<std::uint8_t>& sizes)) {
  const auto folder = TempFolder::make("assay-flood").value();
  const auto spool = Spool::create(folder.path(), "r1.1.1", {.attempt_bytes = 4096}).value();
  Bytes all;
  for (std::size_t round = 0; round < 20; ++round) {
    for (const std::uint8_t size : sizes) {
      Bytes bytes;
      for (std::size_t i = 0; i < size; ++i)
        bytes.push_back(static_cast<std::uint8_t>((all.size() + i) * 7 / 3));
      spool->append({0, {}, "dut", "b", ConsoleBytes{all.size(), false, bytes}});
      all.insert(all.end(), bytes.begin(), bytes.end());
    }
  }
  spool->append({0, {}, "", "", AttemptEnded{Verdict::passed, "", -1, false}});
  std::uint64_t next = 0, gaps = 0, kept = 0, records = 0;
  const auto events = *spool->read(0, 1 << 20);
  for (const auto& encoded : events) {
    const auto event = *wire::decode_event(as_bytes(encoded));
    const auto* console = std::get_if<ConsoleBytes>(&event.body);
    if (console == nullptr) continue;
    RC_ASSERT(console->offset >= next);
    gaps += console->offset > next ? 1 : 0;
    next = console->offset + console->bytes.size();
    kept += console->bytes.size();
    ++records;
    RC_ASSERT(std::equal(console->bytes.begin(), console->bytes.end(),
                         all.begin() + static_cast<std::ptrdiff_t>(console->offset)));
  }
  RC_ASSERT(next == all.size());
  RC_ASSERT(gaps <= 1U);
  RC_ASSERT(kept <= 4096U);
  // Almost all of its share is used: an event takes up to 255 bytes and about 64 more.
  RC_ASSERT(kept == all.size() || kept + records * 64 > 3000U);
}

// Only with room to wrap: an event that is larger than the whole ring.
TEST_F(FloodTest, what_is_larger_than_the_ring_is_left_out) {
  auto tail = ConsoleTail::make(folder_.path() / "t", 1000).value();
  ASSERT_TRUE(tail.push(says(0)));
  ASSERT_TRUE(tail.push(says(1, "dut", 2000)));
  EXPECT_EQ(tail.left_out().bytes, 2100u);
  EXPECT_FALSE(tail.pop().value());
  ASSERT_TRUE(tail.push(says(2)));
  EXPECT_EQ(tail.pop().value()->at, std::chrono::milliseconds(2));
  EXPECT_TRUE(std::filesystem::is_empty(folder_.path())) << "its file has no name";
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
