// Which leases end with a client's stream, and how many streams each has. Thread-safe.
#pragma once

#include <map>
#include <mutex>
#include <string>

namespace assay::api {

class BoundLeases {
 public:
  void hold(const std::string& run) {
    const std::lock_guard lock(mutex_);
    ++streams_[run];
  }
  // True: that was the last one.
  bool drop(const std::string& run) {
    const std::lock_guard lock(mutex_);
    const auto found = streams_.find(run);
    if (found == streams_.end() || --found->second > 0) return false;
    streams_.erase(found);
    return true;
  }
  [[nodiscard]] bool held(const std::string& run) const {
    const std::lock_guard lock(mutex_);
    return streams_.contains(run);
  }

 private:
  mutable std::mutex mutex_;
  std::map<std::string, int> streams_;
};

}  // namespace assay::api
