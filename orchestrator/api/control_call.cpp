// An agent's control stream: hello, assignments, renewals, cancels.
#include <assay/v1/agent.pb.h>

#include "api/agent_service.hpp"
#include "api/calls.hpp"
#include "api/hello.hpp"
#include "api/services.hpp"
#include "base/log.hpp"
#include "scheduler/types.hpp"
#include "wire/limits.hpp"
#include "wire/scalar.hpp"
#include "wire/status.hpp"

namespace assay::api {

namespace {

// Assignments, cancels and answers that an agent has not taken yet.
constexpr std::size_t max_queued = 1024;

class ControlCall final : public BidiCall<v1::ControlRequest, v1::ControlResponse> {
 public:
  ControlCall(grpc::CallbackServerContext* context, Backend& backend)
      : BidiCall(context, max_queued), backend_(backend) {}

  // Nothing goes out before the welcome, although the dispatcher may assign as
  // soon as it knows the agent.
  void tell(v1::ControlResponse message) {
    {
      const std::lock_guard lock(early_mutex_);
      if (!welcomed_) {
        early_.push_back(std::move(message));
        return;
      }
    }
    write(std::move(message));
  }

 private:
  // How the dispatcher and consoles reach this call for as long as it lives.
  class Link final : public dispatch::AgentLink, public AgentPeer {
   public:
    explicit Link(std::weak_ptr<ControlCall> call) : call_(std::move(call)) {}

    void assign(const std::string& attempt, const std::string& spec,
                const std::vector<dispatch::BoardLease>& leases, Duration lease) override {
      v1::ControlResponse message;
      auto* assignment = message.mutable_assignment();
      assignment->set_attempt(attempt);
      if (!assignment->mutable_spec()->ParseFromString(spec)) {
        spdlog::error("{}: its stored job cannot be read", attempt);
      }
      for (const auto& one : leases) {
        auto* out = assignment->add_leases();
        out->set_role(one.role);
        out->set_board(one.board);
        out->set_epoch(one.epoch);
        wire::to_proto(lease, out->mutable_duration());
      }
      tell(std::move(message));
    }
    void cancel(const std::string& attempt, const std::string& reason) override {
      v1::ControlResponse message;
      message.mutable_cancel()->set_attempt(attempt);
      message.mutable_cancel()->set_reason(wire::wire_text(reason, wire::max_text));
      tell(std::move(message));
    }
    void close(const std::string& reason) override {
      if (const auto call = call_.lock()) call->abort({grpc::StatusCode::ABORTED, reason});
    }
    void open_channel(const std::string& channel, const std::string& board, const std::string& kind,
                      std::uint64_t epoch) override {
      v1::ControlResponse message;
      auto* open = message.mutable_open_channel();
      open->set_channel(channel);
      open->set_board(board);
      open->set_kind(kind);
      open->set_epoch(epoch);
      tell(std::move(message));
    }

   private:
    void tell(v1::ControlResponse message) {
      if (const auto call = call_.lock()) call->tell(std::move(message));
    }
    const std::weak_ptr<ControlCall> call_;
  };

  void on_request(v1::ControlRequest& request) override {
    if (link_ == nullptr) {
      if (!request.has_hello()) {
        return finish({grpc::StatusCode::INVALID_ARGUMENT, "the first message must be hello"});
      }
      auto self = std::static_pointer_cast<ControlCall>(shared_from_this());
      return backend_.control.post([self, &request] { self->greet(request.hello()); });
    }
    take(request);
    next();
  }

  // On a worker: the dispatcher waits for its commit.
  void greet(const v1::Hello& hello) {
    auto facts = read_hello(hello, backend_.version);
    if (!facts) {
      spdlog::warn("refused: {}", facts.error().text);
      return finish(wire::to_status(facts.error()));
    }
    name_ = facts->name;
    link_ = std::make_shared<Link>(std::static_pointer_cast<ControlCall>(shared_from_this()));
    const std::size_t boards = facts->boards.size();
    if (auto connected = backend_.parts.dispatcher.agent_connected(std::move(*facts), link_);
        !connected) {
      spdlog::warn("agent '{}' refused: {}", name_, connected.error().text);
      grpc::Status status = wire::to_status(connected.error());
      if (connected.error().cause == Cause::refused) {
        status = grpc::Status(grpc::StatusCode::ALREADY_EXISTS, status.error_message());
      }
      return finish(status);
    }
    spdlog::info("agent '{}' {} connected with {} boards", name_, hello.version(), boards);
    backend_.agents.add(name_, link_);
    welcome();
    next();
  }

  void welcome() {
    v1::ControlResponse message;
    wire::to_proto(backend_.parts.lease_times.lease, message.mutable_welcome()->mutable_lease());
    wire::to_proto(backend_.parts.lease_times.renew_every,
                   message.mutable_welcome()->mutable_renew_every());
    message.mutable_welcome()->set_orchestrator(backend_.identity);
    message.mutable_welcome()->set_attempt_bytes(backend_.parts.segments.attempt_bytes());
    // Locked until all is queued, so that nothing overtakes it.
    const std::lock_guard lock(early_mutex_);
    write(std::move(message));
    for (auto& early : early_) write(std::move(early));
    early_.clear();
    welcomed_ = true;
  }

  // None of these wait.
  void take(const v1::ControlRequest& request) {
    dispatch::Dispatcher& dispatcher = backend_.parts.dispatcher;
    switch (request.message_case()) {
      case v1::ControlRequest::kAssignment:
        return answered(request.assignment());
      case v1::ControlRequest::kRenewal:
        return renew(request.renewal());
      case v1::ControlRequest::kBoard: {
        auto board = read_board(request.board().board());
        if (!board) return finish(wire::to_status(board.error()));
        return dispatcher.board_changed(name_, std::move(*board));
      }
      case v1::ControlRequest::kChannelRefused:
        if (const auto end = backend_.channels.take(request.channel_refused().channel())) {
          end->peer_ended(request.channel_refused().reason());
        }
        return;
      case v1::ControlRequest::kClosed:
        return;  // its end is known by its last event
      case v1::ControlRequest::kHello:
        return finish({grpc::StatusCode::INVALID_ARGUMENT, "hello comes once, first"});
      case v1::ControlRequest::MESSAGE_NOT_SET:
        return;  // from a newer agent of this protocol
    }
  }

  void answered(const v1::AssignmentAnswer& answer) {
    if (backend_.parts.dispatcher.agent_of(answer.attempt()) == name_) return pass_on(answer);
    // It comes too late, or is not this agent's: the disk knows.
    backend_.control.post(
        [self = std::static_pointer_cast<ControlCall>(shared_from_this()), answer] {
          if (auto good = check_agent(self->backend_, answer.attempt(), self->name_); !good)
            return self->finish(wire::to_status(good.error()));
          self->pass_on(answer);
        });
  }
  void pass_on(const v1::AssignmentAnswer& answer) {
    backend_.parts.dispatcher.assignment_answered(answer.attempt(), answer.accepted(),
                                                  wire::wire_text(answer.reason(), wire::max_text));
  }

  void renew(const v1::Renewal& renewal) {
    if (static_cast<std::size_t>(renewal.attempts_size()) > wire::max_attempts) {
      return finish({grpc::StatusCode::INVALID_ARGUMENT, "a renewal of too many attempts"});
    }
    v1::ControlResponse message;
    message.mutable_renewal()->set_number(renewal.number());
    const std::vector<std::string> attempts(renewal.attempts().begin(), renewal.attempts().end());
    for (auto& unknown : backend_.parts.dispatcher.renewed(name_, attempts)) {
      message.mutable_renewal()->add_unknown(std::move(unknown));
    }
    write(std::move(message));
  }

  void on_end() override {
    if (link_ == nullptr) return;
    spdlog::info("agent '{}' disconnected", name_);
    backend_.agents.remove(name_, link_.get());
    backend_.channels.abandon(link_.get());
    backend_.parts.dispatcher.agent_disconnected(name_, link_.get());
  }

  Backend& backend_;
  // Set by greet(), while nothing is read; after that constant.
  std::string name_;
  std::shared_ptr<Link> link_;

  std::mutex early_mutex_;
  bool welcomed_ = false;
  std::vector<v1::ControlResponse> early_;
};

}  // namespace

Result<> check_agent(Backend& backend, const std::string& attempt, const std::string& agent) {
  std::string given_to = backend.parts.dispatcher.agent_of(attempt);
  const auto id = scheduler::parse_attempt(attempt);
  if (given_to.empty() && id) {
    for (const auto& row : TRY(backend.parts.store.attempts(id->job.run))) {
      if (row.job == id->job.index && row.number == id->number) given_to = row.agent;
    }
  }
  if (given_to.empty() || given_to == agent) return {};
  return fail(Cause::refused, "attempt '{}' was given to agent '{}', not to '{}'", attempt,
              given_to, wire::wire_text(agent, wire::max_name));
}

grpc::ServerBidiReactor<v1::ControlRequest, v1::ControlResponse>* AgentServiceImpl::Control(
    grpc::CallbackServerContext* context) {
  return ControlCall::begin(std::make_shared<ControlCall>(context, backend_));
}

std::unique_ptr<grpc::Service> make_agent_service(Backend& backend) {
  return std::make_unique<AgentServiceImpl>(backend);
}

}  // namespace assay::api
