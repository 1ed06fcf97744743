// Power cuts and kills at every operation of a store's life.
#include <SQLiteCpp/SQLiteCpp.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cerrno>

#include "history.hpp"
#include "machine.hpp"
#include "store/migrations.hpp"

namespace assay::store {
namespace {

using faults::Disk;
using faults::Image;
using faults::Kind;

constexpr int commits = 9;

const std::vector<Batch>& batches() {
  static const std::vector<Batch> all = history(commits);
  return all;
}
const std::vector<std::string>& known() {
  static const std::vector<std::string> all = states(batches());
  return all;
}

// Commits, checkpoints, closing and opening again, and when each was done, in
// operations of its disk.
struct Life {
  using Lie = std::function<bool(Kind, const faults::Path&)>;
  explicit Life(CrashVfs::Settings settings = {}, Lie lie = {}) {
    Machine machine({}, std::move(settings));
    EXPECT_TRUE(machine.open());
    machine.disk.lie(std::move(lie));  // from now on
    opened = machine.operations();
    identity = machine.store->identity().value();
    for (std::size_t n = 0; n < batches().size(); ++n) {
      const bool again = n == 4 || n == 7;
      EXPECT_TRUE(!again || machine.open());
      began.push_back(machine.operations());
      EXPECT_TRUE(machine.store->commit(batches()[n]));
      ended.push_back(machine.operations());
    }
    disk.emplace(machine.disk);
  }
  Expected at(std::size_t operations) const {
    std::size_t over = 0, under_way = 0;
    while (over < ended.size() && ended[over] <= operations) ++over;
    while (under_way < began.size() && began[under_way] < operations) ++under_way;
    return {known(), over, under_way, operations < opened ? "" : identity};
  }
  Found cut_everywhere(const Cuts& cuts = {}) const {
    return store::cut_everywhere(
        *disk, [this](std::size_t k) { return at(k); }, cuts);
  }
  std::optional<Disk> disk;
  std::size_t opened = 0;
  std::string identity;
  std::vector<std::size_t> began, ended;
};

TEST(StoreCrash, APowerCutAnywhereLosesNothing) {
  const Found found = Life().cut_everywhere();
  EXPECT_GT(found.operations, 300U);
  EXPECT_GT(found.images, found.operations);
  EXPECT_EQ(found.wrong, 0U) << found.first;
}

// Before there is a log, a journal repairs what is there, be it torn or of no size.
TEST(StoreCrash, APowerCutOfTheFirstStartLeavesOneThatStarts) {
  std::optional<Disk> disk;
  {
    Machine machine;
    ASSERT_TRUE(machine.open());
    disk.emplace(machine.disk);
  }
  const auto& all = disk->operations();
  const auto log = std::find_if(all.begin(), all.end(), [](const faults::Operation& operation) {
    return operation.path == "assay.db-wal";
  });
  ASSERT_NE(log, all.end());
  const Found found =
      cut_everywhere(*disk,
                     [](std::size_t) {
                       return Expected{known(), 0, 0};
                     },
                     {.seeds = 50, .to = static_cast<std::size_t>(log - all.begin())});
  EXPECT_GT(found.images, 10U);
  EXPECT_EQ(found.wrong, 0U) << found.first;
}

// What would happen if the store did not sync, or a disk did not: the same check
// must notice, or it is none.
TEST(StoreCrash, TheCheckNoticesMissingSyncs) {
  const std::pair<const char*, Life> weak[] = {
      {"synchronous = OFF", Life({.synchronous = "OFF"})},
      {"synchronous = NORMAL", Life({.synchronous = "NORMAL"})},
      {"log not synced",
       Life({}, [](Kind kind,
                   const auto& path) { return kind == Kind::sync && path.ends_with("-wal"); })},
      {"database not synced",
       Life({},
            [](Kind kind, const auto& path) { return kind == Kind::sync && path == "assay.db"; })},
      {"folder not synced", Life({}, [](Kind kind, auto&) { return kind == Kind::sync_folder; })},
  };
  for (const auto& [what, life] : weak) {
    const Found found = life.cut_everywhere({.enough = 1, .from = life.opened});
    EXPECT_GE(found.wrong, 1U) << what << " in " << found.images << " images";
  }
}

// A power cut while what another one left is being repaired.
TEST(StoreCrash, ASecondPowerCutLosesNothing) {
  const Life life;
  std::size_t images = 0, second = 0;
  const auto examine = [&](const Image& image, const Expected& expected) -> std::string {
    if (++images % 60 != 0) return "";
    std::optional<Disk> disk;
    std::size_t state = 0;
    {
      Machine machine(image);
      if (auto opened = machine.open(); !opened) return opened.error().text;
      const auto found = state_of(*machine.store, expected);
      if (!found) return "not as expected";
      state = *found;
      machine.store.reset();
      disk.emplace(machine.disk);
    }
    const auto same = [&](std::size_t) {
      return Expected{known(), state, state, expected.identity};
    };
    const Found found = cut_everywhere(*disk, same, {.enough = 1});
    second += found.images;
    return found.first;
  };
  const Found found = cut_everywhere(
      *life.disk, [&](std::size_t k) { return life.at(k); }, {.enough = 1}, examine);
  EXPECT_EQ(found.wrong, 0U) << found.first;
  EXPECT_GT(second, 100U);
}

// A killed process leaves all it wrote with the kernel. What the next one tells of
// it must be on disk: somebody acts upon it.
TEST(StoreCrash, WhatIsToldAfterAKillSurvivesAPowerCut) {
  std::size_t kills = 0;
  for (std::size_t call = 0;; ++call) {
    Machine machine;
    machine.disk.inject(
        {.at = call, .error = EIO, .half = call % 2 == 0, .lasting = true, .killed = true});
    std::size_t done = 0;
    if (machine.open())
      while (done < 3 && machine.store->commit(batches()[done])) ++done;
    machine.store.reset();  // can do nothing any more
    if (!machine.disk.failed()) break;
    const Kind kind = machine.disk.kinds()[call];
    if (kind == Kind::read) continue;  // as at the next call
    ++kills;
    machine.disk.heal();
    const auto opened = machine.open();
    ASSERT_TRUE(opened) << "killed at call " << call << ": " << opened.error().text;
    const auto state = state_of(*machine.store, {known(), done, done + 1});
    ASSERT_TRUE(state) << "killed at call " << call;
    const Expected expected{known(), *state, *state, machine.store->identity().value()};
    const Disk disk = machine.disk;
    machine.store.reset();
    const Image image = faults::left_on(disk, faults::Left::nothing);
    EXPECT_EQ(wrong_with(image, expected), "") << "killed at call " << call;
  }
  EXPECT_GT(kills, 100U);
}

// A database as the first version left it.
Image old_database() {
  Machine machine;
  {
    SQLite::Database old((machine.folder.path() / "assay.db").string(),
                         SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE);
    old.exec("PRAGMA journal_mode = WAL");
    old.exec(std::string(migrations()[0]));
    old.exec("PRAGMA application_id = 1095979865; PRAGMA user_version = 1");
    for (int n = 1; n <= 30; ++n) {
      old.exec("INSERT INTO runs VALUES (" + std::to_string(n) +
               ", 'p', 'pr', 'r', 'f', '', 0, zeroblob(900), 'queued', '', '', '', 1, 2, 3)");
      old.exec("INSERT INTO jobs VALUES (" + std::to_string(n) +
               ", 1, 'vz', '', '', '', x'', '', 'queued', '', '', 1, 0)");
    }
  }
  return faults::left_on(machine.disk, faults::Left::everything);
}

std::string schema(SQLite::Database& db) {
  return db
      .execAndGet(
          "SELECT group_concat(sql, ';') FROM (SELECT sql FROM sqlite_master "
          "WHERE sql IS NOT NULL ORDER BY type, name)")
      .getString();
}
std::string schema_of(int version) {
  SQLite::Database db(":memory:", SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE);
  for (int n = 0; n < version; ++n) db.exec(std::string(migrations()[static_cast<std::size_t>(n)]));
  return schema(db);
}

TEST(StoreCrash, AMigrationIsWholeOrDidNotBegin) {
  const Image old = old_database();
  std::optional<Disk> disk;
  std::vector<std::string> state;
  std::string identity;
  std::size_t opened = 0;
  {
    Machine machine(old);
    ASSERT_TRUE(machine.open());
    opened = machine.operations();
    identity = machine.store->identity().value();
    state.push_back(told(*machine.store));
    machine.store.reset();
    disk.emplace(machine.disk);
  }
  ASSERT_GT(std::count(state[0].begin(), state[0].end(), '\n'), 100);
  std::size_t olds = 0, news = 0;
  const auto examine = [&](const Image& image, const Expected& expected) {
    {
      // As the program of that time, or this one, would find it.
      Machine machine(image);
      SQLite::Database db((machine.folder.path() / "assay.db").string(), SQLite::OPEN_READWRITE);
      const int version = db.execAndGet("PRAGMA user_version").getInt();
      if (schema(db) != schema_of(version)) return fmt::format("a mixture at {}", version);
      ++(version == 1 ? olds : news);
    }
    return wrong_with(image, expected);
  };
  const Found found = cut_everywhere(
      *disk,
      [&](std::size_t k) {
        return Expected{state, 0, 0, k < opened ? "" : identity};
      },
      {}, examine);
  EXPECT_EQ(found.wrong, 0U) << found.first;
  EXPECT_GT(olds, 10U);
  EXPECT_GT(news, 10U);
}

}  // namespace
}  // namespace assay::store
