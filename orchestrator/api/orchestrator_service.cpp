#include "api/orchestrator_service.hpp"

#include "api/leases.hpp"
#include "api/listings.hpp"
#include "api/runs.hpp"
#include "api/services.hpp"
#include "api/submit.hpp"
#include "wire/limits.hpp"
#include "wire/scalar.hpp"
#include "wire/status.hpp"

namespace assay::api {

template <class F>
grpc::ServerUnaryReactor* OrchestratorServiceImpl::answer(Context* context, F work) {
  auto* reactor = context->DefaultReactor();
  backend_.requests.post([reactor, work = std::move(work)] {
    const Result<> result = work();
    reactor->Finish(result ? grpc::Status::OK : wire::to_status(result.error()));
  });
  return reactor;
}

static Result<> submit(Backend& backend, const v1::SubmitRunRequest& request, v1::Run* out) {
  if (request.for_console()) {
    return fail(Cause::invalid, "for_console is assayd's own mark: open a Console with `hold`");
  }
  if (request.has_hold()) {
    return fail(Cause::invalid, "hold is assayd's own mark: LeaseBoard asks for a board");
  }
  if (!request.request_id().empty()) {
    // Said again, perhaps because the first answer was lost.
    if (const auto known = TRY(backend.parts.store.run_by_request(request.request_id()))) {
      return fill_head(backend, known->number, out);
    }
  }
  const std::string id = TRY(backend.parts.dispatcher.submit(TRY(compile_run(backend, request))));
  return fill_head(backend, TRY(run_number(id)), out);
}

OrchestratorServiceImpl::Unary* OrchestratorServiceImpl::SubmitRun(
    Context* context, const v1::SubmitRunRequest* request, v1::SubmitRunResponse* response) {
  return answer(context, [=, this] { return submit(backend_, *request, response->mutable_run()); });
}

OrchestratorServiceImpl::Unary* OrchestratorServiceImpl::ListRuns(
    Context* context, const v1::ListRunsRequest* request, v1::ListRunsResponse* response) {
  return answer(context, [=, this] { return list_runs(backend_, *request, response); });
}

OrchestratorServiceImpl::Unary* OrchestratorServiceImpl::CancelRun(
    Context* context, const v1::CancelRunRequest* request, v1::CancelRunResponse* response) {
  return answer(context, [=, this]() -> Result<> {
    const auto number = TRY(run_number(request->id()));
    TRY(wire::check_text("reason", request->reason(), wire::max_text));
    TRY(backend_.parts.dispatcher.cancel_run(
        request->id(), request->reason().empty() ? "cancelled on request" : request->reason()));
    return fill_head(backend_, number, response->mutable_run());
  });
}

OrchestratorServiceImpl::Unary* OrchestratorServiceImpl::RetestRun(
    Context* context, const v1::RetestRunRequest* request, v1::RetestRunResponse* response) {
  return answer(context, [=, this]() -> Result<> {
    const auto row = TRY(backend_.parts.store.run(TRY(run_number(request->id()))));
    if (!row) return fail(Cause::not_found, "no run '{}'", request->id());
    v1::SubmitRunRequest again;
    if (!again.ParseFromString(row->request)) {
      return fail(Cause::internal, "run {}: its stored request cannot be read", request->id());
    }
    if (again.for_console()) {
      return fail(Cause::refused, "{} held a board for a console: 'assay console' holds it again",
                  request->id());
    }
    if (again.has_hold()) {
      return fail(Cause::refused, "{} is a lease: 'assay lease {}' asks for one again",
                  request->id(),
                  again.hold().board().empty() ? "--profile " + again.hold().profile()
                                               : again.hold().board());
    }
    again.clear_request_id();
    again.clear_lease();  // which may be over; one that its person has now is used
    return submit(backend_, again, response->mutable_run());
  });
}

OrchestratorServiceImpl::Unary* OrchestratorServiceImpl::WhyRun(Context* context,
                                                                const v1::WhyRunRequest* request,
                                                                v1::WhyRunResponse* response) {
  return answer(context, [=, this] { return why_run(backend_, request->id(), response); });
}

OrchestratorServiceImpl::Unary* OrchestratorServiceImpl::ListBoards(
    Context* context, const v1::ListBoardsRequest*, v1::ListBoardsResponse* response) {
  return answer(context, [=, this]() -> Result<> {
    list_boards(backend_, response);
    return {};
  });
}

OrchestratorServiceImpl::Unary* OrchestratorServiceImpl::GetBoard(
    Context* context, const v1::GetBoardRequest* request, v1::GetBoardResponse* response) {
  return answer(context, [=, this]() -> Result<> {
    fill_board(TRY(find_board(backend_, request->id())), response->mutable_board());
    return {};
  });
}

OrchestratorServiceImpl::Unary* OrchestratorServiceImpl::ListAgents(
    Context* context, const v1::ListAgentsRequest*, v1::ListAgentsResponse* response) {
  return answer(context, [=, this]() -> Result<> {
    list_agents(backend_, response);
    return {};
  });
}

OrchestratorServiceImpl::Unary* OrchestratorServiceImpl::ListPlans(
    Context* context, const v1::ListPlansRequest*, v1::ListPlansResponse* response) {
  return answer(context, [=]() -> Result<> {
    list_plans(response);
    return {};
  });
}

OrchestratorServiceImpl::Unary* OrchestratorServiceImpl::SetQuarantine(
    Context* context, const v1::SetQuarantineRequest* request,
    v1::SetQuarantineResponse* response) {
  return answer(context, [=, this]() -> Result<> {
    TRY(find_board(backend_, request->board()));
    TRY(wire::check_text("reason", request->reason(), wire::max_text));
    TRY(backend_.parts.dispatcher.quarantine(request->board(), request->reason()));
    fill_board(TRY(find_board(backend_, request->board())), response->mutable_board());
    return {};
  });
}

OrchestratorServiceImpl::Unary* OrchestratorServiceImpl::ExtendLease(
    Context* context, const v1::ExtendLeaseRequest* request, v1::ExtendLeaseResponse* response) {
  return answer(context,
                [=, this] { return extend_lease(backend_, *request, response->mutable_lease()); });
}

OrchestratorServiceImpl::Unary* OrchestratorServiceImpl::ReleaseLease(
    Context* context, const v1::ReleaseLeaseRequest* request, v1::ReleaseLeaseResponse* response) {
  return answer(context,
                [=, this] { return release_lease(backend_, *request, response->mutable_lease()); });
}

std::unique_ptr<grpc::Service> make_orchestrator_service(Backend& backend) {
  return std::make_unique<OrchestratorServiceImpl>(backend);
}

}  // namespace assay::api
