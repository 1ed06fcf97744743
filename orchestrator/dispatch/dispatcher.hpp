// The scheduler's adapter: one thread that feeds the pure core, commits what it
// decides to the store, and only then lets it happen.
//
// Thread-safe: every method may be called from any thread and returns at once,
// but for those that return a Result: these wait (bounded by the queue's length)
// until the outcome is on disk. Callbacks run on the dispatcher's thread and must
// not block or call back synchronously into methods that wait.
// A failed commit stops acceptance (Cause::exhausted, io or unavailable, with the
// store's words), reloads the core from the store, which is the truth, and tries again
// when the next request comes.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "base/result.hpp"
#include "scheduler/types.hpp"

namespace assay::store {
class Store;
}

namespace assay::dispatch {

using scheduler::AgentFacts;
using scheduler::BoardFacts;
using scheduler::BoardLease;
using scheduler::BoardNeed;
using scheduler::Outcome;

struct NewJob {
  std::vector<BoardNeed> needs;
  std::vector<std::string> verbs;  // what the agent must be able to do
  std::string profile;             // for listings
  std::map<std::string, std::string> params;
  std::string spec_digest;
  std::string spec;  // the compiled JobSpec, serialised: opaque here
};

struct NewRun {
  std::string plan, project, rev, ref, request_id;
  std::int32_t priority = 0;
  std::optional<scheduler::Hold> hold = {};  // a person's lease, of one job
  std::string lease = {};                    // "r17": on the boards of that lease only
  std::string request;                       // the SubmitRunRequest, serialised: for `retest`
  std::vector<NewJob> jobs;                  // at least one, at most 1000
};

// What the dispatcher tells one connected agent, on the dispatcher's thread: must
// not block. assign() may come before agent_connected() has returned: queue it
// behind the welcome.
class AgentLink {
 public:
  virtual ~AgentLink() = default;
  virtual void assign(const std::string& attempt, const std::string& spec,
                      const std::vector<BoardLease>& leases, Duration lease) = 0;
  virtual void cancel(const std::string& attempt, const std::string& reason) = 0;
  // Another connection of the same agent took over, or assayd stops.
  virtual void close(const std::string& reason) = 0;
};

struct LeaseTimes {
  Duration lease = std::chrono::seconds(30);
  Duration renew_every = std::chrono::seconds(5);
  std::size_t project_queued = scheduler::Limits().project_queued;
  std::size_t project_running = 0;  // 0: no limit
};

class Dispatcher {
 public:
  // Loads the state from the store and starts the thread. Agents that had
  // attempts have one lease's time to report back.
  static Result<std::unique_ptr<Dispatcher>> start(store::Store&, LeaseTimes);
  virtual ~Dispatcher() = default;

  // On disk when it returns: the run's id ("r17"). The same request_id again
  // returns the id of the first.
  virtual Result<std::string> submit(NewRun) = 0;
  virtual Result<> cancel_run(const std::string& run, const std::string& reason) = 0;
  // A person's lease: so much longer (up to a week in all), or done with. Cause::not_found,
  // refused when it is no lease, or has ended.
  virtual Result<> extend_lease(const std::string& run, Duration more) = 0;
  virtual Result<> release_lease(const std::string& run, const std::string& sentence) = 0;
  // reason "" : back in use.
  virtual Result<> quarantine(const std::string& board, const std::string& reason) = 0;

  // One agent connected and said hello. The link is kept until
  // agent_disconnected() or a newer connection.
  // Cause::refused when a living other incarnation has the name.
  virtual Result<> agent_connected(AgentFacts, std::shared_ptr<AgentLink>) = 0;
  virtual void agent_disconnected(const std::string& agent, const AgentLink*) = 0;
  virtual void assignment_answered(const std::string& attempt, bool accepted,
                                   const std::string& reason) = 0;
  // Every renewal, also one without attempts: an agent that is not heard for half
  // a lease is given no more. Returns attempts that the agent should stop: unknown, ended or
  // fenced.
  virtual std::vector<std::string> renewed(const std::string& agent,
                                           const std::vector<std::string>& attempts) = 0;
  virtual void board_changed(const std::string& agent, BoardFacts) = 0;
  // The attempt's last event is on disk; acknowledge that event to the agent only
  // after this has returned. Counted once, whatever is repeated;
  // waits for the commit. `retry_elsewhere` as the agent said.
  virtual Result<> attempt_ended(const std::string& attempt, Outcome, const std::string& sentence,
                                 bool retry_elsewhere) = 0;

  // May this attempt still deliver events? false: fenced or unknown.
  virtual bool accepts_events(const std::string& attempt) = 0;

  // The agent that it was given to; "": it has ended, or is unknown.
  virtual std::string agent_of(const std::string& attempt) = 0;

  using WaitReason = scheduler::WaitReason;
  virtual std::vector<WaitReason> why(const std::string& run) = 0;
  // The jobs that no attempt has yet, in the order in which they will start, the
  // first `limit` of them.
  using Waiting = scheduler::Waiting;
  virtual Waiting waiting(std::size_t limit) = 0;

  using BoardView = scheduler::BoardView;
  virtual std::vector<BoardView> boards() = 0;
  using AgentView = scheduler::AgentView;
  virtual std::vector<AgentView> agents() = 0;

  // Called after every commit that changed a run, with its id.
  virtual void on_run_changed(std::function<void(const std::string& run)>) = 0;
  // Called after what may have changed boards() or agents(): agents that came, went
  // or spoke of a board, commits, and time that ran out. Not for each renewal.
  virtual void on_boards_changed(std::function<void()>) = 0;
};

}  // namespace assay::dispatch
