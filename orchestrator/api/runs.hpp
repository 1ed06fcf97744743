// Runs as clients see them, from the store's rows and the stored events.
// Thread-safe; blocks for the disk.
#pragma once

#include <assay/v1/orchestrator.pb.h>

#include <cstdint>
#include <string>

#include "api/backend.hpp"
#include "base/result.hpp"

namespace assay::api {

// The 17 of "r17"; Cause::not_found for anything else.
Result<std::int64_t> run_number(const std::string& id);

// Without jobs (run_parts.hpp has them). Cause::not_found.
Result<> fill_head(Backend&, std::int64_t number, v1::Run*);
void fill_row(const store::RunRow&, v1::Run*);
// Of the store's words.
v1::RunState state_of(const std::string& word);
v1::Verdict verdict_of(const std::string& word);
Result<> list_runs(Backend&, const v1::ListRunsRequest&, v1::ListRunsResponse*);

void fill_board(const dispatch::Dispatcher::BoardView&, v1::Board*);
void fill_agent(const dispatch::Dispatcher::AgentView&, v1::Agent*);
// Cause::not_found, with a suggestion.
Result<dispatch::Dispatcher::BoardView> find_board(Backend&, const std::string& id);

}  // namespace assay::api
