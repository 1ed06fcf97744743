// What ends a step before its time: the outer stop, a `never` line, a device
// that is gone, a program that locked up. Each step has its own stop token, so
// that whatever blocks (an ability's call, a wait) wakes at once.
//
// never_seen() and incident() come from any thread, the rest from the attempt's.
#pragma once

#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>

#include "abilities/ability.hpp"
#include "base/clock.hpp"
#include "executor/console_lines.hpp"

namespace assay::executor {

struct NeverSeen {
  std::string marker;
  std::string role;
  Line line;
};

// An incident, the first of its role that counts: what follows a lockup (a
// machine that ends) is its consequence, and the other way round.
struct Fault {
  abilities::Incident::Kind kind = abilities::Incident::Kind::gone;
  std::string role;
  std::string text;
  bool old = false;  // there before the step that must run all the same
};

class Interrupts {
 public:
  // What a step listens to. A device that is gone ends any step.
  struct Heed {
    bool stop = true;
    bool never = true;
    bool earlier = true;        // also what happened before the step began
    std::string guest_of = {};  // a lockup of this role's program
  };

  explicit Interrupts(std::stop_token outer);

  void never_seen(NeverSeen);
  void incident(const std::string& role, const abilities::Incident&);

  std::stop_token begin_step(const Heed&);

  [[nodiscard]] bool stopped() const { return outer_.stop_requested(); }
  [[nodiscard]] std::optional<NeverSeen> never() const;
  // Of this role; of any role when it is gone.
  [[nodiscard]] std::optional<Fault> fault(const std::string& role) const;
  // A console's port that goes by then goes with the board's power, as that of a
  // board with built-in USB does: it is no fault.
  void port_may_go(const std::string& role, Deadline);
  // The program is about to be started anew.
  void forget_lockup(const std::string& role);

 private:
  void stop_step();
  [[nodiscard]] bool calls_off(const Heed&) const;  // with mutex_ held

  const std::stop_token outer_;
  mutable std::mutex mutex_;
  std::stop_source step_;
  Heed heed_;
  std::optional<NeverSeen> never_;
  std::map<std::string, Fault> faults_;                // by role
  std::map<std::string, Deadline> ports_may_go_;       // by role
  std::stop_callback<std::function<void()>> on_stop_;  // last: it uses the above
};

}  // namespace assay::executor
