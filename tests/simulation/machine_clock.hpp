// A machine's own clock, like CLOCK_BOOTTIME of a virtual machine: it runs a little fast or slow,
// stands still exactly while the machine does, and never goes back. One thread.
#pragma once

#include <functional>

#include "world.hpp"

namespace assay::simulation {

class MachineClock {
 public:
  // `rate`: to the world's time.
  explicit MachineClock(World& world, double rate = 1.0) : world_(world), rate_(rate) {}

  [[nodiscard]] BootTime now() const;
  [[nodiscard]] bool frozen() const { return world_.now() < until_; }
  // From now on for so long. A machine that is frozen already stays so until the later end.
  void freeze(Duration);
  // Once this clock says `at`, which is no time at which the machine is frozen.
  void at(BootTime at, std::function<void()> what);
  void after(Duration delay, std::function<void()> what) { at(now() + delay, std::move(what)); }

 private:
  World& world_;
  const double rate_;
  BootTime from_{}, until_{};  // of the last freeze, by the world's time
  Duration lost_{};            // in those before it
};

}  // namespace assay::simulation
