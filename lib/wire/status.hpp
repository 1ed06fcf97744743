// grpc::Status and Error. Thread-safe: free functions.
#pragma once

#include <string_view>

#include "base/result.hpp"

namespace grpc {
class Status;
}

namespace assay::wire {

// invalid INVALID_ARGUMENT, not_found NOT_FOUND, unavailable UNAVAILABLE,
// timeout DEADLINE_EXCEEDED, cancelled CANCELLED, refused FAILED_PRECONDITION,
// exhausted RESOURCE_EXHAUSTED, the rest INTERNAL.
grpc::Status to_status(const Error&);

// false: the other side was not reached, or is gone; it did not say so itself.
bool reached(const grpc::Status&);

// `peer` names the other side in "cannot reach assayd at 127.0.0.1:7420: ...".
// A status that is OK is a defect of the caller: Cause::internal.
Error from_status(const grpc::Status&, std::string_view peer);

}  // namespace assay::wire
