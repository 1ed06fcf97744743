// A run as clients see it, from the store's rows and the stored events, in parts
// that each fit into a message: first all of it, then what has changed.
// Not thread-safe: one call's. Blocks for the disk.
#pragma once

#include <assay/v1/job.pb.h>
#include <assay/v1/orchestrator.pb.h>

#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "api/backend.hpp"
#include "base/result.hpp"

namespace assay::api {

class RunParts {
 public:
  RunParts(Backend& backend, std::int64_t number) : backend_(backend), number_(number) {}

  // Reads the rows, again when they may have changed: not between the parts of one
  // state. Cause::not_found.
  Result<> refresh();
  [[nodiscard]] bool ended() const { return head_.state() == v1::RUN_STATE_ENDED; }
  // Of all jobs, in the order in which refresh() found them: new ones come last.
  [[nodiscard]] const std::vector<std::string>& attempts() const { return names_; }
  // Events of attempts()[i] were stored.
  void look_at(std::size_t i) { attempts_[i].look = true; }

  // What is new; false: nothing.
  Result<bool> next(v1::RunPart*);
  // The last part said that more of its state follows.
  [[nodiscard]] bool unfinished() const { return !pending_.empty(); }

 private:
  struct OneJob {
    v1::Job head;  // without attempts
    bool changed = true;
    std::vector<std::size_t> attempts;
  };
  struct OneAttempt {
    v1::Attempt head;  // without what comes from its events
    bool changed = true;
    bool look = true;
    std::uint64_t sent = 0;  // the record's version up to which its steps were sent
    // While it is being sent.
    std::uint64_t goal = 0;
    std::size_t step = 0;
  };
  struct Pending {
    std::size_t job;
    std::optional<std::size_t> attempt;
  };
  Result<> find_new();
  // false: the part is full, the rest of it comes with the next.
  Result<bool> add(std::size_t job, OneAttempt&, v1::Attempt*, std::size_t& bytes);
  // The words of a step that never began: its events have none.
  Result<> tell(std::size_t job, v1::StepResult*);

  Backend& backend_;
  const std::int64_t number_;
  v1::Run head_;  // without jobs
  bool head_changed_ = true;
  std::vector<OneJob> jobs_;
  std::deque<OneAttempt> attempts_;
  std::vector<std::string> names_;
  std::unordered_map<std::string, std::size_t> by_name_;
  std::deque<Pending> pending_;
  // Of the job that is being told, once it was asked for.
  std::optional<std::size_t> spec_job_;
  v1::JobSpec spec_;
};

}  // namespace assay::api
