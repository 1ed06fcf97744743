// A client's end of a board's console. Reading disturbs nobody; writing needs a
// lease, which a person has while a job that holds the board for them runs.
#include <algorithm>

#include "api/calls.hpp"
#include "api/console_hold.hpp"
#include "api/listings.hpp"
#include "api/orchestrator_service.hpp"
#include "wire/job.hpp"
#include "wire/limits.hpp"
#include "wire/scalar.hpp"
#include "wire/status.hpp"

namespace assay::api {

namespace {

class ConsoleCall final : public BidiCall<v1::ConsoleRequest, v1::ConsoleResponse>,
                          public ClientEnd {
 public:
  ConsoleCall(grpc::CallbackServerContext* context, Backend& backend)
      : BidiCall(context, 64), backend_(backend) {}

  bool send(std::string bytes, std::function<void()> written) override {
    v1::ConsoleResponse response;
    response.set_data(std::move(bytes));
    response.set_writable(epoch_ != 0);
    return write(std::move(response), std::move(written));
  }

  void peer_ended(const std::string& why) override {
    if (why.empty()) return finish(grpc::Status::OK);
    finish({grpc::StatusCode::FAILED_PRECONDITION, wire::wire_text(why, wire::max_text)});
  }

  void joined(std::shared_ptr<ChannelEnd> agent_end) override {
    std::string early;
    {
      const std::lock_guard lock(mutex_);
      agent_ = agent_end;
      early.swap(early_);
    }
    if (!early.empty()) {
      forward(*agent_end, std::move(early));
    }
  }

 private:
  std::shared_ptr<ConsoleCall> self() {
    return std::static_pointer_cast<ConsoleCall>(shared_from_this());
  }

  void on_request(v1::ConsoleRequest& request) override {
    if (!named_) {
      named_ = true;
      if (request.hold()) hold_ = std::make_shared<ConsoleHold>(backend_);
      return backend_.requests.post([self = self(), &request] {
        if (self->hold_ != nullptr) return self->take(request);
        self->open_and_read(request.board());
      });
    }
    if (request.data().size() > wire::max_console_piece) {
      return finish({grpc::StatusCode::INVALID_ARGUMENT, "more than 64 KiB in one message"});
    }
    if (request.data().empty()) return next();
    if (epoch_ == 0) {
      return finish(
          {grpc::StatusCode::FAILED_PRECONDITION,
           fmt::format("the console of board {} is read only: lease the board first", board_)});
    }
    std::shared_ptr<ChannelEnd> agent;
    {
      const std::lock_guard lock(mutex_);
      agent = agent_.lock();
      // Not read on until the agent's end is there: this is all that is kept.
      if (agent == nullptr) {
        early_ = std::move(*request.mutable_data());
        return;
      }
    }
    forward(*agent, std::move(*request.mutable_data()));
  }

  void forward(ChannelEnd& agent, std::string bytes) {
    const std::weak_ptr<ConsoleCall> weak = self();
    agent.send(std::move(bytes), [weak] {
      if (const auto call = weak.lock()) call->next();
    });
  }

  // The client ends it when the board has said all.
  void on_half_close() override {
    if (!named_) return finish(grpc::Status::OK);
    v1::ConsoleResponse response;
    response.set_writable(epoch_ != 0);
    response.set_input_ended(true);
    write(std::move(response));
  }

  // Goes on when the board is held. `request` is left alone until then.
  void take(const v1::ConsoleRequest& request) {
    const std::string id = request.board();
    const std::weak_ptr<ConsoleCall> weak = self();
    const auto told = [weak, id](Result<> held) {
      const auto call = weak.lock();
      if (call == nullptr) return;
      if (!held) return call->finish(wire::to_status(held.error()));
      call->open_and_read(id);
    };
    const auto board = find_board(backend_, id);
    const Result<> begun = board ? hold_->begin(*board, request.person(), request.lease(), told)
                                 : tl::unexpected(board.error());
    if (!begun) finish(wire::to_status(begun.error()));
  }

  void open_and_read(const std::string& id) {
    if (auto opened = open(id); !opened) return finish(wire::to_status(opened.error()));
    next();
  }

  Result<> open(const std::string& id) {
    const auto board = TRY(find_board(backend_, id));
    const auto agent = backend_.agents.find(board.agent);
    if (agent == nullptr) {
      return fail(Cause::refused, "board '{}': its agent '{}' is not connected", id, board.agent);
    }
    board_ = id;
    if (TRY(held_for_a_person(board))) epoch_ = board.epoch;
    v1::ConsoleResponse first;
    first.set_writable(epoch_ != 0);
    if (hold_ != nullptr) first.set_run(hold_->run());
    write(std::move(first));
    agent->open_channel(backend_.channels.open(agent.get(), self()), id, "console", epoch_);
    // It may have gone before it could be told to abandon this channel.
    if (backend_.agents.find(board.agent) != agent) backend_.channels.abandon(agent.get());
    return {};
  }

  // Does the attempt that has the board do nothing but hold it?
  Result<bool> held_for_a_person(const dispatch::Dispatcher::BoardView& board) {
    const auto attempt = scheduler::parse_attempt(board.holder);
    if (!attempt) return false;
    const auto bytes = TRY(backend_.parts.store.job_spec(attempt->job.run, attempt->job.index));
    const auto spec = TRY(wire::decode_job(as_bytes(bytes)));
    return std::any_of(spec.steps.begin(), spec.steps.end(), [](const plans::Step& step) {
      return std::holds_alternative<plans::Hold>(step.action);
    });
  }

  void on_end() override {
    if (hold_ != nullptr) hold_->end();
    const std::lock_guard lock(mutex_);
    if (const auto agent = agent_.lock()) agent->peer_ended("");
  }

  Backend& backend_;
  bool named_ = false;                 // with hold_ set by the first request
  std::shared_ptr<ConsoleHold> hold_;  // only where the client asked for it
  // Set by open(), while nothing is read; after that constant.
  std::string board_;
  std::uint64_t epoch_ = 0;

  std::mutex mutex_;
  std::weak_ptr<ChannelEnd> agent_;
  std::string early_;
};

}  // namespace

grpc::ServerBidiReactor<v1::ConsoleRequest, v1::ConsoleResponse>* OrchestratorServiceImpl::Console(
    Context* context) {
  return ConsoleCall::begin(std::make_shared<ConsoleCall>(context, backend_));
}

}  // namespace assay::api
