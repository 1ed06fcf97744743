// What waits for the session's one thread. Thread-safe. Who may post from another
// thread at any time holds a guest for as long: the inbox must outlive them.
#pragma once

#include <algorithm>
#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
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

  std::shared_ptr<void> guest() {
    const std::lock_guard lock(mutex_);
    ++guests_;
    return {this, [](Inbox* inbox) {
              const std::lock_guard guard(inbox->mutex_);
              if (--inbox->guests_ == 0) inbox->left_.notify_all();
            }};
  }

  // false: some are still there at the deadline.
  bool wait_for_guests_to_leave(Deadline until) {
    std::unique_lock lock(mutex_);
    while (guests_ > 0) {
      const Duration left = std::min<Duration>(until.left(), std::chrono::hours(1));
      if (left <= Duration::zero()) return false;
      left_.wait_for(lock, left);
    }
    return true;
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
  std::condition_variable ready_, left_;
  std::size_t guests_ = 0;
  std::deque<Task> tasks_;
};

}  // namespace assay::session
