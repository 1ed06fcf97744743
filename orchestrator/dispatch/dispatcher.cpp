#include "dispatch/dispatcher.hpp"

#include <condition_variable>
#include <deque>
#include <future>
#include <mutex>
#include <thread>

#include "base/log.hpp"
#include "dispatch/engine.hpp"

namespace assay::dispatch {

namespace {

using scheduler::parse_attempt;
using scheduler::parse_run;
using scheduler::run_name;

constexpr std::size_t queue_at_most = 4096;  // of clients' requests; agents' are always taken
// After a failed commit, time alone does not try again sooner than this.
constexpr Duration pause_after_failure = std::chrono::seconds(1);

struct Request {
  std::function<void()> apply;                // on the dispatcher's thread, core_ locked
  std::function<void(const Result<>&)> done;  // with the commit's outcome, nothing locked
};

class ThreadedDispatcher final : public Dispatcher {
 public:
  explicit ThreadedDispatcher(std::unique_ptr<Engine> engine, Duration lease)
      : engine_(std::move(engine)), lease_(lease), thread_([this] { loop(); }) {}

  ~ThreadedDispatcher() override {
    {
      const std::lock_guard lock(queue_mutex_);
      stopping_ = true;
    }
    wake_.notify_one();
    thread_.join();
    for (const auto& [name, link] : links_) link->close("assayd stops");
  }

  Result<std::string> submit(NewRun run) override {
    auto number = std::make_shared<Result<std::int64_t>>();
    TRY(wait(true, [this, number, run = std::move(run)] {
      *number = engine_->submit(run);
      return number->has_value() ? Result<>() : tl::unexpected(number->error());
    }));
    return run_name(**number);
  }

  Result<> cancel_run(const std::string& run, const std::string& reason) override {
    return wait(true, [this, run, reason] { return engine_->cancel(run, reason); });
  }

  Result<> extend_lease(const std::string& run, Duration more) override {
    return wait(true, [this, run, more] { return engine_->extend(run, more); });
  }
  Result<> release_lease(const std::string& run, const std::string& sentence) override {
    return wait(true, [this, run, sentence] { return engine_->release(run, sentence); });
  }

  Result<> quarantine(const std::string& board, const std::string& reason) override {
    return wait(true, [this, board, reason] {
      return engine_->core().quarantine(board, reason, engine_->changes());
    });
  }

  Result<> agent_connected(AgentFacts facts, std::shared_ptr<AgentLink> link) override {
    const std::string name = facts.name;
    auto replaced = std::make_shared<std::shared_ptr<AgentLink>>();
    const auto at = BootTime::now();
    auto result = wait(false, [this, facts = std::move(facts), link, replaced, at]() -> Result<> {
      TRY(engine_->core().hello(facts, at, engine_->changes()));
      *replaced = std::exchange(links_[facts.name], link);
      return {};
    });
    if (*replaced && *replaced != link)
      (*replaced)->close("another connection of this agent took over");
    // Its word is not on disk: it must say hello again.
    if (!result) agent_disconnected(name, link.get());
    return result;
  }

  void agent_disconnected(const std::string& agent, const AgentLink* link) override {
    post({[this, agent, link] {
            const auto found = links_.find(agent);
            if (found == links_.end() || found->second.get() != link) return;
            links_.erase(found);
            engine_->core().disconnected(agent);
          },
          nullptr});
  }

  void assignment_answered(const std::string& attempt, bool accepted,
                           const std::string& reason) override {
    const auto id = parse_attempt(attempt);
    if (!id) return;
    post({[this, id, accepted, reason, at = BootTime::now()] {
            engine_->core().answered(*id, accepted, reason, at, engine_->changes());
          },
          nullptr});
  }

  std::vector<std::string> renewed(const std::string& agent,
                                   const std::vector<std::string>& attempts) override {
    std::vector<std::string> unknown;
    {
      // At once and not through the queue: the answer extends a lease, so it
      // must know of an end that is not on disk yet.
      const std::lock_guard lock(core_mutex_);
      for (const std::string& attempt : attempts) {
        const auto id = parse_attempt(attempt);
        if (!id || !engine_->open(*id) || !engine_->core().current(*id)) unknown.push_back(attempt);
      }
      engine_->core().renewed(agent, attempts, BootTime::now(), engine_->changes());
    }
    post({nullptr, nullptr});
    return unknown;
  }

  void board_changed(const std::string& agent, BoardFacts board) override {
    post({[this, agent, board = std::move(board)] {
            engine_->core().board_changed(agent, board, engine_->changes());
          },
          nullptr});
  }

  Result<> attempt_ended(const std::string& attempt, Outcome outcome, const std::string& sentence,
                         bool retry_elsewhere) override {
    const auto id = parse_attempt(attempt);
    if (!id)
      return fail(Cause::not_found, "no attempt '{}'; attempts are named like r17.1.2", attempt);
    return wait(false,
                [this, id, attempt, outcome, sentence, retry_elsewhere,
                 at = BootTime::now()]() -> Result<> {
                  if (!engine_->core().ended(*id, outcome, sentence, retry_elsewhere, at,
                                             engine_->changes())) {
                    spdlog::info("{}: its end was told again or after its lease; not counted",
                                 attempt);
                  }
                  return {};
                });
  }

  bool accepts_events(const std::string& attempt) override {
    const auto id = parse_attempt(attempt);
    const std::lock_guard lock(core_mutex_);
    return id && engine_->open(*id);
  }

  std::string agent_of(const std::string& attempt) override {
    const auto id = parse_attempt(attempt);
    const std::lock_guard lock(core_mutex_);
    return id ? engine_->agent_of(*id) : "";
  }

  std::vector<WaitReason> why(const std::string& run) override {
    const auto number = parse_run(run);
    if (!number) return {};
    const std::lock_guard lock(core_mutex_);
    return engine_->core().why(*number, BootTime::now());
  }
  Waiting waiting(std::size_t limit) override {
    const std::lock_guard lock(core_mutex_);
    return engine_->core().waiting(limit, BootTime::now());
  }
  std::vector<BoardView> boards() override {
    const std::lock_guard lock(core_mutex_);
    return engine_->core().boards(BootTime::now());
  }
  std::vector<AgentView> agents() override {
    const std::lock_guard lock(core_mutex_);
    return engine_->core().agents();
  }

  void on_run_changed(std::function<void(const std::string& run)> callback) override {
    const std::lock_guard lock(core_mutex_);
    callbacks_.push_back(std::move(callback));
  }

  void on_boards_changed(std::function<void()> callback) override {
    const std::lock_guard lock(core_mutex_);
    board_callbacks_.push_back(std::move(callback));
  }

 private:
  void post(Request request) {
    {
      const std::lock_guard lock(queue_mutex_);
      queue_.push_back(std::move(request));
    }
    wake_.notify_one();
  }

  // Queues `apply` and waits until what it did is on disk.
  Result<> wait(bool client, std::function<Result<>()> apply) {
    struct Shared {
      Result<> answer;
      std::promise<Result<>> promise;
    };
    auto shared = std::make_shared<Shared>();
    auto future = shared->promise.get_future();
    Request request{[shared, apply = std::move(apply)] { shared->answer = apply(); },
                    [shared](const Result<>& commit) {
                      shared->promise.set_value(shared->answer ? commit : shared->answer);
                    }};
    {
      const std::lock_guard lock(queue_mutex_);
      if (stopping_) return fail(Cause::unavailable, "assayd stops");
      if (client && queue_.size() >= queue_at_most) {
        return fail(Cause::exhausted, "{} requests wait already; try again in a moment",
                    queue_.size());
      }
      queue_.push_back(std::move(request));
    }
    wake_.notify_one();
    return future.get();
  }

  void loop() {
    std::deque<Request> group;
    BootTime now;
    while (next_group(group, now)) {
      handle(group, now);
      group.clear();
    }
  }

  // Blocks until there are requests or something is due; false: stop.
  bool next_group(std::deque<Request>& group, BootTime& now) {
    std::unique_lock lock(queue_mutex_);
    while (queue_.empty() && !stopping_) {
      if (due_.ns == INT64_MAX) {
        wake_.wait(lock);
        continue;
      }
      const Duration left = due_ - BootTime::now();
      if (left <= Duration::zero()) break;
      wake_.wait_for(lock, std::min<Duration>(left, std::chrono::hours(1)));
    }
    group.swap(queue_);
    // Just what was received before it is in the group.
    now = BootTime::now();
    return !group.empty() || !stopping_;
  }

  void handle(const std::deque<Request>& group, BootTime now) {
    Pending pending;
    bool boards = group.empty();  // time alone
    {
      const std::lock_guard lock(core_mutex_);
      engine_->begin(now);
      for (const Request& request : group) {
        if (request.apply) request.apply();
        boards = boards || request.apply;
      }
      pending = engine_->take(now);
      boards = boards || !pending.batch.empty();
    }
    const Result<> outcome = engine_->commit(pending);
    std::vector<std::function<void()>> sends;
    std::vector<std::function<void(const std::string&)>> callbacks;
    std::vector<std::function<void()>> board_callbacks;
    {
      const std::lock_guard lock(core_mutex_);
      if (outcome) {
        sends = letters(pending);
        engine_->committed(pending);
        callbacks = callbacks_;
        if (boards) board_callbacks = board_callbacks_;
        due_ = engine_->core().next_due();
      } else {
        spdlog::error("not stored, and so not done: {}", outcome.error().text);
        engine_->failed(now);
        due_ = std::max(engine_->core().next_due(), now + pause_after_failure);
      }
    }
    for (const auto& send : sends) send();
    for (const Request& request : group) {
      if (request.done) request.done(outcome);
    }
    if (!outcome) return;
    for (const std::int64_t run : pending.runs) {
      for (const auto& callback : callbacks) callback(run_name(run));
    }
    for (const auto& callback : board_callbacks) callback();
  }

  // One call on an agent's link for each decision; those to lost agents are
  // dropped, for time settles them.
  std::vector<std::function<void()>> letters(const Pending& pending) {
    std::vector<std::function<void()>> sends;
    for (const scheduler::Decision& decision : pending.decisions) {
      if (const auto* assign = std::get_if<scheduler::Assign>(&decision)) {
        const auto link = links_.find(assign->agent);
        if (link == links_.end()) continue;
        sends.push_back([to = link->second, attempt = to_string(assign->attempt),
                         leases = assign->leases, spec = engine_->spec(assign->attempt.job),
                         lease = lease_] { to->assign(attempt, spec, leases, lease); });
      } else if (const auto* cancel = std::get_if<scheduler::Cancel>(&decision)) {
        const auto link = links_.find(cancel->agent);
        if (link == links_.end()) continue;
        sends.push_back(
            [to = link->second, cancel = *cancel] { to->cancel(cancel.attempt, cancel.reason); });
      }
    }
    return sends;
  }

  // Guarded by core_mutex_ (the thread alone changes links_ and the engine, but
  // for renewals).
  std::mutex core_mutex_;
  std::unique_ptr<Engine> engine_;
  std::map<std::string, std::shared_ptr<AgentLink>> links_;
  std::vector<std::function<void(const std::string&)>> callbacks_;
  std::vector<std::function<void()>> board_callbacks_;

  // Guarded by queue_mutex_.
  std::mutex queue_mutex_;
  std::condition_variable wake_;
  std::deque<Request> queue_;
  bool stopping_ = false;

  const Duration lease_;
  BootTime due_{0};     // the thread's own; at first at once
  std::thread thread_;  // last: it uses all of the above
};

}  // namespace

Result<std::unique_ptr<Dispatcher>> Dispatcher::start(store::Store& store, LeaseTimes times) {
  scheduler::Limits limits;
  limits.lease = times.lease;
  limits.renew_every = times.renew_every;
  limits.answer = std::min<Duration>(limits.answer, times.lease / 3);
  limits.project_queued = times.project_queued;
  limits.project_running = times.project_running;
  auto engine = TRY(Engine::load(store, limits, BootTime::now()));
  return std::make_unique<ThreadedDispatcher>(std::move(engine), times.lease);
}

}  // namespace assay::dispatch
