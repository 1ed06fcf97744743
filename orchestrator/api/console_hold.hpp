// A board that is held by a run of one step while a client's Console stream lasts.
// Thread-safe. begin() blocks for the disk and runs on a worker; the rest returns
// at once.
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <string>

#include "api/backend.hpp"
#include "base/result.hpp"

namespace assay::api {

class ConsoleHold : public std::enable_shared_from_this<ConsoleHold> {
 public:
  explicit ConsoleHold(Backend& backend) : backend_(backend) {}

  // Submits the run. `told` is called once, on a worker: the board is held, or
  // why it will not be. Errors: whatever a submission can meet.
  Result<> begin(const dispatch::Dispatcher::BoardView&, const std::string& person,
                 const std::string& lease, std::function<void(Result<>)> told);
  // Cancels the run, also one that is being submitted just now.
  void end();
  // "r17" once begin() has returned.
  [[nodiscard]] std::string run();

 private:
  void wake();
  void post();          // under the mutex
  void look();          // on a worker, one at a time
  Result<bool> held();  // false: not yet
  void cancel(std::string run);

  Backend& backend_;
  std::mutex mutex_;
  std::string run_;
  std::function<void(Result<>)> told_;
  bool busy_ = false, again_ = false, ended_ = false;
  // Used by held() only, but for their end.
  std::string attempt_;
  std::shared_ptr<void> run_watch_, events_watch_;
};

// Runs that held a board for a stream of an earlier assayd: nobody types there.
Result<> end_orphaned_holds(const Parts&);

}  // namespace assay::api
