// The inside of a DeviceHost: its calls, and the thread that keeps the host
// alive and reads its socket. See device_host.hpp.
#pragma once

#include <condition_variable>
#include <deque>
#include <list>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <thread>

#include "base/fd.hpp"
#include "hosts/device_host.hpp"

namespace assay::hosts {

class DeviceHost::Keeper {
 public:
  Keeper(HostProcesses& processes, HostSpec, Callbacks);
  ~Keeper();
  void stop_soon();

  Result<Json> call(std::string_view ability, std::string_view operation, Json arguments,
                    const abilities::Order&);
  void raise_floor(std::uint64_t epoch);
  Result<> restart(const Wait&);
  Result<> wait_serving(const Wait&);
  void post(std::function<void()>);
  [[nodiscard]] pid_t pid() const;

 private:
  enum class Phase {
    starting,   // a host is being started, or the last one is being ended
    serving,    // calls go to it
    down,       // could not be started: `why_` says why; tried again later
    abandoned,  // killed but not gone
  };
  struct Call {
    std::string ability, operation;
    std::uint64_t life = 0;       // of the host that it was made to
    std::string killed_why = {};  // this call had the host killed
    std::optional<Result<Json>> result = {};
    const abilities::Order* order = nullptr;  // whose progress() hears of it
    bool telling = false;                     // and does so right now
    [[nodiscard]] std::string what() const { return ability + " " + operation; }
  };
  using Lock = std::unique_lock<std::mutex>;

  // Calls (keeper_calls.cpp).
  Result<Json> carry_out(Lock&, Call&, Json arguments, const abilities::Order&);
  Result<> take_turn(Lock&, Call&, const abilities::Order&);
  Result<> send_request(Lock&, Call&, Json arguments, const abilities::Order&);
  Result<Json> await_reply(Lock&, Call&, const abilities::Order&);
  Error why_down() const;
  // Kills the host; what is called from now on goes to the next one.
  void doom(Lock&, const std::string& why);
  void end_life(Error why);

  // The thread (keeper.cpp).
  void run();
  Result<> bring_up();
  // Handles the host's messages until `settled`; an Error: why not.
  Result<> read_until(const std::function<bool()>& settled, Deadline);
  Result<> handle_all();
  void handle(ToAgent&);
  void pass_on(const ProgressOf&);
  void bring_down(const Error& why, bool served);
  Result<ExitStatus> await_gone();
  void pause();
  void run_posts();
  void wake();
  void tell(abilities::Incident::Kind, std::string text);

  HostProcesses& processes_;
  const HostSpec spec_;
  const Callbacks callbacks_;
  const std::string name_;  // "board b1, device relay"
  const UniqueFd waker_;    // an eventfd that ends the thread's poll
  std::stop_source stop_;

  mutable std::mutex mutex_;
  std::condition_variable_any changed_;  // anything below
  Phase phase_ = Phase::starting;
  Error why_;                   // of down and abandoned
  std::uint64_t failures_ = 0;  // to start a host
  std::uint64_t life_ = 1;      // counts hosts; a call belongs to one of them
  std::uint64_t floor_;
  std::uint64_t next_id_ = 1;
  std::list<Call*> queue_;        // the first is being served
  std::uint64_t awaited_id_ = 0;  // of the first
  Error life_error_;              // how the last life ended
  std::shared_ptr<UniqueFd> socket_;
  HostProcess process_;
  std::optional<std::string> doomed_;  // why the host was killed; until it is gone
  bool quiet_ = false;                 // killed by restart(): no incidents
  int telling_ = 0;                    // calls that are about to tell `gone`
  bool told_gone_ = false;             // and not yet that one is back
  bool hurry_ = false;                 // no pause before the next start
  std::deque<std::function<void()>> posts_;
  std::stop_source interrupt_;  // ends the thread's wait for a process

  // The thread's own.
  Decoder incoming_;
  std::optional<Result<>> configured_;
  Duration delay_{};  // before the next start

  std::thread thread_;
};

}  // namespace assay::hosts
