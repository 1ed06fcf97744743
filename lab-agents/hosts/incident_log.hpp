// A board's incidents: kept until somebody asks, and told to one listener, and to
// whoever watches the board all the time.
// Thread-safe; listen() may be called from within the listener, and once it has
// returned the listener that it replaced is not called again.
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <vector>

#include "abilities/ability.hpp"

namespace assay::hosts {

class IncidentLog {
 public:
  using Listener = std::function<void(const abilities::Incident&)>;
  explicit IncidentLog(std::size_t limit) : limit_(limit) {}

  // Past the limit the oldest goes.
  void add(abilities::Incident&&);
  std::vector<abilities::Incident> take();
  void listen(Listener);
  void watch(Listener);

 private:
  std::recursive_mutex mutex_;  // held while the listener runs
  const std::size_t limit_;
  std::vector<abilities::Incident> kept_;
  std::shared_ptr<Listener> listener_, watcher_;
};

}  // namespace assay::hosts
