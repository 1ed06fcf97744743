// An attempt's event stream: what comes in is synced to disk, then acknowledged.
#include <assay/v1/agent.pb.h>

#include "api/agent_service.hpp"
#include "api/calls.hpp"
#include "api/wear.hpp"
#include "base/log.hpp"
#include "scheduler/types.hpp"
#include "wire/event.hpp"
#include "wire/limits.hpp"
#include "wire/scalar.hpp"
#include "wire/status.hpp"

namespace assay::api {

namespace {

dispatch::Outcome outcome_of(evidence::Verdict verdict) {
  switch (verdict) {
    case evidence::Verdict::passed:
      return dispatch::Outcome::passed;
    case evidence::Verdict::failed:
      return dispatch::Outcome::failed;
    case evidence::Verdict::lab_error:
      return dispatch::Outcome::lab_error;
    case evidence::Verdict::cancelled:
      return dispatch::Outcome::cancelled;
  }
  return dispatch::Outcome::lab_error;
}

// Trouble of the disk or the database passes, whatever its cause: the agent keeps
// its events and tries again. Only `about_the_peer` is its own fault.
template <class T>
Result<T> storage(Result<T> result, std::optional<Cause> about_the_peer = {}) {
  if (!result && result.error().cause != about_the_peer) result.error().cause = Cause::unavailable;
  return result;
}

class EventsCall final : public BidiCall<v1::EventsRequest, v1::EventsResponse> {
 public:
  EventsCall(grpc::CallbackServerContext* context, Backend& backend)
      : BidiCall(context, 64), backend_(backend) {}

 private:
  // Reads ahead while a worker waits for the disk, so that many small messages
  // share one sync.
  void on_request(v1::EventsRequest& request) override {
    bool more = false;
    {
      const std::lock_guard lock(mutex_);
      if (attempt_.empty()) {
        attempt_ = request.attempt();
        agent_ = request.agent();
      }
      waiting_bytes_ += request.ByteSizeLong();
      for (auto& event : *request.mutable_events()) waiting_.push_back(std::move(event));
      more = waiting_bytes_ < wire::max_event_batch;
      paused_ = !more;
      if (!busy_) post();
    }
    if (more) next();
  }

  void on_half_close() override {
    const std::lock_guard lock(mutex_);
    closing_ = true;
    if (!busy_) finish(grpc::Status::OK);
  }

  // Under the mutex.
  void post() {
    busy_ = true;
    backend_.disk.post(
        [self = std::static_pointer_cast<EventsCall>(shared_from_this())] { self->work(); });
  }

  // On a worker, one at a time.
  void work() {
    std::vector<v1::Event> batch;
    {
      const std::lock_guard lock(mutex_);
      batch.swap(waiting_);
      waiting_bytes_ = 0;
    }
    if (auto stored = store(batch); !stored) {
      // Stays busy: nothing more is taken.
      return finish(wire::to_status(stored.error()));
    }
    bool read_on = false;
    {
      const std::lock_guard lock(mutex_);
      busy_ = false;
      read_on = std::exchange(paused_, false);
      if (!waiting_.empty()) {
        post();
      } else if (closing_) {
        finish(grpc::Status::OK);
      }
    }
    if (read_on) next();
  }

  Result<> store(const std::vector<v1::Event>& batch) {
    std::vector<evidence::Event> events;
    events.reserve(batch.size());
    for (const v1::Event& event : batch) events.push_back(TRY(wire::from_proto(event)));
    if (!checked_) TRY(storage(check_agent(backend_, attempt_, agent_), Cause::refused));
    checked_ = true;
    segments::Segments& segments = backend_.parts.segments;
    const bool open = backend_.parts.dispatcher.accepts_events(attempt_);
    segments::Stored stored;
    if (open || scheduler::parse_attempt(attempt_)) {
      stored = TRY(storage(segments.stored(attempt_)));
    }
    // An attempt that has ended with all its events is acknowledged once more.
    if (!open && !stored.ended) {
      return fail(Cause::not_found,
                  "attempt '{}' does not run here: it was ended, or never begun; drop its events",
                  wire::wire_text(attempt_, wire::max_name));
    }
    if (open && !events.empty())
      stored = TRY(storage(segments.append(attempt_, events), Cause::invalid));
    // Before the acknowledgement: whoever is killed in between, it is told again.
    const bool ends = open && stored.ended;
    if (ends) {
      TRY(storage(backend_.parts.dispatcher.attempt_ended(
          attempt_, outcome_of(stored.ended->verdict), stored.ended->sentence,
          stored.ended->retry_elsewhere)));
    }
    v1::EventsResponse response;
    response.set_acknowledged(stored.last);
    write(std::move(response));
    if (ends && backend_.on_attempt_ended)
      backend_.on_attempt_ended(attempt_, outcome_of(stored.ended->verdict));
    // By itself: it may read all events once more, and nobody waits for it.
    if (ends)
      backend_.disk.post(
          [&backend = backend_, attempt = attempt_] { count_wear(backend, attempt); });
    return {};
  }

  Backend& backend_;
  std::mutex mutex_;
  std::string attempt_, agent_;  // set by the first request; after that constant
  std::vector<v1::Event> waiting_;
  std::size_t waiting_bytes_ = 0;
  bool busy_ = false;
  bool paused_ = false;
  bool closing_ = false;
  bool checked_ = false;  // used by work() only
};

}  // namespace

grpc::ServerBidiReactor<v1::EventsRequest, v1::EventsResponse>* AgentServiceImpl::Events(
    grpc::CallbackServerContext* context) {
  return EventsCall::begin(std::make_shared<EventsCall>(context, backend_));
}

}  // namespace assay::api
