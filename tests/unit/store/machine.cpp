#include "machine.hpp"

#include <SQLiteCpp/SQLiteCpp.h>
#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <set>
#include <tuple>

#include "conformance.hpp"
#include "history.hpp"
#include "store/migrations.hpp"

namespace assay::store {

using faults::Image;
using faults::Left;

Machine::Machine(const Image& image, CrashVfs::Settings settings)
    : faults::Machine(image), vfs(disk, std::move(settings)) {}

Result<> Machine::open() {
  store.reset();
  store = TRY(open_sqlite(folder.path()));
  return {};
}

std::optional<std::size_t> state_of(Store& store, const Expected& expected) {
  const std::string now = told(store);
  for (std::size_t state = expected.from; state <= expected.to; ++state)
    if (expected.states.at(state) == now) return state;
  return std::nullopt;
}

std::string wrong_with(const Image& image, const Expected& expected) {
  Machine machine(image);
  if (auto opened = machine.open(); !opened) return "not opened: " + opened.error().text;
  if (!state_of(*machine.store, expected)) {
    const auto other = state_of(*machine.store, {expected.states, 0, expected.states.size() - 1});
    return fmt::format("{} to {} commits expected, found {}", expected.from, expected.to,
                       other ? std::to_string(*other) : told(*machine.store));
  }
  const auto identity = machine.store->identity();
  if (!identity) return identity.error().text;
  if (!expected.identity.empty() && *identity != expected.identity) return "another identity";
  if (auto done = machine.store->commit({{a_run(900)}, {a_job(900, 1)}, {}, {}}); !done)
    return "does not go on: " + done.error().text;
  try {
    SQLite::Database db((machine.folder.path() / "assay.db").string());
    const std::string words = db.execAndGet("PRAGMA integrity_check").getString();
    if (words != "ok") return words;
    if (SQLite::Statement(db, "PRAGMA foreign_key_check").executeStep()) return "foreign keys";
    if (db.execAndGet("PRAGMA user_version").getInt() != static_cast<int>(migrations().size()))
      return "not migrated";
  } catch (const SQLite::Exception& error) {
    return error.what();
  }
  return "";
}

static bool wanted(Left left, std::uint64_t seed, std::size_t operations, std::uint64_t seeds) {
  if (left == Left::nothing || left == Left::everything) return seed == 1;
  return seeds > 0 || static_cast<std::size_t>(left) - 2 == operations % 3;
}

Found cut_everywhere(const faults::Disk& disk, const ExpectedAt& expected, const Cuts& cuts,
                     const Examine& examine) {
  std::uint64_t seeds = cuts.seeds;
  if (const char* number = std::getenv("ASSAY_CRASH_SEEDS"); number != nullptr && seeds == 0)
    seeds = std::strtoull(number, nullptr, 10);
  Found found;
  found.operations = disk.operations().size();
  // The same is often left after several operations.
  std::set<std::tuple<std::size_t, std::size_t, std::size_t, std::string>> seen;
  faults::Replay replay(disk);
  while (replay.step() && found.wrong < cuts.enough) {
    if (replay.done() < cuts.from || replay.done() > cuts.to) continue;
    const Expected now = expected(replay.done());
    for (const Left left : faults::all_left) {
      for (std::uint64_t seed = 1; seed <= std::max<std::uint64_t>(seeds, 1); ++seed) {
        if (!wanted(left, seed, replay.done(), seeds)) continue;
        const Image image = replay.cut(faults::keep(left, seed, replay.done()));
        if (!seen.emplace(image.hash(), now.from, now.to, now.identity).second) continue;
        ++found.images;
        const std::string wrong = examine(image, now);
        if (wrong.empty() || found.wrong++ > 0) continue;
        found.first = fmt::format("power cut after operation {} of {}, left: {}, seed {}: {}",
                                  replay.done(), found.operations, to_string(left), seed, wrong);
      }
    }
  }
  return found;
}

}  // namespace assay::store
