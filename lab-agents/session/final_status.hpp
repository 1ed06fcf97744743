// Which ends of a stream to assayd are answers, after which the same request
// would only be refused again, and which are trouble on the way. Thread-safe.
#pragma once

#include <grpcpp/support/status.h>

namespace assay::session {

// Of the control stream: this agent is not wanted. ALREADY_EXISTS is none: the
// other incarnation of this agent stops renewing.
inline bool ends_session(const grpc::Status& status) {
  switch (status.error_code()) {
    case grpc::StatusCode::INVALID_ARGUMENT:     // what was sent is not understood
    case grpc::StatusCode::NOT_FOUND:            // no such service
    case grpc::StatusCode::FAILED_PRECONDITION:  // another protocol version
    case grpc::StatusCode::PERMISSION_DENIED:
    case grpc::StatusCode::UNAUTHENTICATED:
    case grpc::StatusCode::UNIMPLEMENTED:  // this is no assayd, or a much older one
      return true;
    default:
      return false;
  }
}

// Of an attempt's events: its spool is dropped then, so only what says for sure
// that nobody will ever take them.
inline bool ends_delivery(const grpc::Status& status) {
  return status.error_code() == grpc::StatusCode::NOT_FOUND ||       // no such attempt
         status.error_code() == grpc::StatusCode::INVALID_ARGUMENT;  // not understood
}

}  // namespace assay::session
