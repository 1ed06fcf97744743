// AgentService: what agents open. Thread-safe; no reaction blocks.
#pragma once

#include <assay/v1/agent.grpc.pb.h>

#include "api/backend.hpp"

namespace assay::api {

// Cause::refused with both names when the attempt was given to another agent. One
// that is unknown is nobody's. Blocks for the disk when it has ended.
Result<> check_agent(Backend&, const std::string& attempt, const std::string& agent);

class AgentServiceImpl final : public v1::AgentService::CallbackService {
 public:
  explicit AgentServiceImpl(Backend& backend) : backend_(backend) {}

  grpc::ServerBidiReactor<v1::ControlRequest, v1::ControlResponse>* Control(
      grpc::CallbackServerContext*) override;
  grpc::ServerBidiReactor<v1::EventsRequest, v1::EventsResponse>* Events(
      grpc::CallbackServerContext*) override;
  grpc::ServerBidiReactor<v1::ChannelRequest, v1::ChannelResponse>* Channel(
      grpc::CallbackServerContext*) override;

 private:
  Backend& backend_;
};

}  // namespace assay::api
