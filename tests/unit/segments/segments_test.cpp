#include "segments/segments.hpp"

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <unistd.h>

#include <csignal>
#include <fstream>
#include <numeric>
#include <thread>

#include "base/file.hpp"
#include "base/log.hpp"
#include "segments/scan.hpp"
#include "wire/event.hpp"

namespace assay::segments {

namespace fs = std::filesystem;

namespace {

evidence::Event note(std::uint64_t seq, const std::string& text = "x") {
  return {seq, {}, "", "", evidence::Note{text}};
}
std::vector<evidence::Event> notes(std::uint64_t from, std::uint64_t to) {
  std::vector<evidence::Event> all;
  for (std::uint64_t seq = from; seq <= to; ++seq) all.push_back(note(seq, std::string(seq, 'n')));
  return all;
}
evidence::Event end(std::uint64_t seq) {
  return {seq, {}, "", "", evidence::AttemptEnded{evidence::Verdict::failed, "no", 2, false}};
}

class SegmentsTest : public testing::Test {
 protected:
  void SetUp() override {
    spdlog::set_level(spdlog::level::off);
    open();
  }
  void open(Limits limits = {}) {
    segments_.reset();
    auto opened = Segments::open(folder_.path() / "events", limits);
    ASSERT_TRUE(opened) << opened.error().text;
    segments_ = std::move(*opened);
  }
  fs::path file(const std::string& attempt = "r1.1.1") const {
    return folder_.path() / "events" / attempt.substr(0, attempt.find('.')) / (attempt + ".seg");
  }
  std::uint64_t append(const std::vector<evidence::Event>& events) {
    const auto stored = segments_->append("r1.1.1", events);
    EXPECT_TRUE(stored) << stored.error().text;
    return stored ? stored->last : 0;
  }
  std::vector<evidence::Event> all(std::uint64_t after = 0, std::size_t bytes = 1 << 30) {
    Cursor cursor{after, 0};
    auto events = segments_->read("r1.1.1", cursor, bytes);
    EXPECT_TRUE(events) << events.error().text;
    return events.value_or(std::vector<evidence::Event>{});
  }

  TempFolder folder_ = *TempFolder::make("assay-segments");
  std::unique_ptr<Segments> segments_;
};

}  // namespace

TEST_F(SegmentsTest, KnowTheirHighestRun) {
  const fs::path events = folder_.path() / "events";
  EXPECT_EQ(highest_run(events).value(), 0);
  EXPECT_EQ(highest_run(folder_.path() / "none").value(), 0);
  append(notes(1, 2));
  EXPECT_EQ(highest_run(events).value(), 1);
  for (const char* attempt : {"r9.1.1", "r10.2.1"}) {
    ASSERT_TRUE(segments_->append(attempt, notes(1, 1)));
  }
  for (const char* other : {"r", "r11x", "12", "x13"}) fs::create_directory(events / other);
  EXPECT_EQ(highest_run(events).value(), 10);
  EXPECT_FALSE(highest_run(file()));
}

TEST_F(SegmentsTest, KeepEventsInOrder) {
  EXPECT_EQ(segments_->stored("r1.1.1")->last, 0U);
  EXPECT_FALSE(fs::exists(file()));
  EXPECT_EQ(append(notes(1, 5)), 5U);
  EXPECT_EQ(append(notes(6, 9)), 9U);
  EXPECT_EQ(all(), notes(1, 9));
  EXPECT_EQ(all(7), notes(8, 9));
  EXPECT_TRUE(all(9).empty());
  open();
  EXPECT_EQ(all(), notes(1, 9));
}

TEST_F(SegmentsTest, DropDuplicatesAndRefuseGaps) {
  append(notes(1, 5));
  EXPECT_EQ(append(notes(1, 3)), 5U);
  EXPECT_EQ(append(notes(4, 7)), 7U);
  const auto gap = segments_->append("r1.1.1", notes(9, 9));
  ASSERT_FALSE(gap);
  EXPECT_EQ(gap.error().cause, Cause::invalid);
  EXPECT_EQ(gap.error().text, "event 9 follows event 7: what is between is missing");
  EXPECT_EQ(all(), notes(1, 7));
}

TEST_F(SegmentsTest, NothingFollowsTheEnd) {
  append(notes(1, 2));
  append({end(3)});
  EXPECT_EQ(append({end(3)}), 3U);
  const auto after = segments_->append("r1.1.1", notes(4, 4));
  ASSERT_FALSE(after);
  EXPECT_EQ(after.error().text, "event 4 follows the attempt's end");
  open();
  EXPECT_EQ(segments_->stored("r1.1.1")->ended->sentence, "no");
}

TEST_F(SegmentsTest, NamesAreChecked) {
  for (const auto* name :
       {"", "r", "r1", "r1.1", "../r1.1.1", "r1.1.1.1", "r1..1", "r1.1.", "r.1.1", "x1.1.1"}) {
    EXPECT_FALSE(segments_->stored(name)) << name;
  }
  EXPECT_EQ(segments_->stored("r1/2").error().text,
            "'r1/2' is not the name of an attempt, like r17.1.2");
}

// A crash may cut the file anywhere: what is whole stays, and it goes on.
TEST_F(SegmentsTest, AreCutAtTheLastWholeRecord) {
  append(notes(1, 4));
  std::vector<std::uint64_t> ends{0};
  for (const auto& event : notes(1, 4))
    ends.push_back(ends.back() + 8 + wire::encode(event).size());
  const Bytes whole = *read_file(file(), 1 << 20);
  ASSERT_EQ(whole.size(), ends.back());
  for (std::size_t size = 0; size <= whole.size(); ++size) {
    segments_.reset();
    ASSERT_TRUE(write_file(file(), ByteView(whole).first(size)));
    open();
    std::uint64_t want = 0;
    while (want < 4 && ends[want + 1] <= size) ++want;
    EXPECT_EQ(segments_->stored("r1.1.1")->last, want) << size;
    EXPECT_EQ(fs::file_size(file()), ends[want]) << size;
    EXPECT_EQ(append(notes(1, 6)), 6U) << size;
    EXPECT_EQ(all(), notes(1, 6)) << size;
  }
}

// A bit that flipped ends the file there; nothing wrong is ever handed out.
TEST_F(SegmentsTest, NoFlippedBitIsBelieved) {
  append(notes(1, 3));
  const Bytes whole = *read_file(file(), 1 << 20);
  for (std::size_t bit = 0; bit < whole.size() * 8; bit += 3) {
    segments_.reset();
    Bytes bytes = whole;
    bytes[bit / 8] = static_cast<std::uint8_t>(bytes[bit / 8] ^ 1U << bit % 8);
    ASSERT_TRUE(write_file(file(), bytes));
    open();
    const auto events = all();
    EXPECT_LT(events.size(), 3U) << bit;
    EXPECT_EQ(events, notes(1, events.size())) << bit;
  }
}

TEST_F(SegmentsTest, FilledWithZerosAfterACrash) {
  append(notes(1, 3));
  segments_.reset();
  fs::resize_file(file(), fs::file_size(file()) + 4096);
  open();
  EXPECT_EQ(segments_->stored("r1.1.1")->last, 3U);
}

// A flip under an open file is noticed when it is read.
TEST_F(SegmentsTest, DamageIsReportedWithItsOffset) {
  append(notes(1, 3));
  std::fstream(file(), std::ios::in | std::ios::out | std::ios::binary).seekp(12).put('!');
  Cursor cursor;
  const auto events = segments_->read("r1.1.1", cursor, 1 << 20);
  ASSERT_FALSE(events);
  EXPECT_EQ(events.error().text, file().string() + ": event 1 at offset 0 is damaged");
}

TEST_F(SegmentsTest, AreReadInPieces) {
  append(notes(1, 100));
  Cursor cursor{10, 0};
  std::vector<evidence::Event> events;
  while (true) {
    auto piece = segments_->read("r1.1.1", cursor, 300);
    ASSERT_TRUE(piece);
    if (piece->empty()) break;
    events.insert(events.end(), piece->begin(), piece->end());
  }
  EXPECT_EQ(events, notes(11, 100));
  append(notes(101, 101));
  EXPECT_EQ(*segments_->read("r1.1.1", cursor, 1), notes(101, 101));
}

TEST_F(SegmentsTest, WatchersHearOfWhatIsStored) {
  int calls = 0;
  auto watch = segments_->watch("r1.1.1", [&] { ++calls; });
  append(notes(1, 2));
  append(notes(1, 2));  // nothing new
  ASSERT_TRUE(segments_->append("r1.1.2", notes(1, 1)));
  EXPECT_EQ(calls, 1);
  EXPECT_EQ(segments_->watched(), 1U);
  watch.reset();
  EXPECT_EQ(segments_->watched(), 0U);  // though nothing was appended since
  append(notes(3, 3));
  EXPECT_EQ(calls, 1);
}

TEST_F(SegmentsTest, TwiceTheLimitIsTheEnd) {
  open({.attempt_bytes = 100, .open_files = 4});
  append({note(1, std::string(300, 'x'))});
  const auto more = segments_->append("r1.1.1", notes(2, 2));
  ASSERT_FALSE(more);
  EXPECT_EQ(more.error().cause, Cause::invalid) << "the agent is not to try again";
  EXPECT_EQ(more.error().text,
            "event 2: the attempt's events take more than 200 B, twice the limit that the agent "
            "was told (assayd --attempt-limit)");
  EXPECT_EQ(append({end(2)}), 2U);
}

// The limit on a file's size stands for a full disk: the write fails half-way.
TEST_F(SegmentsTest, AFullDiskLosesNothingAndGoesOn) {
  append(notes(1, 2));
  rlimit before{};
  getrlimit(RLIMIT_FSIZE, &before);
  const auto old = std::signal(SIGXFSZ, SIG_IGN);
  const rlimit small{200, before.rlim_max};
  setrlimit(RLIMIT_FSIZE, &small);
  const auto full = segments_->append("r1.1.1", std::vector{note(3, std::string(300, 'x'))});
  setrlimit(RLIMIT_FSIZE, &before);
  std::signal(SIGXFSZ, old);
  ASSERT_FALSE(full);
  EXPECT_EQ(full.error().cause, Cause::exhausted);
  EXPECT_EQ(full.error().text, file().string() + ": write: File too large");
  EXPECT_EQ(all(), notes(1, 2));
  EXPECT_EQ(append(notes(3, 4)), 4U);
  open();
  EXPECT_EQ(all(), notes(1, 4));
}

TEST_F(SegmentsTest, FewFilesAreOpen) {
  open({.attempt_bytes = 1 << 20, .open_files = 3});
  const auto count = [] {
    return std::distance(fs::directory_iterator("/proc/self/fd"), fs::directory_iterator());
  };
  const auto before = count();
  for (int i = 1; i <= 20; ++i) {
    ASSERT_TRUE(segments_->append("r" + std::to_string(i) + ".1.1", notes(1, 1)));
  }
  EXPECT_LE(count() - before, 3);
  EXPECT_EQ(segments_->append("r1.1.1", notes(2, 2))->last, 2U);
}

TEST_F(SegmentsTest, ManyWritersAtOnce) {
  std::vector<std::thread> threads;
  for (int t = 1; t <= 4; ++t) {
    threads.emplace_back([&, t] {
      // Two threads bring the same attempt, as an old and a new stream may.
      const std::string attempt = "r" + std::to_string(1 + t / 2) + ".1.1";
      for (std::uint64_t seq = 1; seq <= 20; ++seq) {
        const auto stored = segments_->stored(attempt)->last;
        (void)segments_->append(attempt, notes(stored + 1, stored + 2));
      }
    });
  }
  for (auto& thread : threads) thread.join();
  open();
  const auto events = all();
  EXPECT_EQ(events, notes(1, events.size()));
}

// The end of what is stored and the next append may meet.
TEST_F(SegmentsTest, ScansWhatIsJustAppended) {
  constexpr std::uint64_t many = 500;
  std::thread writer([&] {
    for (std::uint64_t seq = 1; seq <= many; ++seq) append({note(seq)});
  });
  Scan scan(*segments_, "r1.1.1");
  while (scan.cursor().seq < many) {
    const auto record = scan.next();
    EXPECT_TRUE(record) << record.error().text;
    if (!record) break;
  }
  writer.join();
}

TEST_F(SegmentsTest, SaysWhichEventAScanFindsDamaged) {
  append(notes(1, 3));
  Scan whole(*segments_, "r1.1.1");
  ASSERT_TRUE(whole.next()->has_value());
  const auto second = whole.cursor().offset;
  {
    std::fstream damage(file(), std::ios::in | std::ios::out | std::ios::binary);
    damage.seekp(static_cast<std::streamoff>(second + 9));
    damage.put('~');
  }
  Scan scan(*segments_, "r1.1.1");
  ASSERT_TRUE(scan.next()->has_value());
  const auto record = scan.next();
  ASSERT_FALSE(record);
  EXPECT_EQ(record.error().text,
            "r1.1.1: event 2 at offset " + std::to_string(second) + " is damaged");
}

}  // namespace assay::segments
