// What waits for the session's one thread. Thread-safe.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>

#include "base/clock.hpp"

namespace assay::session {

class Inbox {
 public:
  using Task = std::function<void()>;

  void post(Task task) {
    {
      const std::lock_guard lock(mutex_);
      tasks_.push_back(std::move(task));
    }
    ready_.notify_one();
  }

  // The next task, or an empty one at the deadline.
  Task next(Deadline until) {
    std::unique_lock lock(mutex_);
    while (tasks_.empty()) {
      const Duration left = std::min<Duration>(until.left(), std::chrono::hours(1));
      if (left <= Duration::zero()) return {};
      ready_.wait_for(lock, left);
    }
    Task task = std::move(tasks_.front());
    tasks_.pop_front();
    return task;
  }

 private:
  std::mutex mutex_;
  std::condition_variable ready_;
  std::deque<Task> tasks_;
};

}  // namespace assay::session
