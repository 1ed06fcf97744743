// The agent's session with assayd: says hello, takes assignments, renews leases,
// delivers events, and keeps all of it going through disconnections.
//
// One thread runs it all (run()); gRPC's and the attempts' threads only post to
// its inbox. stop() may be called from any thread.
#pragma once

#include <deque>
#include <filesystem>
#include <functional>
#include <future>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "assay/v1/agent.grpc.pb.h"
#include "session/console_channel.hpp"
#include "session/inbox.hpp"
#include "session/lab_boards.hpp"
#include "session/running_attempt.hpp"
#include "session/stream.hpp"
#include "session/uplink.hpp"
#include "wire/channel.hpp"

namespace assay::session {

struct AgentConfig {
  wire::Endpoint server;
  std::string name;
  std::string version;
  std::filesystem::path state;
  std::map<std::string, std::string> environment;
  std::uint64_t cache_limit = 4ull << 30;
  std::uint32_t max_attempts = 0;  // at once, as assayd is told; 0: as many as there are boards for
  std::function<void()> on_welcome;  // each time assayd took us in
};

class Agent {
 public:
  Agent(AgentConfig, LabBoards&);
  ~Agent();

  // Until stop() or until assayd refuses us for good (Cause::refused). Running
  // attempts are stopped and delivered, briefly, before it returns.
  Result<> run();
  void stop();

 private:
  using ControlStream = Stream<v1::ControlRequest, v1::ControlResponse>;
  struct Attempt {
    std::unique_ptr<RunningAttempt> running;  // null once its boards are safe
    bool closed = false;                      // nothing more to deliver
    std::shared_ptr<spool::Spool> spool;
    std::shared_ptr<Uplink> uplink;
    v1::AgentService::Stub* stub = nullptr;  // the uplink's
    std::vector<AttemptOrder::Lease> leases;
    std::uint64_t after_renewal = 0;  // renewals up to this one did not name it
  };

  struct Recovery {
    Deadline at = Deadline::never();
    Duration pause{};
    unsigned climbs = 0;
    std::jthread thread;  // at most one, while `at` is never
  };

  void deliver_leftovers();
  void connect();
  void control_ended(std::uint64_t generation, const grpc::Status&);
  void received(const v1::ControlResponse&);
  void welcomed(const v1::Welcome&);
  void assigned(const v1::Assignment&);
  std::string refusal(const AttemptOrder&);
  Result<std::unique_ptr<spool::Spool>> keep(const AttemptOrder&);
  void answer(const std::string& attempt, const std::string& refusal);
  void renew();
  void renewed(const v1::RenewalAnswer&);
  void attempt_ran(const std::string& attempt, std::promise<void>& told);
  void delivered(const std::string& attempt, Uplink::End, const std::string& why);
  void close(const std::string& attempt);
  v1::AgentService::Stub* take_event_stub();
  void expire_leases();
  Deadline tick();
  void send(v1::ControlRequest);
  void wind_down();
  void tell_of(const std::string& board);
  void set_aside(const std::string& board, const std::string& why);
  void look_after(const std::string& board);
  void device_changed(const std::string& board, const abilities::Incident&);
  // The attempt that has the board, or "".
  [[nodiscard]] std::string user_of(const std::string& board) const;
  void recover(const std::string& board);
  void recovered(const std::string& board);
  v1::BoardInfo board_info(const std::string& id) const;

  const AgentConfig config_;
  const std::string incarnation_;
  LabBoards& boards_;
  std::shared_ptr<grpc::Channel> channel_;
  std::unique_ptr<v1::AgentService::Stub> stub_;
  std::unique_ptr<v1::AgentService::Stub> leftovers_stub_;
  // Each attempt has a connection for its events while it lasts. They are used again,
  // and end with the agent: a channel must not end on gRPC's threads.
  std::vector<std::unique_ptr<v1::AgentService::Stub>> event_stubs_;
  std::vector<v1::AgentService::Stub*> free_event_stubs_;
  std::unique_ptr<v1::ArtifactService::Stub> artifact_stub_;
  ArtifactCache artifacts_;
  Inbox inbox_;

  std::shared_ptr<ControlStream> control_;
  std::uint64_t generation_ = 0;
  bool welcome_ = false;
  Duration backoff_{};
  Deadline reconnect_at_ = Deadline::never();

  Duration lease_ = std::chrono::seconds(30);
  Duration renew_every_ = std::chrono::seconds(5);
  std::uint64_t attempt_bytes_ = default_attempt_bytes;
  Deadline renew_at_ = Deadline::never();
  std::uint64_t renewal_ = 0;
  std::deque<std::pair<std::uint64_t, BootTime>> renewals_sent_;
  BootTime hello_sent_{};
  BootTime lease_from_{};  // when the last renewal (or hello) that assayd has answered was sent

  std::map<std::string, Attempt> attempts_;
  std::map<std::string, std::shared_ptr<ConsoleChannel>> channels_;
  std::map<std::string, std::shared_ptr<Uplink>> leftovers_;
  bool stopping_ = false;
  std::optional<Error> refused_;
  std::map<std::string, BootTime> idle_since_;  // boards that an attempt has given back
  std::map<std::string, Recovery> recoveries_;  // of boards that are unfit; last: their threads
};

}  // namespace assay::session
