#include "session/final_status.hpp"

#include <gtest/gtest.h>

#include <set>

namespace assay::session {
namespace {

TEST(FinalStatus, IsAnAnswerAndNeverTroubleOnTheWay) {
  const std::set<int> final = {grpc::INVALID_ARGUMENT,  grpc::NOT_FOUND,
                               grpc::PERMISSION_DENIED, grpc::FAILED_PRECONDITION,
                               grpc::UNIMPLEMENTED,     grpc::UNAUTHENTICATED};
  for (int code = grpc::OK; code <= grpc::UNAUTHENTICATED; ++code) {
    const grpc::Status status(static_cast<grpc::StatusCode>(code), "why");
    EXPECT_EQ(is_final(status), final.contains(code)) << "gRPC status " << code;
  }
}

}  // namespace
}  // namespace assay::session
