// A client's stream of its lease: woken by what changes of it, while it waits also by
// what changes of boards, but no oftener than a person reads.
#include <atomic>

#include "api/calls.hpp"
#include "api/later.hpp"
#include "api/leases.hpp"
#include "api/orchestrator_service.hpp"
#include "api/runs.hpp"
#include "wire/status.hpp"

namespace assay::api {

namespace {

constexpr Duration look_every = std::chrono::seconds(1);

class LeaseCall final : public PulledCall<v1::LeaseBoardResponse> {
 public:
  LeaseCall(Backend& backend, v1::LeaseBoardRequest request)
      : PulledCall(backend.requests), backend_(backend), request_(std::move(request)) {}

 private:
  // What the watches and the timer set; they may come after the call's end.
  struct Flags {
    std::atomic<bool> changed = true;  // the lease: look at once
    std::atomic<bool> boards = false;  // any: look when the last look is old
  };

  Pull produce(v1::LeaseBoardResponse& response, grpc::Status& status) override {
    auto pull = next(response);
    if (pull) return *pull;
    status = wire::to_status(pull.error());
    return Pull::done;
  }

  Result<Pull> next(v1::LeaseBoardResponse& response) {
    if (over_) return Pull::done;
    if (id_.empty()) TRY(accept());
    if (!flags_->changed.exchange(false)) {
      if (!flags_->boards.load()) return Pull::waits;
      if (const Duration old = BootTime::now() - looked_; old < look_every) {
        remind(look_every - old);
        return Pull::waits;
      }
    }
    // Before the look: what changes after this is seen by the next one.
    flags_->boards = false;
    v1::PersonLease lease;
    TRY(fill_lease(backend_, number_, &lease));
    looked_ = BootTime::now();
    over_ = lease.state() == v1::RUN_STATE_ENDED;
    if (lease.state() != v1::RUN_STATE_QUEUED) boards_watch_.reset();
    *response.mutable_lease() = lease;
    // Time that passes is no news: the client counts by itself.
    lease.clear_left();
    const std::string news = lease.SerializeAsString();
    if (news == told_) return over_ ? Pull::done : Pull::waits;
    told_ = news;
    return Pull::wrote;
  }

  Result<> accept() {
    std::string id;
    if (const auto known = TRY(known_before())) {
      id = *known;
    } else {
      id = TRY(backend_.parts.dispatcher.submit(TRY(new_lease(backend_, request_))));
    }
    number_ = TRY(run_number(id));
    // From here on it ends with this call.
    if (request_.bound()) backend_.bound.hold(id);
    id_ = id;
    const std::weak_ptr<PulledCall> weak = weak_from_this();
    run_watch_ = backend_.runs->watch(id_, [weak, flags = flags_] {
      flags->changed = true;
      if (const auto call = weak.lock()) call->wake();
    });
    boards_watch_ = backend_.boards->watch("", [weak, flags = flags_] {
      if (flags->boards.exchange(true)) return;
      if (const auto call = weak.lock()) call->wake();
    });
    flags_->changed = true;
    return {};
  }

  // Said again, perhaps because the first answer was lost, or assayd was restarted.
  Result<std::optional<std::string>> known_before() {
    if (request_.request_id().empty()) return std::nullopt;
    const auto row = TRY(backend_.parts.store.run_by_request(request_.request_id()));
    if (!row) return std::nullopt;
    if (row->hold == 0 || row->person != request_.person()) {
      return fail(Cause::refused, "request_id: another request had the same one");
    }
    return scheduler::run_name(row->number);
  }

  void remind(Duration in) {
    const std::weak_ptr<PulledCall> weak = weak_from_this();
    later_.emplace().after(in, [weak] {
      if (const auto call = weak.lock()) call->wake();
    });
  }

  void on_end() override {
    if (id_.empty() || !request_.bound() || !backend_.bound.drop(id_)) return;
    // An assayd that stops leaves them to the next one.
    if (backend_.stopping) return;
    backend_.requests.post(
        [&backend = backend_, id = id_] { give_back(backend, id, "the client that had it left"); });
  }

  Backend& backend_;
  const v1::LeaseBoardRequest request_;
  const std::shared_ptr<Flags> flags_ = std::make_shared<Flags>();
  // Used by produce() only.
  std::string id_, told_;
  std::int64_t number_ = 0;
  bool over_ = false;
  BootTime looked_{};
  std::shared_ptr<void> run_watch_, boards_watch_;
  std::optional<Later> later_;
};

}  // namespace

grpc::ServerWriteReactor<v1::LeaseBoardResponse>* OrchestratorServiceImpl::LeaseBoard(
    Context*, const v1::LeaseBoardRequest* request) {
  return LeaseCall::begin(std::make_shared<LeaseCall>(backend_, *request));
}

}  // namespace assay::api
