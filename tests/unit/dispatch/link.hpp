// An agent's end of the link that remembers what it was told.
#pragma once

#include <condition_variable>
#include <mutex>

#include "dispatch/dispatcher.hpp"

namespace assay::dispatch {

class Link final : public AgentLink {
 public:
  void assign(const std::string& attempt, const std::string& spec,
              const std::vector<BoardLease>& leases, Duration) override {
    say(fmt::format("assign {} {}@{} {}", attempt, leases.at(0).board, leases.at(0).epoch, spec));
  }
  void cancel(const std::string& attempt, const std::string& reason) override {
    say(fmt::format("cancel {}: {}", attempt, reason));
  }
  void close(const std::string& reason) override { say("close: " + reason); }

  // The next message; "nothing" after `limit`.
  std::string next(Duration limit = std::chrono::seconds(10)) {
    std::unique_lock lock(mutex_);
    if (!said_.wait_for(lock, limit, [&] { return read_ < heard_.size(); })) return "nothing";
    return heard_[read_++];
  }
  std::size_t count() {
    const std::lock_guard lock(mutex_);
    return heard_.size();
  }

 private:
  void say(std::string words) {
    const std::lock_guard lock(mutex_);
    heard_.push_back(std::move(words));
    said_.notify_all();
  }
  std::mutex mutex_;
  std::condition_variable said_;
  std::vector<std::string> heard_;
  std::size_t read_ = 0;
};

inline AgentFacts agent(const std::string& name, const std::string& incarnation, int boards,
                        std::vector<std::string> attempts = {}) {
  AgentFacts facts{name, incarnation, "0.1.0", {"flash"}, {}, std::move(attempts)};
  for (int i = 1; i <= boards; ++i) {
    BoardFacts board;
    board.id = fmt::format("{}-{}", name, i);
    board.profile = "sensor";
    board.abilities = {"power"};
    facts.boards.push_back(board);
  }
  return facts;
}

inline NewRun a_run(const std::string& request_id = "", int jobs = 1) {
  NewRun run;
  run.plan = "ota-revert";
  run.request_id = request_id;
  run.request = "request";
  for (int i = 0; i < jobs; ++i) {
    NewJob job;
    job.needs = {{"dut", "sensor", {"power"}, ""}};
    job.verbs = {"flash"};
    job.profile = "sensor";
    job.params = {{"boots", "3"}};
    job.spec = "SPEC";
    job.spec_digest = "d";
    run.jobs.push_back(job);
  }
  return run;
}

}  // namespace assay::dispatch
