// Client's inside: only client*.cpp may include it, for it brings gRPC along.
#pragma once

#include <grpcpp/grpcpp.h>

#include <memory>
#include <stop_token>
#include <string>

#include "cli/client.hpp"
#include "wire/channel.hpp"
#include "wire/status.hpp"

#include "assay/v1/artifact.grpc.pb.h"
#include "assay/v1/orchestrator.grpc.pb.h"

namespace assay::cli {

struct Client::Stubs {
  std::string server;
  std::shared_ptr<grpc::Channel> channel;
  std::unique_ptr<v1::OrchestratorService::Stub> runs;
  std::unique_ptr<v1::ArtifactService::Stub> artifacts;

  // The status as an Error that says what to do.
  [[nodiscard]] Error error(const grpc::Status& status) const {
    Error error = wire::from_status(status, "assayd at " + server);
    if (error.cause == Cause::unavailable && !wire::reached(status)) {
      error.text += "; start one with 'assay up' or name it with --server";
    }
    return error;
  }
  [[nodiscard]] Result<> done(const grpc::Status& status, const std::stop_token& stop) const {
    if (status.ok()) return {};
    if (stop.stop_requested()) return fail(Cause::cancelled, "interrupted");
    return tl::unexpected(error(status));
  }
};

// Calls a stream off when `stop` is requested.
class Cancels {
 public:
  Cancels(grpc::ClientContext& context, std::stop_token stop)
      : callback_(std::move(stop), [&context] { context.TryCancel(); }) {}

 private:
  std::stop_callback<std::function<void()>> callback_;
};

}  // namespace assay::cli
