// A whole assayd in this process, a client of it, and an agent made of the wire
// API only. Every wait ends by the deadline of its call.
#pragma once

#include <assay/v1/agent.grpc.pb.h>
#include <assay/v1/artifact.grpc.pb.h>
#include <assay/v1/orchestrator.grpc.pb.h>
#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>

#include "api/server.hpp"
#include "base/file.hpp"
#include "base/limits.hpp"
#include "base/log.hpp"
#include "wire/event.hpp"
#include "wire/run_parts.hpp"

namespace assay::api::test {

inline constexpr std::chrono::seconds patience{20};

struct Context : grpc::ClientContext {
  Context() { wire::set_deadline(*this, patience); }
};

inline constexpr const char* plan_text = R"(plan: tiny
about: Flash and look.
roles: { dut: { needs: [power, flash, console] } }
artifacts:
  base: { about: whole chip }
steps:
  - flash: { image: base }
  - power: cycle
  - id: ready
    expect: { seen: app.ready, within: 5s }
)";

// The agent's side of the control stream, one message at a time.
class FakeAgent {
 public:
  FakeAgent(v1::AgentService::Stub& stub, const std::string& incarnation,
            std::uint32_t protocol = 1)
      : stub_(stub), stream_(stub.Control(&context_)) {
    auto& hello = *request_.mutable_hello();
    hello.set_protocol(protocol);
    hello.set_name("lab-a");
    hello.set_incarnation(incarnation);
    hello.set_version("0.1.0");
    for (const char* verb : {"flash", "power", "expect", "hold"}) hello.add_verbs(verb);
    auto* board = hello.add_boards();
    board->set_id("vz-1");
    board->set_profile("virtual-zephyr");
    for (const char* ability : {"power", "flash", "flash.read", "console", "reset", "ota.smp"}) {
      board->add_abilities(ability);
    }
  }
  v1::Hello& hello() { return *request_.mutable_hello(); }
  bool greet() {
    stream_->Write(request_);
    return read().has_welcome();
  }
  v1::ControlResponse read() {
    v1::ControlResponse response;
    if (!stream_->Read(&response)) response.Clear();
    return response;
  }
  // Renewal answers are passed over.
  v1::Assignment assignment() {
    while (true) {
      const auto response = read();
      if (response.has_assignment()) return response.assignment();
      if (!response.has_renewal()) return {};
    }
  }
  void accept(const std::string& attempt) {
    v1::ControlRequest request;
    request.mutable_assignment()->set_attempt(attempt);
    request.mutable_assignment()->set_accepted(true);
    stream_->Write(request);
  }
  void write(const v1::ControlRequest& request) { stream_->Write(request); }
  void drop() { context_.TryCancel(); }
  grpc::Status status() { return stream_->Finish(); }

 private:
  v1::AgentService::Stub& stub_;
  Context context_;
  std::unique_ptr<grpc::ClientReaderWriter<v1::ControlRequest, v1::ControlResponse>> stream_;
  v1::ControlRequest request_;
};

class FakeUplink {
 public:
  FakeUplink(v1::AgentService::Stub& stub, const std::string& attempt,
             const std::string& agent = "lab-a")
      : stream_(stub.Events(&context_)) {
    v1::EventsRequest first;
    first.set_attempt(attempt);
    first.set_agent(agent);
    stream_->Write(first);
  }
  void send(const std::vector<evidence::Event>& events) {
    v1::EventsRequest request;
    for (const auto& event : events) wire::to_proto(event, request.add_events());
    stream_->Write(request);
  }
  // The next acknowledgement; nullopt when the stream ended.
  std::optional<std::uint64_t> acknowledged() {
    v1::EventsResponse response;
    if (!stream_->Read(&response)) return std::nullopt;
    return response.acknowledged();
  }
  // Reads until `seq` is acknowledged.
  bool reaches(std::uint64_t seq) {
    while (const auto got = acknowledged()) {
      if (*got >= seq) return *got == seq;
    }
    return false;
  }
  grpc::Status finish() {
    stream_->WritesDone();
    while (acknowledged()) continue;
    return stream_->Finish();
  }

 private:
  Context context_;
  std::unique_ptr<grpc::ClientReaderWriter<v1::EventsRequest, v1::EventsResponse>> stream_;
};

class ServerTest : public testing::Test {
 protected:
  void SetUp() override {
    // Tests run in the source tree.
    setenv("ASSAY_SHARE", std::filesystem::current_path().c_str(), 0);
    spdlog::set_level(spdlog::level::off);
    start();
  }
  void TearDown() override { stop(); }

  void start() {
    const auto& folder = folder_.path();
    store_ = *store::open_sqlite(folder);
    segments_ = *segments::Segments::open(folder / "segments");
    artifacts_ = *artifacts::ArtifactStore::open(folder / "artifacts");
    dispatcher_ = *dispatch::Dispatcher::start(*store_, {});
    const Parts parts{*store_, *dispatcher_, *segments_, *artifacts_};
    const auto counted = count_ended_attempts(parts);
    ASSERT_TRUE(counted) << counted.error().text;
    auto server = Server::start({"127.0.0.1", 0}, parts, "0.1.0");
    ASSERT_TRUE(server) << server.error().text;
    server_ = std::move(*server);
    const auto channel = wire::make_channel(server_->endpoint());
    agents_ = v1::AgentService::NewStub(channel);
    files_ = v1::ArtifactService::NewStub(channel);
    client_ = v1::OrchestratorService::NewStub(channel);
  }
  void stop() {
    server_.reset();
    dispatcher_.reset();
    artifacts_.reset();
    segments_.reset();
    store_.reset();
  }

  // Uploads and returns the name.
  std::string put(const std::string& content) {
    Context context;
    v1::PutResponse response;
    const auto stream = files_->Put(&context, &response);
    v1::PutRequest request;
    request.set_sha256(to_hex(sha256(as_bytes(content))));
    request.set_size(content.size());
    request.set_data(content);
    stream->Write(request);
    stream->WritesDone();
    const auto status = stream->Finish();
    EXPECT_TRUE(status.ok()) << status.error_message();
    return request.sha256();
  }

  v1::SubmitRunRequest request(const std::string& content = "an image") {
    v1::SubmitRunRequest out;
    out.mutable_plan()->set_name("tiny.yaml");
    out.mutable_plan()->set_text(plan_text);
    auto* artifact = out.add_artifacts();
    artifact->set_name("base");
    artifact->set_sha256(put(content));
    artifact->set_size(content.size());
    artifact->set_file_name("base.bin");
    out.set_profile("virtual-zephyr");
    return out;
  }
  grpc::Status submit(const v1::SubmitRunRequest& what, v1::Run* run) {
    Context context;
    v1::SubmitRunResponse response;
    auto status = client_->SubmitRun(&context, what, &response);
    *run = response.run();
    return status;
  }
  v1::Run submit() {
    v1::Run run;
    const auto status = submit(request(), &run);
    EXPECT_TRUE(status.ok()) << status.error_message();
    return run;
  }
  v1::Run get(const std::string& id) {
    Context context;
    v1::GetRunRequest what;
    what.set_id(id);
    const auto stream = client_->GetRun(&context, what);
    v1::Run run;
    v1::GetRunResponse response;
    while (stream->Read(&response)) {
      wire::merge(run, std::move(*response.mutable_part()->mutable_run()));
    }
    const auto status = stream->Finish();
    EXPECT_TRUE(status.ok()) << status.error_message();
    return run;
  }

  TempFolder folder_ = *TempFolder::make("assay-api");
  std::unique_ptr<store::Store> store_;
  std::unique_ptr<segments::Segments> segments_;
  std::unique_ptr<artifacts::ArtifactStore> artifacts_;
  std::unique_ptr<dispatch::Dispatcher> dispatcher_;
  std::unique_ptr<Server> server_;
  std::unique_ptr<v1::AgentService::Stub> agents_;
  std::unique_ptr<v1::ArtifactService::Stub> files_;
  std::unique_ptr<v1::OrchestratorService::Stub> client_;
};

// What an agent says of a run that failed in its third step.
inline std::vector<evidence::Event> failed_attempt() {
  using namespace evidence;
  const std::string console = "*** Booting ***\r\nE: bad magic\r\n";
  const ByteView bytes = as_bytes(console);
  std::vector<Event> events;
  const auto add = [&](Body body, const std::string& role = "dut") {
    const std::uint64_t seq = events.size() + 1;
    events.push_back({seq, std::chrono::milliseconds(10) * seq, role, role.empty() ? "" : "vz-1",
                      std::move(body)});
  };
  add(AttemptStarted{1, "lab-a", {{"qemu", "7.2"}}}, "");
  add(StepStarted{0, "", "flash base", "tiny.yaml:7:5"});
  add(StepProgress{0, 8, 8, "bytes"});
  add(StepEnded{0, StepState::passed, "", {}, 0, 0});
  add(StepStarted{2, "ready", "expect app.ready within 5 s", "tiny.yaml:9:5"});
  add(ConsoleBytes{0, false, Bytes(bytes.begin(), bytes.end())});
  add(StepEnded{2,
                StepState::failed,
                "app.ready was not seen",
                {{"console", "app.ready", "E: bad magic", Finding::Says::disagrees}},
                0,
                console.size()});
  add(AttemptEnded{Verdict::failed, "app.ready was not seen", 2, false}, "");
  return events;
}

}  // namespace assay::api::test
