// assayd's gRPC services, each made where its calls are: the server needs none of
// their generated headers, which take seconds to compile.
// Made and destroyed on one thread; `backend` must outlive them.
#pragma once

#include <grpcpp/impl/service_type.h>

#include <memory>

#include "api/backend.hpp"

namespace assay::api {

std::unique_ptr<grpc::Service> make_agent_service(Backend& backend);     // control_call.cpp
std::unique_ptr<grpc::Service> make_artifact_service(Backend& backend);  // artifact_service.cpp
std::unique_ptr<grpc::Service> make_orchestrator_service(
    Backend& backend);  // orchestrator_service.cpp

}  // namespace assay::api
