// A few threads for what gRPC's reactions must not do themselves: waiting for
// the disk, the dispatcher or the compiler. Thread-safe. Tasks must not throw.
// The queue is as long as there are calls: each call has one task in it at most, and
// one more when its attempt ends.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace assay::api {

class Workers {
 public:
  explicit Workers(std::size_t threads);
  ~Workers();  // after all that was posted has run
  Workers(const Workers&) = delete;
  Workers& operator=(const Workers&) = delete;

  void post(std::function<void()>);

 private:
  void loop();

  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<std::function<void()>> tasks_;
  bool stopping_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace assay::api
