// What somebody types at a console, on its way to the board: input() only queues, a
// thread of its own writes. The destructor calls off a write that is under way and
// joins; input() may be called from any thread, also afterwards.
#pragma once

#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <utility>

#include "base/clock.hpp"

namespace assay::session {

class ConsoleWriter {
 public:
  // Blocks until the bytes are written, or as long as the Wait allows.
  using Write = std::function<void(const std::string& bytes, const Wait&)>;
  // false: the board does not take it as fast as it comes; these bytes are not kept.
  using Input = std::function<bool(const std::string& bytes)>;

  explicit ConsoleWriter(Write write, std::size_t max_queued = 256U << 10)
      : queue_(std::make_shared<Queue>()),
        max_queued_(max_queued),
        thread_([write = std::move(write), queue = queue_](const std::stop_token& stop) {
          run(write, *queue, stop);
        }) {}

  [[nodiscard]] Input input() const {
    return [queue = queue_, most = max_queued_](const std::string& bytes) {
      {
        const std::lock_guard lock(queue->mutex);
        if (queue->bytes.size() + bytes.size() > most) return false;
        queue->bytes += bytes;
      }
      queue->ready.notify_one();
      return true;
    };
  }

 private:
  static constexpr Duration write_time = std::chrono::seconds(5);
  struct Queue {
    std::mutex mutex;
    std::condition_variable_any ready;
    std::string bytes;
  };

  static void run(const Write& write, Queue& queue, const std::stop_token& stop) {
    while (!stop.stop_requested()) {
      std::string bytes;
      {
        std::unique_lock lock(queue.mutex);
        if (!queue.ready.wait(lock, stop, [&] { return !queue.bytes.empty(); })) return;
        bytes.swap(queue.bytes);
      }
      write(bytes, {Deadline::after(write_time), stop});
    }
  }

  const std::shared_ptr<Queue> queue_;
  const std::size_t max_queued_;
  std::jthread thread_;
};

}  // namespace assay::session
