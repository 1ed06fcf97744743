// Power cuts, kills and failing disks at every system call of an upload.
#include <gtest/gtest.h>

#include <cerrno>
#include <set>

#include "artifacts/artifacts.hpp"
#include "faults/machine.hpp"

namespace assay::artifacts {
namespace {

using faults::Disk;
using faults::Fault;
using faults::Image;
using faults::Kind;
using faults::Left;
using faults::Replay;

const std::vector<std::string>& contents() {
  static const std::vector<std::string> all{std::string(300, 'a'), std::string(5000, 'b'),
                                            "c" + std::string(2500, '\0')};
  return all;
}
std::string name_of(const std::string& content) {
  return to_hex(sha256(as_bytes(content)));
}

// Contents that a client was told are there.
using Told = std::set<std::string>;

struct Machine : faults::MountedMachine {
  using MountedMachine::MountedMachine;
  Result<> open() {
    store.reset();
    store = TRY(ArtifactStore::open(folder.path() / "artifacts"));
    return {};
  }
  // As clients do: asks what is there, goes on behind it, in pieces.
  Result<> upload(const std::string& content) {
    const std::string name = name_of(content);
    const Stat stat = TRY(store->stat(name));
    if (stat.complete) return {};
    const auto upload = TRY(store->put(name, content.size(), stat.size));
    if (!upload) return {};
    while (upload->at() < content.size()) {
      const std::string piece = content.substr(upload->at(), 2000);
      TRY(upload->append(upload->at(), as_bytes(piece)));
    }
    return upload->finish();
  }
  Result<std::string> content(const std::string& name) const {
    const Reader reader = TRY(store->get(name));
    return std::string(as_text(TRY(reader.read(0, 1 << 20))));
  }
  std::unique_ptr<ArtifactStore> store;
};

// "" when what was told is there, nothing wrong is, and the rest can be uploaded.
std::string wrong_with(const Image& image, const Told& told) {
  Machine machine(image);
  if (auto opened = machine.open(); !opened) return "not opened: " + opened.error().text;
  for (const std::string& content : contents()) {
    const std::string name = name_of(content);
    const auto stat = machine.store->stat(name);
    if (!stat) return stat.error().text;
    if (told.contains(content) && !stat->complete) return name + ": lost";
    if (!stat->complete) {
      auto done = machine.upload(content);
      // Of an upload that broke off anything may be left: then it is discarded, once.
      if (!done && done.error().cause == Cause::invalid) done = machine.upload(content);
      if (!done && done.error().cause == Cause::refused) done = machine.upload(content);
      if (!done) return name + ": does not go on: " + done.error().text;
    }
    if (machine.content(name).value_or("unreadable") != content) return name + ": other bytes";
  }
  return "";
}

struct Life {
  explicit Life(const std::function<bool(Kind, const faults::Path&)>& lie = {}) {
    Machine machine;
    machine.disk.lie(lie);
    EXPECT_TRUE(machine.open());
    for (const std::string& content : contents()) {
      EXPECT_TRUE(machine.upload(content));
      ends.push_back(machine.disk.operations().size());
    }
    disk.emplace(machine.disk);
  }
  // What is wrong first, when the power is cut after any operation.
  std::string cut_everywhere() const {
    Replay replay(*disk);
    while (replay.step()) {
      Told told;
      for (std::size_t i = 0; i < ends.size(); ++i)
        if (ends[i] <= replay.done()) told.insert(contents()[i]);
      for (const Left left : faults::all_left) {
        for (std::uint64_t seed = 1; seed <= 5; ++seed) {
          const auto wrong = wrong_with(replay.cut(faults::keep(left, seed, replay.done())), told);
          if (!wrong.empty()) {
            return fmt::format("power cut after operation {}, left: {}, seed {}: {}", replay.done(),
                               to_string(left), seed, wrong);
          }
        }
      }
    }
    return "";
  }
  std::optional<Disk> disk;
  std::vector<std::size_t> ends;
};

TEST(ArtifactsCrash, APowerCutAnywhereLosesNothing) {
  const Life life;
  EXPECT_GT(life.disk->operations().size(), 20U);
  EXPECT_EQ(life.cut_everywhere(), "");
}

TEST(ArtifactsCrash, TheCheckNoticesMissingSyncs) {
  EXPECT_NE(Life([](Kind kind, auto&) { return kind == Kind::sync; }).cut_everywhere(), "");
  EXPECT_NE(Life([](Kind kind, const auto& path) {
              return kind == Kind::sync_folder && path.starts_with("artifacts/");
            }).cut_everywhere(),
            "");
  EXPECT_NE(Life([](Kind kind, const auto& path) {
              return kind == Kind::sync_folder && path == "artifacts";
            }).cut_everywhere(),
            "");
}

// Fails at each call; the client, or the next assayd, tries again.
void sweep(Fault fault) {
  std::size_t wrong = 0;
  for (fault.at = 0; wrong < 10; ++fault.at) {
    SCOPED_TRACE("call " + std::to_string(fault.at));
    std::optional<Disk> disk;
    {
      Machine machine;
      machine.disk.inject(fault);
      const auto after = [&](const Error& error) {
        const Cause told = fault.error == ENOSPC ? Cause::exhausted : Cause::io;
        EXPECT_TRUE(fault.killed || error.cause == told) << error.text;
        machine.disk.heal();
        EXPECT_TRUE((machine.store && !fault.killed) || machine.open());
      };
      if (const auto opened = machine.open(); !opened) after(opened.error());
      for (const std::string& content : contents()) {
        if (const auto done = machine.upload(content); !done) {
          after(done.error());
          const auto again = machine.upload(content);
          EXPECT_TRUE(again) << again.error().text;
        }
        const auto read = machine.content(name_of(content));
        EXPECT_TRUE(!read || *read == content);
      }
      if (!machine.disk.failed()) break;
      disk.emplace(machine.disk);
    }
    const Told all(contents().begin(), contents().end());
    for (const Left left : {Left::nothing, Left::sectors}) {
      const std::string words = wrong_with(faults::left_on(*disk, left), all);
      wrong += words.empty() ? 0 : 1;
      EXPECT_EQ(words, "") << "power cut, left: " << to_string(left);
    }
  }
  EXPECT_GT(fault.at, 30U);
}

TEST(ArtifactsFaults, ThatHappenOnce) {
  sweep({.error = EIO});
}
TEST(ArtifactsFaults, ThatLast) {
  sweep({.error = EIO, .lasting = true});
}
TEST(ArtifactsFaults, OfAFullDisk) {
  sweep({.error = ENOSPC, .half = true, .lasting = true});
}
TEST(ArtifactsFaults, OfWritesDoneByHalf) {
  sweep({.error = EIO, .half = true});
}
TEST(ArtifactsFaults, OfAKilledProcess) {
  sweep({.error = EIO, .half = true, .lasting = true, .killed = true});
}

}  // namespace
}  // namespace assay::artifacts
