// Streams of a run: GetRun, WatchRun and ReadEvents. Those that follow are woken by
// the store of events and by the dispatcher's commits, never by a clock.
#include <atomic>
#include <deque>
#include <optional>

#include "api/calls.hpp"
#include "api/orchestrator_service.hpp"
#include "api/run_parts.hpp"
#include "api/runs.hpp"
#include "scheduler/types.hpp"
#include "wire/event.hpp"
#include "wire/limits.hpp"
#include "wire/status.hpp"

namespace assay::api {

namespace {

constexpr std::size_t piece = 256U << 10;

class GetRunCall final : public PulledCall<v1::GetRunResponse> {
 public:
  GetRunCall(Backend& backend, v1::GetRunRequest request)
      : PulledCall(backend.requests), backend_(backend), request_(std::move(request)) {}

 private:
  Pull produce(v1::GetRunResponse& response, grpc::Status& status) override {
    if (parts_ && !parts_->unfinished()) return Pull::done;
    const auto wrote = next(response);
    if (wrote) return Pull::wrote;
    status = wire::to_status(wrote.error());
    return Pull::done;
  }

  Result<> next(v1::GetRunResponse& response) {
    if (!parts_) {
      parts_.emplace(backend_, TRY(run_number(request_.id())));
      TRY(parts_->refresh());
    }
    TRY(parts_->next(response.mutable_part()));
    return {};
  }

  Backend& backend_;
  const v1::GetRunRequest request_;
  std::optional<RunParts> parts_;
};

class WatchRunCall final : public PulledCall<v1::WatchRunResponse> {
 public:
  WatchRunCall(Backend& backend, v1::WatchRunRequest request)
      : PulledCall(backend.requests), backend_(backend), request_(std::move(request)) {}

 private:
  // In the order of RunParts::attempts().
  struct Followed {
    std::shared_ptr<void> watch;
    std::shared_ptr<std::atomic<bool>> stored = std::make_shared<std::atomic<bool>>(false);
    segments::Cursor cursor;
  };

  Pull produce(v1::WatchRunResponse& response, grpc::Status& status) override {
    auto pull = next(response);
    if (pull) return *pull;
    status = wire::to_status(pull.error());
    return Pull::done;
  }

  Result<Pull> next(v1::WatchRunResponse& response) {
    if (!parts_) TRY(begin_watch());
    if (!parts_->unfinished() && dirty_->exchange(false)) TRY(refresh());
    // Its last word comes after the events that led to it.
    const bool last = parts_->ended() && told_;
    if (!last && TRY(next_part(response))) return Pull::wrote;
    if (TRY(next_event(response))) return Pull::wrote;
    if (!parts_->ended()) return Pull::waits;
    return TRY(next_part(response)) ? Pull::wrote : Pull::done;
  }

  Result<> begin_watch() {
    parts_.emplace(backend_, TRY(run_number(request_.id())));
    const std::weak_ptr<PulledCall> weak = weak_from_this();
    watch_ = backend_.runs->watch(request_.id(), [weak, dirty = dirty_] {
      dirty->store(true);
      if (const auto call = weak.lock()) call->wake();
    });
    return {};
  }

  Result<> refresh() {
    TRY(parts_->refresh());
    for (std::size_t i = followed_.size(); i < parts_->attempts().size(); ++i) {
      Followed& one = followed_.emplace_back();
      const std::weak_ptr<PulledCall> weak = weak_from_this();
      one.watch = backend_.parts.segments.watch(parts_->attempts()[i], [weak, stored = one.stored] {
        stored->store(true);
        if (const auto call = weak.lock()) call->wake();
      });
    }
    return {};
  }

  Result<bool> next_part(v1::WatchRunResponse& response) {
    for (std::size_t i = 0; i < followed_.size(); ++i) {
      if (followed_[i].stored->exchange(false)) parts_->look_at(i);
    }
    v1::RunPart part;
    if (!TRY(parts_->next(&part))) return false;
    told_ = told_ || !part.more();
    response.mutable_part()->Swap(&part);
    return true;
  }

  Result<bool> next_event(v1::WatchRunResponse& response) {
    if (!request_.events()) return false;
    for (std::size_t i = 0; i < followed_.size() && events_.empty(); ++i) {
      const std::string& attempt = parts_->attempts()[i];
      for (auto& event : TRY(backend_.parts.segments.read(attempt, followed_[i].cursor, piece))) {
        events_.emplace_back(attempt, std::move(event));
      }
    }
    if (events_.empty()) return false;
    response.mutable_event()->set_attempt(events_.front().first);
    wire::to_proto(events_.front().second, response.mutable_event()->mutable_event());
    events_.pop_front();
    return true;
  }

  Backend& backend_;
  const v1::WatchRunRequest request_;
  // All of it is used by produce() only, but for the flags.
  std::optional<RunParts> parts_;
  bool told_ = false;  // a whole state
  std::shared_ptr<std::atomic<bool>> dirty_ = std::make_shared<std::atomic<bool>>(true);
  std::shared_ptr<void> watch_;
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

grpc::ServerWriteReactor<v1::GetRunResponse>* OrchestratorServiceImpl::GetRun(
    Context*, const v1::GetRunRequest* request) {
  return GetRunCall::begin(std::make_shared<GetRunCall>(backend_, *request));
}

grpc::ServerWriteReactor<v1::WatchRunResponse>* OrchestratorServiceImpl::WatchRun(
    Context*, const v1::WatchRunRequest* request) {
  return WatchRunCall::begin(std::make_shared<WatchRunCall>(backend_, *request));
}

grpc::ServerWriteReactor<v1::ReadEventsResponse>* OrchestratorServiceImpl::ReadEvents(
    Context*, const v1::ReadEventsRequest* request) {
  return ReadEventsCall::begin(std::make_shared<ReadEventsCall>(backend_, *request));
}

}  // namespace assay::api
