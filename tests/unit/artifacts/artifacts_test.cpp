#include "artifacts/artifacts.hpp"

#include <gtest/gtest.h>
#include <sys/resource.h>

#include <csignal>
#include <thread>

#include "base/file.hpp"

namespace assay::artifacts {

namespace fs = std::filesystem;

namespace {

const std::string content = "the image under test, " + std::string(1000, 'x');
const std::string name = to_hex(sha256(as_bytes(content)));

class ArtifactsTest : public testing::Test {
 protected:
  void SetUp() override { open(); }
  void open(std::uint64_t limit = max_artifact_bytes) {
    auto opened = ArtifactStore::open(folder_.path() / "artifacts", limit);
    ASSERT_TRUE(opened) << opened.error().text;
    store_ = std::move(*opened);
  }
  fs::path file() const {
    return folder_.path() / "artifacts" / name.substr(0, 2) / name.substr(2);
  }
  bool empty_partial() const { return fs::is_empty(folder_.path() / "artifacts" / "partial"); }
  static ByteView piece(std::size_t from, std::size_t to) {
    return as_bytes(std::string_view(content).substr(from, to - from));
  }
  TempFolder folder_ = *TempFolder::make("assay-artifacts");
  std::unique_ptr<ArtifactStore> store_;
};

}  // namespace

TEST_F(ArtifactsTest, AreStoredAndRead) {
  auto upload = *store_->put(name, content.size(), 0);
  ASSERT_TRUE(upload->append(0, piece(0, 10)));
  ASSERT_TRUE(upload->append(10, piece(10, content.size())));
  ASSERT_TRUE(upload->finish());
  upload.reset();
  EXPECT_EQ(*read_text(file()), content);
  EXPECT_TRUE(empty_partial());
  EXPECT_TRUE(store_->stat(name)->complete);
  EXPECT_EQ(store_->stat(name)->size, content.size());
  const auto reader = store_->get(name);
  ASSERT_TRUE(reader);
  EXPECT_EQ(as_text(*reader->read(4, 5)), "image");
  EXPECT_EQ(reader->read(content.size() - 3, 100)->size(), 3U);
  EXPECT_TRUE(reader->read(content.size() + 3, 100)->empty());
  EXPECT_EQ(*store_->put(name, content.size(), 0), nullptr);  // there already
}

TEST_F(ArtifactsTest, AnUploadGoesOnWhereItBrokeOff) {
  {
    auto upload = *store_->put(name, content.size(), 0);
    ASSERT_TRUE(upload->append(0, piece(0, 100)));
  }
  open();
  EXPECT_FALSE(store_->stat(name)->complete);
  EXPECT_EQ(store_->stat(name)->size, 100U);
  const auto wrong = store_->put(name, content.size(), 99);
  ASSERT_FALSE(wrong);
  EXPECT_EQ(wrong.error().cause, Cause::refused);
  EXPECT_EQ(wrong.error().text,
            "artifact " + name.substr(0, 12) + ": the upload stands at 100, not at 99");
  auto upload = *store_->put(name, content.size(), 100);
  ASSERT_TRUE(upload->append(100, piece(100, content.size())));
  ASSERT_TRUE(upload->finish());
  EXPECT_EQ(*read_text(file()), content);
}

TEST_F(ArtifactsTest, AnEmptyOneToo) {
  const std::string empty = to_hex(sha256({}));
  auto upload = *store_->put(empty, 0, 0);
  ASSERT_TRUE(upload->finish());
  EXPECT_TRUE(store_->stat(empty)->complete);
}

TEST_F(ArtifactsTest, OtherBytesAreDiscarded) {
  auto upload = *store_->put(name, 3, 0);
  ASSERT_TRUE(upload->append(0, as_bytes("abc")));
  const auto finished = upload->finish();
  ASSERT_FALSE(finished);
  EXPECT_EQ(finished.error().cause, Cause::invalid);
  EXPECT_EQ(finished.error().text,
            "artifact " + name.substr(0, 12) +
                ": the bytes have the SHA-256 "
                "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad, not " +
                name + ": discarded, upload it again");
  upload.reset();
  EXPECT_EQ(store_->stat(name)->size, 0U);
  EXPECT_FALSE(fs::exists(file()));
}

TEST_F(ArtifactsTest, SizesAreKept) {
  open(1000);
  const auto large = store_->put(name, 1001, 0);
  ASSERT_FALSE(large);
  EXPECT_EQ(large.error().cause, Cause::exhausted);
  EXPECT_EQ(large.error().text,
            "artifact " + name.substr(0, 12) + ": 1001 bytes are more than the limit of 1000");
  auto upload = *store_->put(name, 10, 0);
  EXPECT_EQ(upload->append(0, piece(0, 11)).error().text,
            "artifact " + name.substr(0, 12) + ": more bytes than the 10 that were announced");
  ASSERT_TRUE(upload->append(0, piece(0, 9)));
  EXPECT_EQ(upload->finish().error().text,
            "artifact " + name.substr(0, 12) + ": 9 of 10 bytes are there; go on at 9");
}

TEST_F(ArtifactsTest, NamesAreChecked) {
  const std::vector<std::string> names{"../../etc/passwd", std::string(64, 'A'),
                                       std::string(63, 'a')};
  for (const std::string& bad : names) {
    EXPECT_FALSE(store_->stat(bad));
    EXPECT_FALSE(store_->get(bad));
    EXPECT_FALSE(store_->put(bad, 1, 0));
  }
  EXPECT_EQ(store_->get("x").error().text,
            "'x' is not a SHA-256: 64 lower-case hexadecimal digits");
  const auto none = store_->get(name);
  ASSERT_FALSE(none);
  EXPECT_EQ(none.error().cause, Cause::not_found);
  EXPECT_EQ(none.error().text, "there is no artifact " + name + ": upload it first");
}

TEST_F(ArtifactsTest, TwoClientsMayUploadTheSame) {
  auto first = *store_->put(name, content.size(), 0);
  ASSERT_TRUE(first->append(0, piece(0, 50)));
  EXPECT_EQ(store_->stat(name)->size, 0U);
  EXPECT_FALSE(store_->put(name, content.size(), 50));
  auto second = *store_->put(name, content.size(), 0);
  ASSERT_TRUE(second->append(0, piece(0, content.size())));
  ASSERT_TRUE(second->finish());
  ASSERT_TRUE(first->append(50, piece(50, content.size())));
  ASSERT_TRUE(first->finish());
  first.reset();
  second.reset();
  EXPECT_EQ(*read_text(file()), content);
  EXPECT_TRUE(empty_partial());
}

TEST_F(ArtifactsTest, ManyAtOnce) {
  std::vector<std::thread> threads;
  for (int i = 0; i < 8; ++i) {
    threads.emplace_back([&] {
      auto upload = store_->put(name, content.size(), 0);
      ASSERT_TRUE(upload);
      if (!*upload) return;
      ASSERT_TRUE((*upload)->append(0, piece(0, content.size())));
      ASSERT_TRUE((*upload)->finish());
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(*read_text(file()), content);
  EXPECT_TRUE(empty_partial());
}

// The limit on a file's size stands for a full disk.
TEST_F(ArtifactsTest, AFullDiskIsSaidAndGetsItsSpaceBack) {
  auto upload = *store_->put(name, content.size(), 0);
  rlimit before{};
  getrlimit(RLIMIT_FSIZE, &before);
  const auto old = std::signal(SIGXFSZ, SIG_IGN);
  const rlimit small{100, before.rlim_max};
  setrlimit(RLIMIT_FSIZE, &small);
  ASSERT_TRUE(upload->append(0, piece(0, 50)));
  const auto full = upload->append(50, piece(50, 150));
  setrlimit(RLIMIT_FSIZE, &before);
  std::signal(SIGXFSZ, old);
  ASSERT_FALSE(full);
  EXPECT_EQ(full.error().cause, Cause::exhausted);
  EXPECT_EQ(full.error().text,
            (folder_.path() / "artifacts/partial" / name).string() + ": File too large");
  upload.reset();
  EXPECT_TRUE(empty_partial());
  EXPECT_EQ(store_->stat(name)->size, 0U);
  upload = *store_->put(name, content.size(), 0);
  ASSERT_TRUE(upload->append(0, piece(0, content.size())));
  ASSERT_TRUE(upload->finish());
}

}  // namespace assay::artifacts
