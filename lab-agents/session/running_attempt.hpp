// One attempt on this agent: its thread, its leases, its spool and the reason why
// it must stop, if it must.
//
// Thread-safe. The destructor stops and joins.
#pragma once

#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "assay/v1/artifact.grpc.pb.h"
#include "base/clock.hpp"
#include "executor/attempt.hpp"
#include "plans/job_spec.hpp"
#include "session/artifact_cache.hpp"
#include "session/lab_boards.hpp"
#include "spool/spool.hpp"

namespace assay::session {

struct AttemptOrder {
  std::string id;
  plans::JobSpec spec;
  struct Lease {
    std::string role, board;
    std::uint64_t epoch = 0;
  };
  std::vector<Lease> leases;
};

class RunningAttempt {
 public:
  struct Surroundings {
    LabBoards& boards;
    ArtifactCache& artifacts;
    v1::ArtifactService::Stub& stub;
    std::filesystem::path scratch;  // parent of the attempt's own folder
    std::string agent;
    std::map<std::string, std::string> environment;
  };
  // `on_end` is called on the attempt's thread when the boards are safe, just
  // before the last event is spooled.
  RunningAttempt(AttemptOrder, Surroundings, std::shared_ptr<spool::Spool>,
                 std::function<void()> on_end);
  ~RunningAttempt();

  // The first reason given counts.
  void stop(evidence::Verdict, const std::string& why);

  [[nodiscard]] const AttemptOrder& order() const { return order_; }
  [[nodiscard]] const std::shared_ptr<spool::Spool>& spool() const { return spool_; }

  // The session's lease clock: boards may be used until then.
  Deadline lease_until = Deadline::never();

 private:
  void run(std::stop_token);
  [[nodiscard]] std::string role_of(const std::string& board) const;
  Result<std::map<std::string, std::filesystem::path>> fetch_artifacts(
      std::stop_token, std::vector<ArtifactCache::Pin>&);
  std::pair<evidence::Verdict, std::string> reason();

  class Sink;

  const AttemptOrder order_;
  const Surroundings around_;
  const std::shared_ptr<spool::Spool> spool_;
  const std::function<void()> on_end_;

  std::mutex mutex_;
  std::optional<std::pair<evidence::Verdict, std::string>> reason_;
  std::stop_source stop_;
  std::jthread thread_;  // last: started when all else stands
};

}  // namespace assay::session
