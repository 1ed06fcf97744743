// What is there to run on, what can be run, and why something does not: as
// clients see it. Thread-safe; why_run() blocks for the disk.
#pragma once

#include <assay/v1/orchestrator.pb.h>

#include <string>

#include "api/backend.hpp"
#include "base/result.hpp"

namespace assay::api {

void fill_board(const dispatch::Dispatcher::BoardView&, v1::Board*);
void fill_agent(const dispatch::Dispatcher::AgentView&, v1::Agent*);
// Cause::not_found, with a suggestion.
Result<dispatch::Dispatcher::BoardView> find_board(Backend&, const std::string& id);

void fill_reason(const dispatch::Dispatcher::WaitReason&, v1::JobReason*);
void list_boards(Backend&, v1::ListBoardsResponse*);
void list_agents(Backend&, v1::ListAgentsResponse*);
// The shipped ones. Reads files.
void list_plans(v1::ListPlansResponse*);

// Cause::not_found.
Result<> why_run(Backend&, const std::string& id, v1::WhyRunResponse*);

}  // namespace assay::api
