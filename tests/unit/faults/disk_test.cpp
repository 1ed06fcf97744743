#include "faults/disk.hpp"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <unistd.h>

#include <cerrno>

#include "faults/machine.hpp"

namespace assay::faults {
namespace {

using testing::IsEmpty;
using Files = std::map<Path, std::string>;

struct DiskTest : testing::Test {
  // After all that was done.
  Image cut(Left left, std::uint64_t seed = 1) const { return left_on(disk, left, seed); }
  // All that may be left, over many seeds.
  std::set<Files> all_left_of() const {
    std::set<Files> all;
    for (const Left left : all_left)
      for (std::uint64_t seed = 1; seed <= 200; ++seed) all.insert(cut(left, seed).files);
    return all;
  }
  Disk disk{"/root"};
};

TEST_F(DiskTest, KeepsWhatIsSyncedAndPerhapsTheRest) {
  const int file = disk.create("f");
  disk.write(file, 0, "one");
  EXPECT_THAT(cut(Left::nothing).files, IsEmpty());
  disk.sync(file);
  EXPECT_THAT(cut(Left::nothing).files, IsEmpty()) << "nor is its name";
  disk.sync_folder("");
  EXPECT_EQ(cut(Left::nothing).files, (Files{{"f", "one"}}));
  disk.write(file, 0, "two");
  EXPECT_EQ(all_left_of(), (std::set<Files>{{{"f", "one"}}, {{"f", "two"}}}));
}

TEST_F(DiskTest, TearsWritesBetweenSectors) {
  const int file = disk.create("f");
  disk.write(file, 0, std::string(1024, 'a'));
  disk.sync(file);
  disk.sync_folder("");
  disk.write(file, 300, std::string(600, 'b'));
  const auto mixed = [](char first, char second) {
    return Files{{"f", std::string(300, 'a') + std::string(212, first) + std::string(388, second) +
                           std::string(124, 'a')}};
  };
  EXPECT_EQ(all_left_of(),
            (std::set<Files>{mixed('a', 'a'), mixed('a', 'b'), mixed('b', 'a'), mixed('b', 'b')}));
}

TEST_F(DiskTest, MayGrowAFileWithoutItsBytesOrNotCutIt) {
  const int file = disk.create("f");
  disk.sync_folder("");
  disk.write(file, 0, "abc");
  EXPECT_EQ(all_left_of(),
            (std::set<Files>{{{"f", ""}}, {{"f", "abc"}}, {{"f", std::string(3, '\0')}}}));
  disk.sync(file);
  disk.truncate(file, 1);
  EXPECT_TRUE(all_left_of().contains({{"f", "abc"}}));
  EXPECT_TRUE(all_left_of().contains({{"f", "a"}}));
  disk.sync(file);
  EXPECT_EQ(all_left_of(), (std::set<Files>{{{"f", "a"}}}));
}

TEST_F(DiskTest, AFailedSyncIsNotMadeGoodByTheNext) {
  const int file = disk.create("f");
  disk.write(file, 0, "old");
  disk.sync(file);
  disk.sync_folder("");
  disk.write(file, 0, "new");
  disk.sync(file, true);
  disk.sync(file);
  EXPECT_EQ(cut(Left::nothing).files, (Files{{"f", "old"}}));
  disk.write(file, 0, "new");
  disk.sync(file);
  EXPECT_EQ(all_left_of(), (std::set<Files>{{{"f", "new"}}}));
}

TEST_F(DiskTest, ARenameIsWholeOrNot) {
  const int file = disk.create("a/old");
  disk.write(file, 0, "x");
  disk.sync(file);
  for (const char* folder : {"", "a"}) disk.sync_folder(folder);
  disk.know_folder("b");
  disk.sync_folder("");
  disk.rename("a/old", "b/new");
  EXPECT_EQ(all_left_of(), (std::set<Files>{{{"a/old", "x"}}, {{"b/new", "x"}}}));
  disk.sync_folder("b");
  EXPECT_EQ(all_left_of(), (std::set<Files>{{{"b/new", "x"}}}));
  disk.unlink("b/new");
  EXPECT_EQ(all_left_of(), (std::set<Files>{{{"b/new", "x"}}, {}}));
}

TEST_F(DiskTest, AFoldersNameTakesAllBelowItAlong) {
  const int file = disk.create("a/b/f");
  disk.sync(file);
  disk.sync_folder("a/b");
  disk.sync_folder("a");
  EXPECT_EQ(all_left_of(), (std::set<Files>{{}, {{"a/b/f", ""}}}));
  disk.sync_folder("");
  EXPECT_EQ(cut(Left::nothing).files, (Files{{"a/b/f", ""}}));
}

TEST(Mounted, SeesAndFailsSystemCalls) {
  const TempFolder folder = memory_folder();
  const std::string path = (folder.path() / "f").string();
  Disk disk(folder.path());
  const Mounted mounted(disk);
  disk.inject({.at = 2, .error = ENOSPC, .half = true, .lasting = true});
  const int fd = open(path.c_str(), O_RDWR | O_CREAT, 0600);
  EXPECT_EQ(pwrite(fd, "abcd", 4, 0), 4);
  EXPECT_EQ(pwrite(fd, "efgh", 4, 4), 2) << "half of it";
  EXPECT_EQ(fsync(fd), -1);
  EXPECT_EQ(errno, ENOSPC);
  disk.heal();
  EXPECT_EQ(ftruncate(fd, 5), 0);
  EXPECT_EQ(fdatasync(fd), 0);
  close(fd);
  EXPECT_EQ(rename(path.c_str(), (path + "2").c_str()), 0);
  EXPECT_EQ(unlink((path + "2").c_str()), 0);
  std::vector<Kind> kinds;
  for (const Operation& operation : disk.operations()) kinds.push_back(operation.kind);
  EXPECT_THAT(kinds, testing::ElementsAre(Kind::create, Kind::write, Kind::write, Kind::sync,
                                          Kind::truncate, Kind::sync, Kind::rename, Kind::unlink));
}

}  // namespace
}  // namespace assay::faults
