// Runs as clients see them, from the store's rows and the stored events.
// Thread-safe; blocks for the disk.
#pragma once

#include <cstdint>
#include <string>

#include "api/backend.hpp"
#include "base/result.hpp"

namespace assay::v1 {
class Run;
class ListRunsRequest;
class ListRunsResponse;
class Board;
class Agent;
}  // namespace assay::v1

namespace assay::api {

// The 17 of "r17"; Cause::not_found for anything else.
Result<std::int64_t> run_number(const std::string& id);

// With jobs, attempts and steps. Cause::not_found.
Result<> fill_run(Backend&, std::int64_t number, v1::Run*);
Result<> list_runs(Backend&, const v1::ListRunsRequest&, v1::ListRunsResponse*);

void fill_board(const dispatch::Dispatcher::BoardView&, v1::Board*);
void fill_agent(const dispatch::Dispatcher::AgentView&, v1::Agent*);
// Cause::not_found, with a suggestion.
Result<dispatch::Dispatcher::BoardView> find_board(Backend&, const std::string& id);

}  // namespace assay::api
