#include "base/file.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

namespace assay {
namespace {

class File : public testing::Test {
 protected:
  TempFolder folder_ = std::move(*TempFolder::make("assay-file-test"));
};

TEST_F(File, is_replaced_whole) {
  const auto path = folder_.path() / "f";
  ASSERT_TRUE(write_file(path, as_bytes("one")));
  ASSERT_TRUE(write_file(path, as_bytes("second")));
  EXPECT_EQ(*read_text(path), "second");
  EXPECT_FALSE(std::filesystem::exists(folder_.path() / "f.new"));
}

TEST_F(File, longer_than_the_limit_is_refused) {
  const auto path = folder_.path() / "f";
  ASSERT_TRUE(write_file(path, as_bytes("12345")));
  const auto read = read_file(path, 4);
  ASSERT_FALSE(read);
  EXPECT_EQ(read.error().cause, Cause::exhausted);
  EXPECT_EQ(read.error().text, path.string() + ": longer than the limit of 4 bytes");
}

TEST_F(File, errors_name_the_file) {
  EXPECT_EQ(read_text(folder_.path() / "none").error().text,
            (folder_.path() / "none").string() + ": No such file or directory");
  EXPECT_EQ(read_text(folder_.path()).error().text,
            folder_.path().string() + ": is a folder, not a file");
}

TEST_F(File, a_locked_folder_names_its_holder) {
  const auto held = FolderLock::take(folder_.path(), "assayd");
  ASSERT_TRUE(held);
  const auto second = FolderLock::take(folder_.path(), "assayd");
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().cause, Cause::refused);
  EXPECT_EQ(second.error().text,
            fmt::format("{}: in use by assayd (process {}); end that one or choose another folder",
                        folder_.path().string(), getpid()));
}

TEST_F(File, a_lock_ends_with_its_holder) {
  { ASSERT_TRUE(FolderLock::take(folder_.path(), "assayd")); }
  EXPECT_TRUE(FolderLock::take(folder_.path(), "assayd"));
}

TEST(TempFolder, leaves_nothing_behind) {
  std::filesystem::path path;
  {
    const auto folder = TempFolder::make("assay-file-test");
    path = folder->path();
    ASSERT_TRUE(write_file(path / "f", as_bytes("x")));
  }
  EXPECT_FALSE(std::filesystem::exists(path));
}

}  // namespace
}  // namespace assay
