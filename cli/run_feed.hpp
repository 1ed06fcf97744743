// States of several runs as they come, one stream each. next() and poke() are
// thread-safe; the rest belongs to one thread.
#pragma once

#include <condition_variable>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "cli/client.hpp"

namespace assay::cli {

class RunFeed {
 public:
  struct Update {
    std::size_t index = 0;
    std::optional<v1::Run> run;  // what is new since the last update, for wire::merge()
    std::string note;            // the connection broke, or is back: ""
    bool away = false;           // the connection is broken
    std::optional<Error> error;  // this run will not be heard of any more
    bool ended = false;
  };
  RunFeed(Client& client, std::vector<std::string> ids);
  ~RunFeed();
  RunFeed(const RunFeed&) = delete;
  RunFeed& operator=(const RunFeed&) = delete;

  // nullopt when poked or late.
  std::optional<Update> next(Deadline);
  void poke();

 private:
  struct Slot {
    Update update;
    bool fresh = false;
  };
  void follow(std::size_t index, const std::stop_token&);
  void post(std::size_t index, const std::function<void(Update&)>&);

  Client& client_;
  const std::vector<std::string> ids_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<Slot> slots_;
  bool poked_ = false;
  std::vector<std::jthread> threads_;
};

}  // namespace assay::cli
