#include "cli/client.hpp"

#include <fmt/core.h>

#include "cli/client_stubs.hpp"
#include "wire/run_parts.hpp"

namespace assay::cli {
namespace {

using namespace std::chrono_literals;
constexpr Duration unary_deadline = 30s;

template <class Response, class Stub, class Request>
using Method = grpc::Status (Stub::*)(grpc::ClientContext*, const Request&, Response*);

template <class Response, class Request, class Stubs>
Result<Response> call(const Stubs& stubs,
                      Method<Response, v1::OrchestratorService::Stub, Request> method,
                      const Request& request) {
  grpc::ClientContext context;
  wire::set_deadline(context, unary_deadline);
  Response response;
  const grpc::Status status = ((*stubs.runs).*method)(&context, request, &response);
  if (!status.ok()) return tl::unexpected(stubs.error(status));
  return response;
}

}  // namespace

using Service = v1::OrchestratorService::Stub;

Client::Client(std::unique_ptr<Stubs> stubs) : stubs_(std::move(stubs)) {}
Client::Client(Client&&) noexcept = default;
Client& Client::operator=(Client&&) noexcept = default;
Client::~Client() = default;

Result<Client> Client::make(std::string_view server) {
  const auto endpoint = wire::parse_endpoint(server);
  if (!endpoint) return tl::unexpected(endpoint.error().in("--server"));
  auto stubs = std::make_unique<Stubs>();
  stubs->server = endpoint->text();
  stubs->channel = wire::make_channel(*endpoint);
  stubs->runs = v1::OrchestratorService::NewStub(stubs->channel);
  stubs->artifacts = v1::ArtifactService::NewStub(stubs->channel);
  return Client(std::move(stubs));
}

const std::string& Client::server() const {
  return stubs_->server;
}

Result<v1::Run> Client::submit_run(const v1::SubmitRunRequest& request) {
  return TRY(call(*stubs_, &Service::SubmitRun, request)).run();
}

Result<v1::ListRunsResponse> Client::list_runs(const v1::ListRunsRequest& request) {
  auto list = TRY(call(*stubs_, &Service::ListRuns, request));
  // A page is shorter than asked for when it would not fit into a message.
  v1::ListRunsRequest rest = request;
  while (static_cast<std::uint32_t>(list.runs_size()) < request.page_size() &&
         !list.next_page_token().empty()) {
    rest.set_page_size(request.page_size() - static_cast<std::uint32_t>(list.runs_size()));
    rest.set_page_token(list.next_page_token());
    list.clear_next_page_token();
    list.MergeFrom(TRY(call(*stubs_, &Service::ListRuns, rest)));
  }
  return list;
}

Result<v1::Run> Client::get_run(const std::string& id) {
  grpc::ClientContext context;
  wire::set_deadline(context, unary_deadline);
  v1::GetRunRequest request;
  request.set_id(id);
  const auto stream = stubs_->runs->GetRun(&context, request);
  v1::Run run;
  v1::GetRunResponse response;
  while (stream->Read(&response)) {
    wire::merge(run, std::move(*response.mutable_part()->mutable_run()));
  }
  const grpc::Status status = stream->Finish();
  if (!status.ok()) return tl::unexpected(stubs_->error(status));
  return run;
}

Result<v1::Run> Client::cancel_run(const std::string& id, const std::string& reason) {
  v1::CancelRunRequest request;
  request.set_id(id);
  request.set_reason(reason);
  return TRY(call(*stubs_, &Service::CancelRun, request)).run();
}

Result<v1::Run> Client::retest_run(const std::string& id) {
  v1::RetestRunRequest request;
  request.set_id(id);
  return TRY(call(*stubs_, &Service::RetestRun, request)).run();
}

Result<v1::WhyRunResponse> Client::why_run(const std::string& id) {
  v1::WhyRunRequest request;
  request.set_id(id);
  return call(*stubs_, &Service::WhyRun, request);
}

Result<v1::ListBoardsResponse> Client::list_boards() {
  return call(*stubs_, &Service::ListBoards, v1::ListBoardsRequest());
}

Result<v1::Board> Client::get_board(const std::string& id) {
  v1::GetBoardRequest request;
  request.set_id(id);
  return TRY(call(*stubs_, &Service::GetBoard, request)).board();
}

Result<v1::ListAgentsResponse> Client::list_agents() {
  return call(*stubs_, &Service::ListAgents, v1::ListAgentsRequest());
}

Result<v1::ListPlansResponse> Client::list_plans() {
  return call(*stubs_, &Service::ListPlans, v1::ListPlansRequest());
}

Result<v1::Board> Client::set_quarantine(const std::string& board, const std::string& reason) {
  v1::SetQuarantineRequest request;
  request.set_board(board);
  request.set_reason(reason);
  return TRY(call(*stubs_, &Service::SetQuarantine, request)).board();
}

Result<v1::PersonLease> Client::extend_lease(const v1::ExtendLeaseRequest& request) {
  return TRY(call(*stubs_, &Service::ExtendLease, request)).lease();
}

Result<v1::PersonLease> Client::release_lease(const v1::ReleaseLeaseRequest& request) {
  return TRY(call(*stubs_, &Service::ReleaseLease, request)).lease();
}

Result<> Client::lease_board(const v1::LeaseBoardRequest& request, std::stop_token stop,
                             const std::function<void(v1::PersonLease&&)>& changed) {
  grpc::ClientContext context;
  const Cancels cancels(context, stop);
  const auto stream = stubs_->runs->LeaseBoard(&context, request);
  v1::LeaseBoardResponse response;
  while (stream->Read(&response)) changed(std::move(*response.mutable_lease()));
  return stubs_->done(stream->Finish(), stop);
}

Error Client::about_run(Error error) {
  if (error.cause != Cause::not_found) return error;
  v1::ListRunsRequest request;
  request.set_page_size(1);
  const auto newest = list_runs(request);
  if (!newest) return error;
  error.text += newest->runs().empty()
                    ? "; there are no runs yet"
                    : fmt::format("; the newest is {}: see 'assay runs'", newest->runs(0).id());
  return error;
}

Result<> Client::watch_run(const std::string& id, std::stop_token stop,
                           const std::function<void(v1::Run&&, bool)>& changed) {
  grpc::ClientContext context;
  const Cancels cancels(context, stop);
  v1::WatchRunRequest request;
  request.set_id(id);
  const auto stream = stubs_->runs->WatchRun(&context, request);
  v1::WatchRunResponse response;
  while (stream->Read(&response)) {
    if (!response.has_part()) continue;
    auto& part = *response.mutable_part();
    changed(std::move(*part.mutable_run()), part.more());
  }
  return stubs_->done(stream->Finish(), stop);
}

Result<> Client::read_events(const std::string& attempt, std::uint64_t after, bool follow,
                             std::stop_token stop,
                             const std::function<bool(const v1::Event&)>& take) {
  grpc::ClientContext context;
  const Cancels cancels(context, stop);
  v1::ReadEventsRequest request;
  request.set_attempt(attempt);
  request.set_after(after);
  request.set_follow(follow);
  const auto stream = stubs_->runs->ReadEvents(&context, request);
  v1::ReadEventsResponse response;
  bool left = false;
  while (!left && stream->Read(&response)) {
    for (const v1::Event& event : response.events()) {
      left = left || !take(event);
    }
  }
  if (left) context.TryCancel();
  const grpc::Status status = stream->Finish();
  return left ? Result<>() : stubs_->done(status, stop);
}

Result<> Client::wait_back(Duration within, std::stop_token stop) {
  grpc::ClientContext context;
  const Cancels cancels(context, stop);
  wire::set_deadline(context, within);
  context.set_wait_for_ready(true);
  v1::ListAgentsResponse response;
  const auto status = stubs_->runs->ListAgents(&context, v1::ListAgentsRequest(), &response);
  if (status.ok()) return {};
  if (stop.stop_requested()) return fail(Cause::cancelled, "interrupted");
  if (status.error_code() == grpc::StatusCode::DEADLINE_EXCEEDED) {
    return fail(Cause::unavailable, "cannot reach assayd at {}: it has been away for {}",
                stubs_->server, human(within));
  }
  return tl::unexpected(stubs_->error(status));
}

}  // namespace assay::cli
