#include "wire/status.hpp"

#include <grpcpp/support/status.h>

#include <string>

#include "wire/limits.hpp"
#include "wire/scalar.hpp"

namespace assay::wire {

// The details of a status: gRPC itself also makes UNAVAILABLE, of lost connections.
static constexpr std::string_view said_by_peer = "assay";

grpc::Status to_status(const Error& error) {
  const auto code = [&] {
    switch (error.cause) {
      case Cause::invalid:
        return grpc::StatusCode::INVALID_ARGUMENT;
      case Cause::not_found:
        return grpc::StatusCode::NOT_FOUND;
      case Cause::unavailable:
        return grpc::StatusCode::UNAVAILABLE;
      case Cause::timeout:
        return grpc::StatusCode::DEADLINE_EXCEEDED;
      case Cause::cancelled:
        return grpc::StatusCode::CANCELLED;
      case Cause::refused:
        return grpc::StatusCode::FAILED_PRECONDITION;
      case Cause::exhausted:
        return grpc::StatusCode::RESOURCE_EXHAUSTED;
      case Cause::io:
      case Cause::device:
      case Cause::guest:
      case Cause::internal:
        break;
    }
    return grpc::StatusCode::INTERNAL;
  }();
  // It travels as an HTTP/2 header: what is larger is cut by the other side.
  return {code, wire_text(error.text, max_text),
          code == grpc::StatusCode::UNAVAILABLE ? std::string(said_by_peer) : ""};
}

bool reached(const grpc::Status& status) {
  return status.error_code() != grpc::StatusCode::UNAVAILABLE ||
         status.error_details() == said_by_peer;
}

// gRPC wraps the operating system's words in its own: keep the last.
static std::string why_unreachable(const std::string& message) {
  for (const std::string_view known :
       {"Connection refused", "Connection reset by peer", "Broken pipe", "No route to host",
        "Network is unreachable", "Socket closed"}) {
    if (message.find(known) != std::string::npos) return std::string(known);
  }
  return message;
}

Error from_status(const grpc::Status& status, std::string_view peer) {
  const std::string text = wire_text(status.error_message(), max_text);
  switch (status.error_code()) {
    case grpc::StatusCode::INVALID_ARGUMENT:
    case grpc::StatusCode::OUT_OF_RANGE:
    case grpc::StatusCode::DATA_LOSS:
      return {Cause::invalid, text};
    case grpc::StatusCode::NOT_FOUND:
      return {Cause::not_found, text};
    case grpc::StatusCode::UNAVAILABLE:
      if (reached(status)) return {Cause::unavailable, text};
      return {Cause::unavailable, fmt::format("cannot reach {}: {}", peer, why_unreachable(text))};
    case grpc::StatusCode::DEADLINE_EXCEEDED:
      return {Cause::timeout, fmt::format("{} did not answer in time", peer)};
    case grpc::StatusCode::CANCELLED:
      return {Cause::cancelled, text};
    case grpc::StatusCode::FAILED_PRECONDITION:
    case grpc::StatusCode::ALREADY_EXISTS:
    case grpc::StatusCode::PERMISSION_DENIED:
    case grpc::StatusCode::UNAUTHENTICATED:
      return {Cause::refused, text};
    case grpc::StatusCode::UNIMPLEMENTED:
      return {Cause::refused,
              fmt::format("{} does not know this request; is it of another version?", peer)};
    case grpc::StatusCode::RESOURCE_EXHAUSTED:
      return {Cause::exhausted, text};
    default:
      break;
  }
  return {Cause::internal, fmt::format("{}: {}", peer, text)};
}

}  // namespace assay::wire
