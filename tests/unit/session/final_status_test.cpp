#include "session/final_status.hpp"

#include <gtest/gtest.h>

#include <set>

namespace assay::session {
namespace {

void expect_only(const std::set<int>& final, bool (*is_final)(const grpc::Status&)) {
  for (int code = grpc::OK; code <= grpc::UNAUTHENTICATED; ++code) {
    const grpc::Status status(static_cast<grpc::StatusCode>(code), "why");
    EXPECT_EQ(is_final(status), final.contains(code)) << "gRPC status " << code;
  }
}

TEST(FinalStatus, OfASessionIsAnAnswerAndNeverTroubleOnTheWay) {
  expect_only({grpc::INVALID_ARGUMENT, grpc::NOT_FOUND, grpc::PERMISSION_DENIED,
               grpc::FAILED_PRECONDITION, grpc::UNIMPLEMENTED, grpc::UNAUTHENTICATED},
              ends_session);
}

TEST(FinalStatus, OfADeliveryIsOnlyWhatIsSureAboutTheseEvents) {
  expect_only({grpc::INVALID_ARGUMENT, grpc::NOT_FOUND}, ends_delivery);
}

}  // namespace
}  // namespace assay::session
