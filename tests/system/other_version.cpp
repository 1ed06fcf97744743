// An agent or an assayd of another protocol version, as far as its first words.
//
//   other-version agent HOST:PORT VERSION   says hello to an assayd; prints the
//                                           gRPC status and the words it got
//   other-version old-agent HOST:PORT BOARD PROFILE
//                                           has a board but knows one verb only
//   other-version assayd VERSION            prints `listening HOST:PORT`, refuses
//                                           every agent as assayd does; a line for each
//   other-version stranger                  the same, but knows no agents at all
//
// The last three end when their standard input does.

#include <assay/v1/agent.grpc.pb.h>
#include <assay/v1/artifact.grpc.pb.h>
#include <fmt/core.h>
#include <grpcpp/grpcpp.h>

#include <cstdio>
#include <cstdlib>
#include <span>
#include <string>
#include <string_view>

#include "wire/channel.hpp"
#include "wire/limits.hpp"

namespace {

using namespace assay;

void say(const std::string& line) {
  std::puts(line.c_str());
  std::fflush(stdout);
}

int be_agent(const std::string& server, std::uint32_t version) {
  const auto endpoint = wire::parse_endpoint(server);
  if (!endpoint) return 2;
  const auto stub = v1::AgentService::NewStub(wire::make_channel(*endpoint));
  grpc::ClientContext context;
  wire::set_deadline(context, std::chrono::seconds(20));
  const auto stream = stub->Control(&context);
  v1::ControlRequest request;
  request.mutable_hello()->set_protocol(version);
  request.mutable_hello()->set_name("from-elsewhere");
  request.mutable_hello()->set_incarnation("00112233445566778899aabbccddeeff");
  request.mutable_hello()->set_version("9.9.9");
  stream->Write(request);
  v1::ControlResponse response;
  if (stream->Read(&response)) {
    say("was taken in");
    context.TryCancel();
    return 1;
  }
  const grpc::Status status = stream->Finish();
  say(fmt::format("{} {}", static_cast<int>(status.error_code()), status.error_message()));
  return 0;
}

int be_old_agent(const std::string& server, const std::string& board, const std::string& profile) {
  const auto endpoint = wire::parse_endpoint(server);
  if (!endpoint) return 2;
  const auto stub = v1::AgentService::NewStub(wire::make_channel(*endpoint));
  grpc::ClientContext context;
  const auto stream = stub->Control(&context);
  v1::ControlRequest request;
  v1::Hello& hello = *request.mutable_hello();
  hello.set_protocol(wire::protocol_version);
  hello.set_name("old");
  hello.set_incarnation("00112233445566778899aabbccddeeff");
  hello.set_version("0.0.1");
  hello.add_verbs("power");
  auto* its = hello.add_boards();
  its->set_id(board);
  its->set_profile(profile);
  for (const char* ability : {"power", "flash", "flash.read", "console", "reset"}) {
    its->add_abilities(ability);
  }
  stream->Write(request);
  v1::ControlResponse response;
  if (!stream->Read(&response)) {
    say(stream->Finish().error_message());
    return 1;
  }
  say("was taken in");
  while (std::getchar() != EOF) continue;
  context.TryCancel();
  stream->Finish();
  return 0;
}

class OtherAssayd final : public v1::AgentService::Service {
 public:
  explicit OtherAssayd(std::uint32_t version) : version_(version) {}

  grpc::Status Control(
      grpc::ServerContext*,
      grpc::ServerReaderWriter<v1::ControlResponse, v1::ControlRequest>* stream) override {
    v1::ControlRequest request;
    if (!stream->Read(&request)) return grpc::Status::CANCELLED;
    const v1::Hello& hello = request.hello();
    say(fmt::format("hello of {} in protocol {}", hello.name(), hello.protocol()));
    return {grpc::StatusCode::FAILED_PRECONDITION,
            fmt::format("agent '{}' speaks protocol {}, this assayd speaks {}: install the "
                        "assay-agent that belongs to assayd 9.9.9",
                        hello.name(), hello.protocol(), version_)};
  }

 private:
  const std::uint32_t version_;
};

int serve(grpc::Service& service) {
  int port = 0;
  grpc::ServerBuilder builder;
  builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &port);
  builder.RegisterService(&service);
  const auto server = builder.BuildAndStart();
  if (!server) return 2;
  say(fmt::format("listening 127.0.0.1:{}", port));
  while (std::getchar() != EOF) continue;
  server->Shutdown(std::chrono::system_clock::now());
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  const std::span words(argv, static_cast<std::size_t>(argc));
  const auto number = [&](std::size_t at) {
    return static_cast<std::uint32_t>(std::strtoul(words[at], nullptr, 10));
  };
  const std::string_view what = argc > 1 ? words[1] : "";
  if (what == "agent" && argc == 4) return be_agent(words[2], number(3));
  if (what == "old-agent" && argc == 5) return be_old_agent(words[2], words[3], words[4]);
  if (what == "stranger" && argc == 2) {
    v1::ArtifactService::Service service;
    return serve(service);
  }
  if (what == "assayd" && argc == 3) {
    OtherAssayd service(number(2));
    return serve(service);
  }
  return 2;
}
