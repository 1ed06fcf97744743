// What an agent says of itself, checked. Thread-safe: free functions.
#pragma once

#include <string>

#include "base/result.hpp"
#include "scheduler/types.hpp"

namespace assay::v1 {
class BoardInfo;
class Hello;
}  // namespace assay::v1

namespace assay::api {

// Cause::refused when the agent speaks another protocol: both are named.
Result<scheduler::AgentFacts> read_hello(const v1::Hello&, const std::string& version);
Result<scheduler::BoardFacts> read_board(const v1::BoardInfo&);

}  // namespace assay::api
