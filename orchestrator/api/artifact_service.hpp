// ArtifactService. Thread-safe; no reaction blocks.
#pragma once

#include <assay/v1/artifact.grpc.pb.h>

#include "api/backend.hpp"

namespace assay::api {

class ArtifactServiceImpl final : public v1::ArtifactService::CallbackService {
 public:
  explicit ArtifactServiceImpl(Backend& backend) : backend_(backend) {}

  grpc::ServerUnaryReactor* Stat(grpc::CallbackServerContext*, const v1::StatRequest*,
                                 v1::StatResponse*) override;
  grpc::ServerReadReactor<v1::PutRequest>* Put(grpc::CallbackServerContext*,
                                               v1::PutResponse*) override;
  grpc::ServerWriteReactor<v1::GetResponse>* Get(grpc::CallbackServerContext*,
                                                 const v1::GetRequest*) override;

 private:
  Backend& backend_;
};

}  // namespace assay::api
