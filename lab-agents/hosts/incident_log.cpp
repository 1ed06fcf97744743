#include "hosts/incident_log.hpp"

#include <utility>

namespace assay::hosts {

void IncidentLog::add(abilities::Incident&& incident) {
  const std::scoped_lock lock(mutex_);
  if (kept_.size() >= limit_) kept_.erase(kept_.begin());
  kept_.push_back(incident);
  for (const auto& listener : {listener_, watcher_}) {
    if (listener) (*listener)(incident);
  }
}

std::vector<abilities::Incident> IncidentLog::take() {
  const std::scoped_lock lock(mutex_);
  return std::exchange(kept_, {});
}

void IncidentLog::listen(Listener listener) {
  const std::scoped_lock lock(mutex_);
  listener_ = listener ? std::make_shared<Listener>(std::move(listener)) : nullptr;
}

void IncidentLog::watch(Listener watcher) {
  const std::scoped_lock lock(mutex_);
  watcher_ = watcher ? std::make_shared<Listener>(std::move(watcher)) : nullptr;
}

}  // namespace assay::hosts
