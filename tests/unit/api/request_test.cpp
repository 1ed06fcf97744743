// What is wrong with a request is said, with its place, before anything is stored.
#include <gmock/gmock.h>

#include "fixture.hpp"

namespace assay::api::test {

class RequestTest : public ServerTest {
 protected:
  std::string refusal(const v1::SubmitRunRequest& what,
                      grpc::StatusCode code = grpc::INVALID_ARGUMENT) {
    v1::Run run;
    const auto status = submit(what, &run);
    EXPECT_EQ(status.error_code(), code);
    return status.error_message();
  }
};

TEST_F(RequestTest, APlansMistakesAreNamedWithTheirPlace) {
  auto what = request();
  what.mutable_plan()->set_text(
      "plan: x\nabout: y\nroles: { dut: { needs: [power] } }\nsteps:\n  - powr: cycle\n");
  EXPECT_THAT(refusal(what), testing::HasSubstr("tiny.yaml:5:5: "));
}

TEST_F(RequestTest, AnArtifactMustBeThere) {
  auto what = request();
  what.mutable_artifacts(0)->set_sha256(std::string(64, '0'));
  EXPECT_EQ(refusal(what), "artifact 'base' (base.bin): " + std::string(64, '0') +
                               " is not in the artifact store: upload it first");
  what = request();
  what.mutable_artifacts(0)->set_size(5);
  EXPECT_EQ(refusal(what), "artifact 'base' (base.bin): has 8 bytes, not 5");
}

TEST_F(RequestTest, ADamagedContainerIsAnInputError) {
  auto what = request(":0400000001020304F2\n:0400040005060708DF\n:00000001FF\n");
  what.mutable_artifacts(0)->set_file_name("base.hex");
  EXPECT_THAT(refusal(what), testing::HasSubstr("base.hex:2: "));
}

TEST_F(RequestTest, BytesUnderTestAreNotPrejudged) {
  auto what = request(std::string("\x3d\xb8\xf3\x96 truncated", 14));
  what.mutable_artifacts(0)->set_file_name("v2.bin");
  v1::Run run;
  const auto status = submit(what, &run);
  EXPECT_TRUE(status.ok()) << status.error_message();
}

TEST_F(RequestTest, NoBoardIsKnown) {
  auto what = request();
  what.clear_profile();
  EXPECT_EQ(refusal(what, grpc::FAILED_PRECONDITION),
            "no board is known yet: start an agent, or name a --profile to wait for one");
}

TEST_F(RequestTest, APlansNameIsNoPath) {
  auto what = request();
  what.clear_plan();
  what.set_plan_name("../../../../etc/passwd");
  EXPECT_EQ(refusal(what, grpc::NOT_FOUND).find("root:"), std::string::npos);
}

TEST_F(RequestTest, LimitsAreKept) {
  auto what = request();
  what.set_priority(101);
  EXPECT_EQ(refusal(what), "priority 101: from -100 to 100");
  what = request();
  what.set_repeat(1001);
  EXPECT_EQ(refusal(what), "repeat 1001: at most 1000");
  what = request();
  what.set_rev(std::string(201, 'x'));
  EXPECT_EQ(refusal(what), "rev: 201 bytes, at most 200");
}

TEST_F(RequestTest, TheSameRequestIdIsTheSameRun) {
  auto what = request();
  what.set_request_id("once");
  v1::Run first, second;
  ASSERT_TRUE(submit(what, &first).ok());
  ASSERT_TRUE(submit(what, &second).ok());
  EXPECT_EQ(first.id(), second.id());
}

TEST_F(RequestTest, RunsArePaged) {
  for (int i = 0; i < 5; ++i) submit();
  std::vector<std::string> ids;
  v1::ListRunsRequest page;
  page.set_page_size(2);
  do {
    Context context;
    v1::ListRunsResponse response;
    ASSERT_TRUE(client_->ListRuns(&context, page, &response).ok());
    EXPECT_LE(response.runs_size(), 2);
    for (const auto& run : response.runs()) ids.push_back(run.id());
    page.set_page_token(response.next_page_token());
  } while (!page.page_token().empty());
  EXPECT_THAT(ids, testing::ElementsAre("r5", "r4", "r3", "r2", "r1"));
}

TEST_F(RequestTest, AnArtifactThatNoAgentWouldReadIsRefused) {
  // Beyond what an upload may bring: as an assayd with another limit has left it.
  auto what = request();
  const std::string name(64, 'a');
  const auto file = folder_.path() / "artifacts" / "aa" / name.substr(2);
  std::filesystem::create_directories(file.parent_path());
  ASSERT_TRUE(write_file(file, {}));
  std::filesystem::resize_file(file, max_artifact_bytes + 1);
  what.mutable_artifacts(0)->set_sha256(name);
  what.mutable_artifacts(0)->set_size(max_artifact_bytes + 1);
  v1::Run run;
  const auto status = submit(what, &run);
  EXPECT_EQ(status.error_code(), grpc::INVALID_ARGUMENT);
  EXPECT_EQ(status.error_message(),
            "artifact 'base' (base.bin): has 8589934593 bytes, at most 8589934592");
}

TEST_F(RequestTest, WhatDoesNotExistIsNotFound) {
  for (const auto& [id, text] : std::map<std::string, std::string>{
           {"r99", "no run 'r99'"}, {"99", "no run '99'; runs are named like r17"}}) {
    Context context;
    v1::GetRunRequest what;
    what.set_id(id);
    v1::GetRunResponse response;
    const auto stream = client_->GetRun(&context, what);
    EXPECT_FALSE(stream->Read(&response));
    const auto status = stream->Finish();
    EXPECT_EQ(status.error_code(), grpc::NOT_FOUND);
    EXPECT_EQ(status.error_message(), text);
  }
}

TEST_F(RequestTest, AnUploadGoesOnAfterItBroke) {
  const std::string content(3'000'000, 'x');
  const std::string name = to_hex(sha256(as_bytes(content)));
  v1::PutRequest piece;
  piece.set_sha256(name);
  piece.set_size(content.size());
  piece.set_data(content.substr(0, 1'000'000));
  {
    Context context;
    v1::PutResponse response;
    const auto stream = files_->Put(&context, &response);
    stream->Write(piece);
    stream->WritesDone();  // too early
    const auto status = stream->Finish();
    EXPECT_EQ(status.error_code(), grpc::OUT_OF_RANGE);
  }
  Context stat_context;
  v1::StatRequest asked;
  asked.set_sha256(name);
  v1::StatResponse stat;
  ASSERT_TRUE(files_->Stat(&stat_context, asked, &stat).ok());
  EXPECT_FALSE(stat.complete());
  EXPECT_EQ(stat.size(), 1'000'000U);
  Context context;
  v1::PutResponse response;
  const auto stream = files_->Put(&context, &response);
  for (std::size_t offset = 1'000'000; offset < content.size(); offset += 1'000'000) {
    piece.set_offset(offset);
    stream->Write(piece);
  }
  stream->WritesDone();
  ASSERT_TRUE(stream->Finish().ok());
  EXPECT_EQ(put(content), name);  // there already

  Context get_context;
  v1::GetRequest from;
  from.set_sha256(name);
  from.set_offset(2'000'000);
  const auto reader = files_->Get(&get_context, from);
  std::string got;
  v1::GetResponse part;
  while (reader->Read(&part)) got += part.data();
  EXPECT_TRUE(reader->Finish().ok());
  EXPECT_EQ(got, content.substr(2'000'000));
}

TEST_F(RequestTest, OtherBytesAreDataLoss) {
  Context context;
  v1::PutResponse response;
  const auto stream = files_->Put(&context, &response);
  v1::PutRequest piece;
  piece.set_sha256(std::string(64, 'a'));
  piece.set_size(3);
  piece.set_data("abc");
  stream->Write(piece);
  stream->WritesDone();
  EXPECT_EQ(stream->Finish().error_code(), grpc::DATA_LOSS);
}

TEST(Listen, ABusyAddressIsNamed) {
  spdlog::set_level(spdlog::level::off);
  const auto folder = *TempFolder::make("assay-api");
  const auto store = *store::open_sqlite(folder.path());
  const auto segments = *segments::Segments::open(folder.path() / "segments");
  const auto artifacts = *artifacts::ArtifactStore::open(folder.path() / "artifacts");
  const auto dispatcher = *dispatch::Dispatcher::start(*store, {});
  const Parts parts{*store, *dispatcher, *segments, *artifacts};
  const auto first = Server::start({"127.0.0.1", 0}, parts, "0.1.0");
  ASSERT_TRUE(first);
  const auto second = Server::start((*first)->endpoint(), parts, "0.1.0");
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().text,
            "cannot listen on " + (*first)->endpoint().text() +
                ": Address already in use; is another assayd running? --listen takes another port");
}

}  // namespace assay::api::test
