// Ctrl-C, SIGTERM and SIGHUP as a stop token. Make one before any thread exists
// (the first gRPC call starts some). The second signal ends the process at once
// with status 4. token() is thread-safe.
#pragma once

#include <stop_token>
#include <thread>

#include "base/fd.hpp"

namespace assay::cli {

class Interrupts {
 public:
  Interrupts();
  Interrupts(const Interrupts&) = delete;
  Interrupts& operator=(const Interrupts&) = delete;
  [[nodiscard]] std::stop_token token() const { return first_.get_token(); }

 private:
  UniqueFd signals_;
  std::stop_source first_;
  std::jthread listener_;
};

}  // namespace assay::cli
