#include "api/server.hpp"

#include <arpa/inet.h>
#include <grpcpp/grpcpp.h>
#include <netdb.h>
#include <sys/socket.h>
#include <unistd.h>

#include <list>

#include "api/caretaker.hpp"
#include "api/console_hold.hpp"
#include "api/later.hpp"
#include "api/leases.hpp"
#include "api/services.hpp"
#include "base/fd.hpp"
#include "base/log.hpp"
#include "scheduler/types.hpp"

namespace assay::api {

static constexpr auto grace = std::chrono::milliseconds(100);

struct Server::Running {
  Running(const Parts& parts)
      : backend(parts),
        agents(make_agent_service(backend)),
        artifacts(make_artifact_service(backend)),
        orchestrator(make_orchestrator_service(backend)) {}

  Backend backend;
  std::shared_ptr<Caretaker> caretaker;
  std::list<Later> orphans;  // leases
  std::unique_ptr<grpc::Service> agents, artifacts, orchestrator;
  wire::Endpoint endpoint;
  std::unique_ptr<grpc::Server> server;
};

// A bind of our own says why not, in one sentence; gRPC would write a screenful.
static Result<> check_bind(const wire::Endpoint& endpoint) {
  const std::string where = endpoint.text();
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_PASSIVE;
  addrinfo* found = nullptr;
  if (const int error =
          getaddrinfo(endpoint.host.c_str(), std::to_string(endpoint.port).c_str(), &hints, &found);
      error != 0) {
    return fail(Cause::invalid, "cannot listen on {}: {}", where, gai_strerror(error));
  }
  const UniqueFd fd(::socket(found->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const int one = 1;
  setsockopt(fd.get(), SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
  const int bound = fd ? ::bind(fd.get(), found->ai_addr, found->ai_addrlen) : -1;
  const int number = errno;
  freeaddrinfo(found);
  if (bound == 0) return {};
  return fail(
      Cause::io, "cannot listen on {}: {}{}", where, std::generic_category().message(number),
      number == EADDRINUSE ? "; is another assayd running? --listen takes another port" : "");
}

Result<std::unique_ptr<Server>> Server::start(const wire::Endpoint& listen, const Parts& parts,
                                              const std::string& version) {
  TRY(check_bind(listen));
  auto running = std::make_unique<Running>(parts);
  running->backend.version = version;
  running->backend.identity = TRY(parts.store.identity());
  running->caretaker = TRY(Caretaker::start(running->backend));
  running->backend.on_attempt_ended = [care = running->caretaker.get()](const std::string& attempt,
                                                                        dispatch::Outcome outcome) {
    care->attempt_ended(attempt, outcome);
  };
  // The dispatcher outlives the server.
  const std::weak_ptr<Caretaker> care = running->caretaker;
  parts.dispatcher.on_run_changed([runs = running->backend.runs, care](const std::string& run) {
    runs->notify(run);
    if (const auto caretaker = care.lock()) caretaker->run_changed(run);
  });
  parts.dispatcher.on_boards_changed([boards = running->backend.boards, care] {
    boards->notify("");
    if (const auto caretaker = care.lock()) caretaker->boards_changed();
  });
  TRY(end_orphaned_holds(parts));
  TRY(watch_orphaned_leases(running->backend, running->orphans));
  grpc::ServerBuilder builder;
  wire::apply_server_limits(builder);
  int port = 0;
  builder.AddListeningPort(listen.text(), grpc::InsecureServerCredentials(), &port);
  builder.RegisterService(running->agents.get());
  builder.RegisterService(running->artifacts.get());
  builder.RegisterService(running->orchestrator.get());
  running->server = builder.BuildAndStart();
  if (!running->server || port == 0) {
    TRY(check_bind(listen));  // taken since
    return fail(Cause::io, "cannot listen on {}: gRPC refuses the address", listen.text());
  }
  running->endpoint = {listen.host, static_cast<std::uint16_t>(port)};
  return std::unique_ptr<Server>(new Server(std::move(running)));
}

Server::Server(std::unique_ptr<Running> running) : running_(std::move(running)) {}

Server::~Server() {
  stop();
}

void Server::stop() {
  if (!running_->server) return;
  running_->backend.stopping = true;
  running_->caretaker->stop();
  running_->server->Shutdown(std::chrono::system_clock::now() + grace);
  running_->server->Wait();
  running_->server.reset();
}

const wire::Endpoint& Server::endpoint() const {
  return running_->endpoint;
}

Backend& Server::backend() {
  return running_->backend;
}

Result<> count_ended_attempts(const Parts& parts) {
  for (const auto& row : TRY(parts.store.open_work()).attempts) {
    const std::string attempt = to_string(scheduler::AttemptId{{row.run, row.job}, row.number});
    const auto stored = parts.segments.stored(attempt);
    if (!stored) {
      spdlog::warn("{}: {}", attempt, stored.error().text);
      continue;
    }
    if (!stored->ended) continue;
    const auto outcome = static_cast<dispatch::Outcome>(stored->ended->verdict);
    TRY(parts.dispatcher.attempt_ended(attempt, outcome, stored->ended->sentence,
                                       stored->ended->retry_elsewhere));
  }
  return {};
}

}  // namespace assay::api
