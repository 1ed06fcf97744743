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
// Without attempts.
void fill_job(const store::JobRow&, v1::Job*);
// Without what comes from its events.
void fill_attempt(const store::AttemptRow&, v1::Attempt*);
// The same by its name, "r17.1.2". Cause::not_found.
Result<v1::Attempt> find_attempt(Backend&, const std::string& name);
// Of the store's words.
v1::RunState state_of(const std::string& word);
v1::Verdict verdict_of(const std::string& word);
Result<> list_runs(Backend&, const v1::ListRunsRequest&, v1::ListRunsResponse*);

}  // namespace assay::api
