// What becomes of a lease, as it comes: one stream, on a thread of its own, begun again
// when assayd was away. next() and poke() are thread-safe; the rest belongs to one thread.
#pragma once

#include <condition_variable>
#include <deque>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

#include "cli/client.hpp"

namespace assay::cli {

class LeaseFeed {
 public:
  struct Update {
    std::optional<v1::PersonLease> lease;
    std::string note;            // the connection broke, or is back
    std::optional<Error> error;  // no more will be heard
  };
  LeaseFeed(Client&, v1::LeaseBoardRequest);
  ~LeaseFeed();  // leaves the stream
  LeaseFeed(const LeaseFeed&) = delete;
  LeaseFeed& operator=(const LeaseFeed&) = delete;

  // nullopt when poked or late.
  std::optional<Update> next(Deadline);
  void poke();

 private:
  void follow(const std::stop_token&);
  void post(Update);

  Client& client_;
  const v1::LeaseBoardRequest request_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Update> updates_;
  bool poked_ = false;
  std::jthread thread_;  // last
};

}  // namespace assay::cli
