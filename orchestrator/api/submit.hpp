// A request to run a plan, turned into compiled jobs or into everything that is
// wrong with it. Thread-safe; blocks for artifacts and the compiler.
#pragma once

#include "api/backend.hpp"
#include "base/result.hpp"

namespace assay::v1 {
class SubmitRunRequest;
}

namespace assay::api {

// Causes: invalid (positions in the text), not_found (a plan or profile that is
// not shipped), refused (no board is known that the plan fits).
// The run keeps a request in which plan and fragments stand in full, so that
// `retest` repeats this very plan.
Result<dispatch::NewRun> compile_run(Backend&, v1::SubmitRunRequest);

}  // namespace assay::api
