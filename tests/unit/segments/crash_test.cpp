// Power cuts, kills and failing disks at every system call of a segment's life.
#include <gtest/gtest.h>

#include <cerrno>
#include <cstdlib>
#include <set>

#include "base/log.hpp"
#include "faults/machine.hpp"
#include "segments/segments.hpp"

namespace assay::segments {
namespace {

using faults::Disk;
using faults::Fault;
using faults::Image;
using faults::Kind;
using faults::Left;
using faults::Replay;

// Two attempts, each with batches of events: from a few bytes to several sectors.
constexpr std::uint64_t last_event = 14;
const std::vector<std::string> attempts{"r1.1.1", "r2.1.1"};

evidence::Event event(std::uint64_t seq) {
  if (seq == last_event)
    return {seq, {}, "", "", evidence::AttemptEnded{evidence::Verdict::passed, "", 1, false}};
  if (seq % 4 == 3)
    return {seq, {}, "dut", "b", evidence::ConsoleBytes{seq, false, Bytes(3000, 'c')}};
  return {seq, {}, "", "", evidence::Note{std::string(seq * 40, 'n')}};
}
std::vector<evidence::Event> events(std::uint64_t from, std::uint64_t to) {
  std::vector<evidence::Event> all;
  for (std::uint64_t seq = from; seq <= to; ++seq) all.push_back(event(seq));
  return all;
}

// By attempt: what was acknowledged.
using Acknowledged = std::map<std::string, std::uint64_t>;

struct Machine : faults::MountedMachine {
  explicit Machine(const Image& image = {}) : MountedMachine(image) {
    spdlog::set_level(spdlog::level::off);
  }
  Result<> open() {
    segments.reset();
    // One file at a time: each is opened again and again.
    segments = TRY(Segments::open(folder.path() / "segments", {.open_files = 1}));
    return {};
  }
  std::unique_ptr<Segments> segments;
};

// "" when all that was acknowledged is there, in order and whole, and it goes on to the end.
std::string wrong_with(const Image& image, const Acknowledged& acknowledged) {
  Machine machine(image);
  if (auto opened = machine.open(); !opened) return "not opened: " + opened.error().text;
  for (const auto& [attempt, least] : acknowledged) {
    const auto stored = machine.segments->stored(attempt);
    if (!stored) return stored.error().text;
    if (stored->last < least)
      return fmt::format("{}: {} of {} events that were acknowledged", attempt, stored->last,
                         least);
    Cursor cursor;
    const auto read = machine.segments->read(attempt, cursor, 1 << 20);
    if (!read) return read.error().text;
    if (*read != events(1, stored->last)) return attempt + ": other events than were sent";
    if (stored->ended.has_value() != (stored->last == last_event)) return attempt + ": its end";
    const auto more = machine.segments->append(attempt, events(stored->last + 1, last_event));
    if (!more || more->last != last_event || !more->ended)
      return attempt + ": does not go on: " + (more ? "" : more.error().text);
  }
  return "";
}

// Sends all events in batches. After a failure: again, as agents do, until `tries` are over.
struct Life {
  explicit Life(Machine& at) : machine(at) {}
  std::string run(std::uint64_t upto = last_event,
                  const std::function<void(const Error&)>& failed = {}) {
    std::uint64_t size = 1;
    const auto twice = [&](const auto& what) -> Result<> {
      auto done = what();
      if (done) return {};
      if (failed) failed(done.error());
      done = what();
      if (done) return {};
      return tl::unexpected(done.error());
    };
    const auto open = [&] { return machine.open(); };
    if (auto opened = twice(open); !opened) return "open: " + opened.error().text;
    for (std::uint64_t seq = 1; seq <= upto; seq += size, size = size % 3 + 1) {
      if (seq == 7)
        if (auto opened = twice(open); !opened) return "open again: " + opened.error().text;
      for (const std::string& attempt : attempts) {
        const std::uint64_t to = std::min(seq + size - 1, upto);
        const auto append = [&]() -> Result<> {
          const auto stored = TRY(machine.segments->append(attempt, events(seq, to)));
          if (stored.last != to) return fail(Cause::internal, "acknowledged {}", stored.last);
          return {};
        };
        if (auto done = twice(append); !done) return attempt + ": " + done.error().text;
        marks.emplace_back(machine.disk.operations().size(), attempt, to);
      }
    }
    return "";
  }
  Acknowledged acknowledged(std::size_t operations) const {
    Acknowledged all;
    for (const std::string& attempt : attempts) all[attempt] = 0;
    for (const auto& [at, attempt, seq] : marks)
      if (at <= operations) all[attempt] = seq;
    return all;
  }
  Machine& machine;
  std::vector<std::tuple<std::size_t, std::string, std::uint64_t>> marks;
};

struct Found {
  std::size_t images = 0, wrong = 0;
  std::string first;
};
std::uint64_t seeds() {
  const char* number = std::getenv("ASSAY_CRASH_SEEDS");
  return number == nullptr ? 30 : std::strtoull(number, nullptr, 10);
}

Found cut_everywhere(const Disk& disk, const std::function<Acknowledged(std::size_t)>& at,
                     std::size_t enough = 10) {
  Found found;
  std::set<std::pair<std::size_t, Acknowledged>> seen;
  Replay replay(disk);
  while (replay.step() && found.wrong < enough) {
    for (const Left left : faults::all_left) {
      for (std::uint64_t seed = 1; seed <= seeds(); ++seed) {
        const Image image = replay.cut(faults::keep(left, seed, replay.done()));
        const Acknowledged now = at(replay.done());
        if (!seen.emplace(image.hash(), now).second) continue;
        ++found.images;
        const std::string wrong = wrong_with(image, now);
        if (wrong.empty() || found.wrong++ > 0) continue;
        found.first =
            fmt::format("power cut after operation {} of {}, left: {}, seed {}: {}", replay.done(),
                        disk.operations().size(), to_string(left), seed, wrong);
      }
    }
  }
  return found;
}

struct Recorded {
  explicit Recorded(std::function<bool(Kind, const faults::Path&)> lie = {}) {
    Machine machine;
    machine.disk.lie(std::move(lie));
    Life life(machine);
    EXPECT_EQ(life.run(), "");
    disk.emplace(machine.disk);
    for (std::size_t k = 0; k <= machine.disk.operations().size(); ++k)
      at.push_back(life.acknowledged(k));
  }
  Found cut_everywhere(std::size_t enough = 10) const {
    return segments::cut_everywhere(
        *disk, [&](std::size_t k) { return at[k]; }, enough);
  }
  std::optional<Disk> disk;
  std::vector<Acknowledged> at;
};

TEST(SegmentsCrash, APowerCutAnywhereLosesNothing) {
  const Recorded life;
  EXPECT_GT(life.disk->operations().size(), 50U);
  const Found found = life.cut_everywhere();
  EXPECT_GT(found.images, 100U);
  EXPECT_EQ(found.wrong, 0U) << found.first;
}

// The same check must notice what is not synced, or it is none.
TEST(SegmentsCrash, TheCheckNoticesMissingSyncs) {
  const std::pair<const char*, Recorded> weak[] = {
      {"files", Recorded([](Kind kind, auto&) { return kind == Kind::sync; })},
      {"the folder of a file", Recorded([](Kind kind, const auto& path) {
         return kind == Kind::sync_folder && path.starts_with("segments/r");
       })},
      {"the folder of that folder", Recorded([](Kind kind, const auto& path) {
         return kind == Kind::sync_folder && path == "segments";
       })},
      {"the folder of all", Recorded([](Kind kind, const auto& path) {
         return kind == Kind::sync_folder && path.empty();
       })},
  };
  for (const auto& [what, life] : weak) {
    const Found found = life.cut_everywhere(1);
    EXPECT_GE(found.wrong, 1U) << what << " not synced, and nothing found in " << found.images;
  }
}

// What is acknowledged after a kill must be on disk, whoever wrote it.
TEST(SegmentsCrash, WhatIsAcknowledgedAfterAKillSurvivesAPowerCut) {
  for (std::size_t call = 0;; ++call) {
    std::optional<Disk> disk;
    Acknowledged told;
    {
      Machine machine;
      machine.disk.inject(
          {.at = call, .error = EIO, .half = call % 2 == 0, .lasting = true, .killed = true});
      (void)Life(machine).run(6);
      if (!machine.disk.failed()) break;
      machine.disk.heal();
      ASSERT_TRUE(machine.open());
      for (const std::string& attempt : attempts) {
        const auto stored = machine.segments->stored(attempt);
        ASSERT_TRUE(stored) << "killed at call " << call << ": " << stored.error().text;
        told[attempt] = stored->last;
        // A duplicate, and what follows, is acknowledged too.
        if (call % 2 == 0 && stored->last < 6) {
          const auto more = machine.segments->append(attempt, events(1, stored->last + 1));
          ASSERT_TRUE(more) << "killed at call " << call << ": " << more.error().text;
          told[attempt] = more->last;
        }
      }
      disk.emplace(machine.disk);
    }
    EXPECT_EQ(wrong_with(faults::left_on(*disk, Left::nothing), told), "")
        << "killed at call " << call;
  }
}

class SegmentsFaults : public testing::TestWithParam<std::pair<const char*, Fault>> {};

// A disk that fails at any call, and is well when the agent sends its events again.
TEST_P(SegmentsFaults, LoseNothingAndAreTold) {
  Fault fault = GetParam().second;
  std::size_t wrong = 0;
  for (fault.at = 0; wrong < 10; ++fault.at) {
    std::optional<Disk> disk;
    Acknowledged told;
    {
      Machine machine;
      machine.disk.inject(fault);
      Life life(machine);
      const std::string words = life.run(last_event, [&](const Error& error) {
        const bool good = error.cause == (fault.error == ENOSPC ? Cause::exhausted : Cause::io);
        EXPECT_TRUE(good) << "call " << fault.at << ": " << to_string(error.cause) << ": "
                          << error.text;
        machine.disk.heal();
      });
      if (!words.empty()) {
        ++wrong;
        ADD_FAILURE() << "call " << fault.at << ": " << words;
        continue;
      }
      if (!machine.disk.failed()) break;
      told = life.acknowledged(~std::size_t{0});
      disk.emplace(machine.disk);
    }
    for (const Left left : {Left::nothing, Left::sectors}) {
      const std::string words = wrong_with(faults::left_on(*disk, left, fault.at), told);
      wrong += words.empty() ? 0 : 1;
      EXPECT_EQ(words, "") << "call " << fault.at << ", left: " << to_string(left);
    }
  }
  EXPECT_GT(fault.at, 100U);
}

INSTANTIATE_TEST_SUITE_P(
    Disk, SegmentsFaults,
    testing::Values(std::pair{"FailsOnce", Fault{.error = EIO}},
                    std::pair{"FailsTillHealed", Fault{.error = EIO, .lasting = true}},
                    std::pair{"IsFull", Fault{.error = ENOSPC, .half = true, .lasting = true}},
                    std::pair{"WritesHalf", Fault{.error = EIO, .half = true}}),
    [](const auto& each) { return each.param.first; });

}  // namespace
}  // namespace assay::segments
