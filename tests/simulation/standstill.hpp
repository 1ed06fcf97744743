// What a process has not done yet because it was stopped: done in its old order when it goes on,
// for no pipe and no line changes the order of what lies in it. One thread.
#pragma once

#include <deque>
#include <functional>

#include "world.hpp"

namespace assay::simulation {

class Standstill {
 public:
  explicit Standstill(World& world) : world_(world) {}

  // From now on for so long, or as long as it is stopped already.
  void stop(Duration);
  [[nodiscard]] bool stopped() const { return world_.now() < until_; }
  [[nodiscard]] BootTime until() const { return until_; }
  // True: `again` is called when the process goes on.
  bool postponed(std::function<void()> again);
  // The process ends: what it has not read, nobody reads.
  void reset();

 private:
  void wake();
  void go_on();

  World& world_;
  BootTime until_{};
  std::deque<std::function<void()>> unread_;
  bool going_on_ = false;
  int life_ = 0;
};

}  // namespace assay::simulation
