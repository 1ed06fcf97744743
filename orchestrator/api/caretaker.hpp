// Has the health of boards checked, as their types ask for it (`health:` in a board
// profile): by ordinary runs of project `health`, before all other work. A board that
// does not pass is quarantined, with the run as the reason, until somebody restores it.
//
// Thread-safe; one thread of its own, which waits for what it hears of and for time.
#pragma once

#include <atomic>
#include <condition_variable>
#include <deque>
#include <functional>
#include <map>
#include <mutex>
#include <stop_token>
#include <string>
#include <thread>

#include "api/backend.hpp"
#include "api/care_book.hpp"

namespace assay::api {

class Caretaker {
 public:
  // Goes on with the checks that an earlier assayd began. `backend` outlives it. Board
  // types are read once, here.
  static Result<std::unique_ptr<Caretaker>> start(Backend& backend);
  ~Caretaker();  // stop()
  // What it has begun goes on without it.
  void stop();

  void boards_changed();
  void run_changed(const std::string& run);
  void attempt_ended(const std::string& attempt, dispatch::Outcome);

 private:
  using Types = std::map<std::string, plans::HealthCheck>;  // those with a plan
  Caretaker(Backend& backend, Types types);
  void post(std::function<void()>);
  void loop(const std::stop_token&);
  Result<> adopt();
  void look_at_boards();
  void look_at_run(const std::string& run);
  void look_at_lab_error(const std::string& attempt);
  void begin(const CareBook::Due&);
  [[nodiscard]] bool is_ours(const std::string& run) const { return runs_.contains(run); }

  Backend& backend_;
  const Types types_;
  bool works_ = false;  // set once, by start()
  CareBook book_;
  BootTime looked_{};                        // at the boards
  std::map<std::string, std::string> runs_;  // that check, and the board
  std::atomic<bool> checks_ = false;         // there are some in runs_, or will be

  std::mutex mutex_;
  std::condition_variable_any wake_;
  std::deque<std::function<void()>> tasks_;
  bool boards_asked_ = false;
  std::jthread thread_;  // last
};

}  // namespace assay::api
