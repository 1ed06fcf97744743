// Streams that follow a run: WatchRun and ReadEvents. Both are woken by the store
// of events and by the dispatcher's commits, never by a clock.
#include <atomic>
#include <deque>

#include "api/calls.hpp"
#include "api/orchestrator_service.hpp"
#include "api/runs.hpp"
#include "scheduler/types.hpp"
#include "wire/event.hpp"
#include "wire/limits.hpp"
#include "wire/status.hpp"

namespace assay::api {

namespace {

constexpr std::size_t piece = 256U << 10;

class WatchRunCall final : public PulledCall<v1::WatchRunResponse> {
 public:
  WatchRunCall(Backend& backend, v1::WatchRunRequest request)
      : PulledCall(backend.requests), backend_(backend), request_(std::move(request)) {}

 private:
  struct Followed {
    std::string attempt;
    std::shared_ptr<void> watch;
    std::shared_ptr<std::atomic<bool>> changed = std::make_shared<std::atomic<bool>>(true);
    segments::Cursor cursor;
    std::uint64_t shown = 0;  // version of the record that was last sent
  };

  Pull produce(v1::WatchRunResponse& response, grpc::Status& status) override {
    auto pull = next(response);
    if (pull) return *pull;
    status = wire::to_status(pull.error());
    return Pull::done;
  }

  Result<Pull> next(v1::WatchRunResponse& response) {
    if (!begun_) TRY(begin_watch());
    if (dirty_->exchange(false)) {
      TRY(refresh());
      // Its last word comes after the events that led to it.
      if (run_.state() != v1::RUN_STATE_ENDED || first_) {
        first_ = false;
        *response.mutable_run() = run_;
        return Pull::wrote;
      }
    }
    if (TRY(next_event(response))) return Pull::wrote;
    if (run_.state() == v1::RUN_STATE_ENDED) {
      if (sent_last_) return Pull::done;
      sent_last_ = true;
      *response.mutable_run() = run_;
      return Pull::wrote;
    }
    if (TRY(steps_changed())) {
      TRY(refresh());
      *response.mutable_run() = run_;
      return Pull::wrote;
    }
    return Pull::waits;
  }

  Result<> begin_watch() {
    number_ = TRY(run_number(request_.id()));
    begun_ = true;
    const std::weak_ptr<PulledCall> weak = weak_from_this();
    watch_ = backend_.runs->watch(request_.id(), [weak, dirty = dirty_] {
      dirty->store(true);
      if (const auto call = weak.lock()) call->wake();
    });
    return {};
  }

  Result<> refresh() {
    run_.Clear();
    TRY(fill_run(backend_, number_, &run_));
    for (const auto& job : run_.jobs()) {
      for (const auto& attempt : job.attempts()) follow(attempt.id());
    }
    return {};
  }

  void follow(const std::string& attempt) {
    for (const Followed& one : followed_) {
      if (one.attempt == attempt) return;
    }
    Followed& one = followed_.emplace_back();
    one.attempt = attempt;
    const std::weak_ptr<PulledCall> weak = weak_from_this();
    one.watch = backend_.parts.segments.watch(attempt, [weak, changed = one.changed] {
      changed->store(true);
      if (const auto call = weak.lock()) call->wake();
    });
  }

  Result<bool> next_event(v1::WatchRunResponse& response) {
    if (!request_.events()) return false;
    for (Followed& one : followed_) {
      if (!events_.empty()) break;
      for (auto& event : TRY(backend_.parts.segments.read(one.attempt, one.cursor, piece))) {
        events_.emplace_back(one.attempt, std::move(event));
      }
    }
    if (events_.empty()) return false;
    response.mutable_event()->set_attempt(events_.front().first);
    wire::to_proto(events_.front().second, response.mutable_event()->mutable_event());
    events_.pop_front();
    return true;
  }

  // A flood of console bytes is no change of a step.
  Result<bool> steps_changed() {
    bool changed = false;
    for (Followed& one : followed_) {
      if (!one.changed->exchange(false)) continue;
      TRY(backend_.records.read(one.attempt, [&](const evidence::AttemptRecord& record) {
        changed = changed || record.version() != one.shown;
        one.shown = record.version();
      }));
    }
    return changed;
  }

  Backend& backend_;
  const v1::WatchRunRequest request_;
  // All of it is used by produce() only, but for the flags.
  bool begun_ = false;
  bool first_ = true;
  bool sent_last_ = false;
  std::int64_t number_ = 0;
  std::shared_ptr<std::atomic<bool>> dirty_ = std::make_shared<std::atomic<bool>>(true);
  std::shared_ptr<void> watch_;
  v1::Run run_;
  std::deque<Followed> followed_;
  std::deque<std::pair<std::string, evidence::Event>> events_;
};

class ReadEventsCall final : public PulledCall<v1::ReadEventsResponse> {
 public:
  ReadEventsCall(Backend& backend, v1::ReadEventsRequest request)
      : PulledCall(backend.requests), backend_(backend), request_(std::move(request)) {}

 private:
  Pull produce(v1::ReadEventsResponse& response, grpc::Status& status) override {
    auto pull = next(response);
    if (pull) return *pull;
    status = wire::to_status(pull.error());
    return Pull::done;
  }

  Result<Pull> next(v1::ReadEventsResponse& response) {
    if (!begun_) TRY(begin_read());
    const bool over =
        !request_.follow() || TRY(ended());  // asked first: what was stored before is read below
    const auto events = TRY(backend_.parts.segments.read(request_.attempt(), cursor_, piece));
    for (const auto& event : events) wire::to_proto(event, response.add_events());
    if (!events.empty()) return Pull::wrote;
    return over ? Pull::done : Pull::waits;
  }

  Result<> begin_read() {
    id_ = scheduler::parse_attempt(request_.attempt());
    if (!id_) {
      return fail(Cause::not_found, "no attempt '{}'; attempts are named like r17.1.2",
                  request_.attempt().substr(0, wire::max_name));
    }
    const auto row = TRY(find());
    if (!row) return fail(Cause::not_found, "no attempt '{}'", request_.attempt());
    begun_ = true;
    cursor_.seq = request_.after();
    if (!request_.follow()) return {};
    const std::weak_ptr<PulledCall> weak = weak_from_this();
    const auto wake = [weak] {
      if (const auto call = weak.lock()) call->wake();
    };
    events_watch_ = backend_.parts.segments.watch(request_.attempt(), wake);
    run_watch_ = backend_.runs->watch(scheduler::run_name(id_->job.run), wake);
    return {};
  }

  Result<std::optional<store::AttemptRow>> find() {
    for (auto& row : TRY(backend_.parts.store.attempts(id_->job.run))) {
      if (row.job == id_->job.index && row.number == id_->number)
        return std::optional(std::move(row));
    }
    return std::nullopt;
  }

  Result<bool> ended() {
    if (TRY(backend_.parts.segments.stored(request_.attempt())).ended) return true;
    const auto row = TRY(find());
    return !row || row->state == "ended";  // its agent was lost
  }

  Backend& backend_;
  const v1::ReadEventsRequest request_;
  bool begun_ = false;
  std::optional<scheduler::AttemptId> id_;
  segments::Cursor cursor_;
  std::shared_ptr<void> events_watch_, run_watch_;
};

}  // namespace

grpc::ServerWriteReactor<v1::WatchRunResponse>* OrchestratorServiceImpl::WatchRun(
    Context*, const v1::WatchRunRequest* request) {
  return WatchRunCall::begin(std::make_shared<WatchRunCall>(backend_, *request));
}

grpc::ServerWriteReactor<v1::ReadEventsResponse>* OrchestratorServiceImpl::ReadEvents(
    Context*, const v1::ReadEventsRequest* request) {
  return ReadEventsCall::begin(std::make_shared<ReadEventsCall>(backend_, *request));
}

}  // namespace assay::api
