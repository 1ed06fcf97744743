// OrchestratorService: what clients ask. Thread-safe; no reaction blocks.
#pragma once

#include <assay/v1/orchestrator.grpc.pb.h>

#include "api/backend.hpp"

namespace assay::api {

class OrchestratorServiceImpl final : public v1::OrchestratorService::CallbackService {
 public:
  explicit OrchestratorServiceImpl(Backend& backend) : backend_(backend) {}

  using Context = grpc::CallbackServerContext;
  using Unary = grpc::ServerUnaryReactor;
  Unary* SubmitRun(Context*, const v1::SubmitRunRequest*, v1::SubmitRunResponse*) override;
  Unary* ListRuns(Context*, const v1::ListRunsRequest*, v1::ListRunsResponse*) override;
  Unary* CancelRun(Context*, const v1::CancelRunRequest*, v1::CancelRunResponse*) override;
  Unary* RetestRun(Context*, const v1::RetestRunRequest*, v1::RetestRunResponse*) override;
  Unary* WhyRun(Context*, const v1::WhyRunRequest*, v1::WhyRunResponse*) override;
  Unary* ListBoards(Context*, const v1::ListBoardsRequest*, v1::ListBoardsResponse*) override;
  Unary* GetBoard(Context*, const v1::GetBoardRequest*, v1::GetBoardResponse*) override;
  Unary* ListAgents(Context*, const v1::ListAgentsRequest*, v1::ListAgentsResponse*) override;
  Unary* ListPlans(Context*, const v1::ListPlansRequest*, v1::ListPlansResponse*) override;
  Unary* SetQuarantine(Context*, const v1::SetQuarantineRequest*,
                       v1::SetQuarantineResponse*) override;

  grpc::ServerWriteReactor<v1::GetRunResponse>* GetRun(Context*, const v1::GetRunRequest*) override;
  grpc::ServerWriteReactor<v1::WatchRunResponse>* WatchRun(Context*,
                                                           const v1::WatchRunRequest*) override;
  grpc::ServerWriteReactor<v1::ReadEventsResponse>* ReadEvents(
      Context*, const v1::ReadEventsRequest*) override;
  grpc::ServerWriteReactor<v1::LeaseBoardResponse>* LeaseBoard(
      Context*, const v1::LeaseBoardRequest*) override;
  Unary* ExtendLease(Context*, const v1::ExtendLeaseRequest*, v1::ExtendLeaseResponse*) override;
  Unary* ReleaseLease(Context*, const v1::ReleaseLeaseRequest*, v1::ReleaseLeaseResponse*) override;
  grpc::ServerBidiReactor<v1::ConsoleRequest, v1::ConsoleResponse>* Console(Context*) override;

 private:
  // Runs `work` on a worker; its Result ends the call.
  template <class F>
  Unary* answer(Context*, F work);

  Backend& backend_;
};

}  // namespace assay::api
