#include "session/artifact_cache.hpp"

#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>

#include <atomic>
#include <future>

#include "base/bytes.hpp"
#include "base/file.hpp"
#include "wire/channel.hpp"

namespace assay::session {
namespace {

using namespace std::chrono_literals;
namespace fs = std::filesystem;

// An assayd that has these contents, and gives them when it is let.
class Giver final : public v1::ArtifactService::Service {
 public:
  grpc::Status Get(grpc::ServerContext* context, const v1::GetRequest* request,
                   grpc::ServerWriter<v1::GetResponse>* writer) override {
    ++gets;
    while (held && !context->IsCancelled()) held.wait(true);
    v1::GetResponse response;
    response.set_data(contents.at(request->sha256()).substr(request->offset()));
    writer->Write(response);
    return grpc::Status::OK;
  }

  std::map<std::string, std::string> contents;
  std::atomic<int> gets = 0;
  std::atomic<bool> held = false;
};

class ArtifactCacheTest : public testing::Test {
 protected:
  ArtifactCacheTest() {
    for (const char fill : {'a', 'b', 'c'}) {
      const std::string content(1000, fill);
      names_.push_back(to_hex(sha256(as_bytes(content))));
      giver_.contents[names_.back()] = content;
    }
    int port = 0;
    grpc::ServerBuilder builder;
    builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &port);
    builder.RegisterService(&giver_);
    server_ = builder.BuildAndStart();
    stub_ = v1::ArtifactService::NewStub(
        wire::make_channel({"127.0.0.1", static_cast<std::uint16_t>(port)}));
  }
  ~ArtifactCacheTest() override {
    let_go();
    server_->Shutdown(std::chrono::system_clock::now());
    server_->Wait();
  }
  void let_go() {
    giver_.held = false;
    giver_.held.notify_all();
  }

  Result<ArtifactCache::Pin> fetch(int which, Wait wait = Wait::for_(20s)) {
    return cache_.fetch(*stub_, names_.at(static_cast<std::size_t>(which)), 1000, wait);
  }
  bool kept(int which) const {
    return fs::exists(folder_.path() / names_.at(static_cast<std::size_t>(which)));
  }
  void used_long_ago(int which) {
    fs::last_write_time(folder_.path() / names_.at(static_cast<std::size_t>(which)),
                        fs::file_time_type::clock::now() - 1h);
  }

  Giver giver_;
  std::unique_ptr<grpc::Server> server_;
  std::unique_ptr<v1::ArtifactService::Stub> stub_;
  std::vector<std::string> names_;
  TempFolder folder_ = TempFolder::make("assay-cache").value();
  ArtifactCache cache_{folder_.path(), 2500};  // two of the three
};

TEST_F(ArtifactCacheTest, FetchesOnceAndRemovesWhatWasUsedLongestAgo) {
  for (const int which : {0, 1}) ASSERT_TRUE(fetch(which));
  used_long_ago(0);
  used_long_ago(1);
  ASSERT_TRUE(fetch(0));  // a hit: now it is 1 that was used longest ago
  EXPECT_EQ(giver_.gets, 2);
  ASSERT_TRUE(fetch(2));
  EXPECT_TRUE(kept(0));
  EXPECT_FALSE(kept(1));
  EXPECT_TRUE(kept(2));
}

TEST_F(ArtifactCacheTest, NeverRemovesWhatIsInUse) {
  {
    const auto first = fetch(0);
    ASSERT_TRUE(first);
    used_long_ago(0);
    ASSERT_TRUE(fetch(1));
    ASSERT_TRUE(fetch(2));
    EXPECT_TRUE(kept(0));
    EXPECT_FALSE(kept(1));
  }
  used_long_ago(0);
  ASSERT_TRUE(fetch(1));
  EXPECT_FALSE(kept(0)) << "nobody uses it any more";
}

TEST_F(ArtifactCacheTest, OneThatAnotherFetchesIsWaitedForAndNoLongerThanAsked) {
  giver_.held = true;
  auto first = std::async(std::launch::async, [&] { return fetch(0).has_value(); });
  while (giver_.gets == 0) std::this_thread::yield();
  const auto late = fetch(0, Wait::for_(1ms));
  ASSERT_FALSE(late);
  EXPECT_EQ(late.error().cause, Cause::timeout);
  EXPECT_EQ(late.error().text,
            fmt::format("artifact {}: another attempt is still fetching it", names_[0]));

  std::stop_source stop;
  auto cancelled = std::async(std::launch::async, [&] {
    return fetch(0, {Deadline::after(10min), stop.get_token()}).error().cause;
  });
  stop.request_stop();
  EXPECT_EQ(cancelled.get(), Cause::cancelled);

  auto second = std::async(std::launch::async, [&] { return fetch(0).has_value(); });
  let_go();
  EXPECT_TRUE(first.get());
  EXPECT_TRUE(second.get());
  EXPECT_EQ(giver_.gets, 1);
  // Who gave up waiting pins nothing.
  used_long_ago(0);
  ASSERT_TRUE(fetch(1));
  ASSERT_TRUE(fetch(2));
  EXPECT_FALSE(kept(0));
}

}  // namespace
}  // namespace assay::session
