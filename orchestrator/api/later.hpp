// One call after a while, on gRPC's thread: it must not block. Not thread-safe but
// for the call itself, which does not come any more once this is destroyed or is under way.
#pragma once

#include <grpcpp/alarm.h>

#include <chrono>
#include <functional>

#include "base/clock.hpp"

namespace assay::api {

class Later {
 public:
  // Once for each Later.
  void after(Duration time, std::function<void()> call) {
    using std::chrono::system_clock;
    alarm_.Set(system_clock::now() + std::chrono::duration_cast<system_clock::duration>(time),
               [call = std::move(call)](bool in_time) {
                 if (in_time) call();
               });
  }

 private:
  grpc::Alarm alarm_;
};

}  // namespace assay::api
