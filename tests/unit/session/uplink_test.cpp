#include "session/uplink.hpp"

#include <fcntl.h>
#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>

#include <atomic>
#include <optional>

#include "base/file.hpp"
#include "base/log.hpp"
#include "wire/channel.hpp"

namespace assay::session {
namespace {

using namespace std::chrono_literals;

// An assayd that ends event streams with the next of these, once it was sent
// events; after the last it takes them all.
class Receiver final : public v1::AgentService::Service {
 public:
  explicit Receiver(std::vector<grpc::Status> ends) : ends_(std::move(ends)) {}

  grpc::Status Events(
      grpc::ServerContext*,
      grpc::ServerReaderWriter<v1::EventsResponse, v1::EventsRequest>* stream) override {
    const std::size_t number = streams++;
    v1::EventsRequest request;
    v1::EventsResponse response;
    while (stream->Read(&request)) {
      if (number < ends_.size() && request.events_size() > 0) return ends_[number];
      for (const auto& event : request.events()) {
        response.set_acknowledged(event.seq());
        last = event;
      }
      stream->Write(response);
    }
    return grpc::Status::OK;
  }

  std::atomic<std::size_t> streams = 0;
  v1::Event last;  // taken

 private:
  const std::vector<grpc::Status> ends_;
};

struct Outcome {
  std::optional<Uplink::End> end;
  std::string why;
  std::string cut;  // why the spool had to be
  std::size_t streams = 0;
  v1::Event last;  // that assayd took
};

// Delivers two events, the last being the attempt's end, to such an assayd.
Outcome deliver(std::vector<grpc::Status> ends, bool damaged = false) {
  spdlog::set_level(spdlog::level::off);
  Receiver receiver(std::move(ends));
  int port = 0;
  grpc::ServerBuilder builder;
  builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &port);
  builder.RegisterService(&receiver);
  const auto server = builder.BuildAndStart();
  const auto channel = wire::make_channel({"127.0.0.1", static_cast<std::uint16_t>(port)});
  const auto stub = v1::AgentService::NewStub(channel);

  const auto folder = TempFolder::make("assay-uplink").value();
  const std::shared_ptr<spool::Spool> spool = spool::Spool::create(folder.path(), "r1.1.1").value();
  spool->append({0, {}, "", "", evidence::Note{"begun"}});
  spool->append({0, {}, "", "", evidence::AttemptEnded{evidence::Verdict::passed, "", -1, false}});

  if (damaged) {  // its last byte
    const auto file = folder.path() / "r1.1.1.spool";
    Bytes bytes = read_file(file, 1 << 20).value();
    bytes.back() ^= 4;
    const UniqueFd fd(open(file.c_str(), O_WRONLY | O_CLOEXEC));
    EXPECT_TRUE(write_at(fd.get(), bytes, 0, "spool"));
  }

  Inbox inbox;
  Outcome outcome;
  {
    const auto uplink = std::make_shared<Uplink>(
        *stub, "lab-a", inbox, spool, [&outcome](Uplink::End end, const std::string& why) {
          outcome.end = end;
          outcome.why = why;
        });
    uplink->on_cut([&outcome](const std::string& why) { outcome.cut = why; });
    uplink->connect();
    const Deadline until = Deadline::after(20s);
    while (!outcome.end && !until.passed()) {
      if (const auto task = inbox.next(uplink->tick().sooner(until))) task();
    }
    spool->on_append(nullptr);
    uplink->abandon();
  }
  EXPECT_TRUE(inbox.wait_for_guests_to_leave(Deadline::after(20s)));
  server->Shutdown(std::chrono::system_clock::now());
  server->Wait();
  outcome.streams = receiver.streams;
  outcome.last = receiver.last;
  return outcome;
}

TEST(Uplink, GivesUpEventsThatAssaydCannotTake) {
  const Outcome outcome = deliver({{grpc::INVALID_ARGUMENT, "event 1: no body"}});
  EXPECT_EQ(outcome.end, Uplink::End::refused);
  EXPECT_EQ(outcome.why, "event 1: no body");
  EXPECT_EQ(outcome.streams, 1U);
}

TEST(Uplink, GoesOnAfterTrouble) {
  const Outcome outcome = deliver({{grpc::RESOURCE_EXHAUSTED, "the disk is full"},
                                   {grpc::UNAVAILABLE, "assay.db: sqlite3 holds it"},
                                   {grpc::FAILED_PRECONDITION, "of an older assayd: held"},
                                   {grpc::UNAUTHENTICATED, "the token is over"},
                                   {grpc::INTERNAL, "sync: Input/output error"}});
  EXPECT_EQ(outcome.end, Uplink::End::delivered);
  EXPECT_EQ(outcome.streams, 6U);
}

TEST(Uplink, EndsAnAttemptWhoseEventsCannotBeReadBack) {
  const Outcome outcome = deliver({}, true);
  EXPECT_EQ(outcome.end, Uplink::End::delivered);
  EXPECT_NE(outcome.cut.find("r1.1.1.spool: byte "), std::string::npos) << outcome.cut;
  EXPECT_EQ(outcome.last.seq(), 2U);
  EXPECT_EQ(outcome.last.attempt_ended().verdict(), v1::VERDICT_LAB_ERROR);
  EXPECT_EQ(outcome.last.attempt_ended().sentence(),
            "the agent cannot read back the events that it kept: " + outcome.cut);
}

}  // namespace
}  // namespace assay::session
