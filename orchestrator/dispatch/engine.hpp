// The scheduler, its store and what lies between them, without thread or clock of its own:
// begin(); requests change the scheduler; take() collects what they changed into one
// commit; after it, committed() or failed(). The simulation drives this very
// class. Not thread-safe, but commit() may run while others only read.
#pragma once

#include <functional>
#include <memory>
#include <set>

#include "dispatch/dispatcher.hpp"
#include "scheduler/scheduler.hpp"
#include "store/store.hpp"

namespace assay::dispatch {

// What one commit holds, and what may happen once it is on disk.
struct Pending {
  store::Batch batch;
  std::vector<scheduler::Decision> decisions;
  std::set<std::int64_t> runs;  // changed
};

class Engine {
 public:
  // In microseconds since 1970; it may be set while the engine lives.
  using WallClock = std::function<std::int64_t()>;
  static Result<std::unique_ptr<Engine>> load(store::Store&, scheduler::Limits, BootTime now,
                                              WallClock = unix_micros);

  // Before the first request of a group: reloads when that is still due. If it
  // does not succeed, commit() refuses whatever the group did.
  void begin(BootTime now);

  // The number of the run; of the first one for a request id seen before.
  Result<std::int64_t> submit(const NewRun&);
  // Cause::not_found; refused when it has ended.
  Result<> cancel(const std::string& run, const std::string& reason);
  Result<> extend(const std::string& run, Duration more);
  Result<> release(const std::string& run, const std::string& sentence);
  // The scheduler, for all that needs no words of the store.
  scheduler::Scheduler& core() { return core_; }
  [[nodiscard]] const scheduler::Scheduler& core() const { return core_; }
  scheduler::Changes& changes() { return changes_; }

  // What time brings, and all changes since the last take().
  Pending take(BootTime now);
  Result<> commit(const Pending&);
  void committed(const Pending&);
  // Back to what the store says.
  void failed(BootTime now);

  // By what is on disk: an attempt whose end is not committed still counts.
  [[nodiscard]] bool open(scheduler::AttemptId id) const { return open_.contains(id); }
  // The agent that has an open attempt, or "".
  [[nodiscard]] std::string agent_of(scheduler::AttemptId id) const {
    const auto found = open_.find(id);
    return found == open_.end() ? "" : found->second;
  }
  // The compiled job of an attempt that is being assigned.
  [[nodiscard]] const std::string& spec(scheduler::JobId id) const;

 private:
  using Spec = std::shared_ptr<const std::string>;
  Engine(store::Store& store, scheduler::Limits limits, WallClock wall)
      : store_(store), wall_(std::move(wall)), core_(limits) {}
  Result<> reload(BootTime now);
  void keep_spec(scheduler::JobId, const std::string& spec, Spec& last);
  Result<> check(const NewRun&) const;
  // Words for a run that the scheduler does not know.
  Result<> over(std::int64_t number, Result<> told);

  store::Store& store_;
  const WallClock wall_;
  scheduler::Scheduler core_;
  scheduler::Changes changes_;
  std::map<std::int64_t, store::RunRow> new_runs_;  // submitted since the last take()
  std::map<scheduler::JobId, store::JobRow> new_jobs_;
  std::map<std::string, std::int64_t> new_requests_;
  std::map<scheduler::JobId, Spec> specs_;            // of runs that are not over
  std::map<scheduler::AttemptId, std::string> open_;  // to their agents
  std::int64_t last_run_ = 0;
  BootTime now_{};              // of this group
  std::optional<Error> stale_;  // why the last reload did not succeed
};

}  // namespace assay::dispatch
