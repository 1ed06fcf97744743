#include "executor/interrupts.hpp"

#include <algorithm>
#include <utility>

namespace assay::executor {

using Kind = abilities::Incident::Kind;

Interrupts::Interrupts(std::stop_token outer)
    : outer_(std::move(outer)), on_stop_(outer_, [this] { stop_step(); }) {}

bool Interrupts::calls_off(const Heed& heed) const {
  if (heed.stop && outer_.stop_requested()) return true;
  if (heed.never && never_) return true;
  return std::any_of(faults_.begin(), faults_.end(), [&](const auto& fault) {
    if (fault.second.old) return false;
    return fault.second.kind == Kind::gone || fault.first == heed.guest_of;
  });
}

void Interrupts::stop_step() {
  std::stop_source step(std::nostopstate);
  {
    const std::scoped_lock lock(mutex_);
    if (!calls_off(heed_)) return;
    step = step_;
  }
  step.request_stop();
}

void Interrupts::never_seen(NeverSeen seen) {
  {
    const std::scoped_lock lock(mutex_);
    if (!never_) never_ = std::move(seen);
  }
  stop_step();
}

void Interrupts::incident(const std::string& role, const abilities::Incident& incident) {
  if (incident.kind == Kind::back) return;
  {
    const std::scoped_lock lock(mutex_);
    const bool port = incident.kind == Kind::port_gone;
    if (const auto may_go = ports_may_go_.find(role);
        port && may_go != ports_may_go_.end() && !may_go->second.passed()) {
      return;
    }
    faults_.try_emplace(role, Fault{port ? Kind::gone : incident.kind, role, incident.text, false});
  }
  stop_step();
}

std::stop_token Interrupts::begin_step(const Heed& heed) {
  const std::scoped_lock lock(mutex_);
  heed_ = heed;
  step_ = std::stop_source();
  if (!heed.earlier) {
    for (auto& [role, fault] : faults_) fault.old = true;
  }
  if (calls_off(heed)) step_.request_stop();
  return step_.get_token();
}

std::optional<NeverSeen> Interrupts::never() const {
  const std::scoped_lock lock(mutex_);
  return never_;
}

std::optional<Fault> Interrupts::fault(const std::string& role) const {
  const std::scoped_lock lock(mutex_);
  if (const auto own = faults_.find(role); own != faults_.end()) return own->second;
  for (const auto& [other, fault] : faults_) {
    if (fault.kind == Kind::gone) return fault;
  }
  return std::nullopt;
}

void Interrupts::port_may_go(const std::string& role, Deadline until) {
  const std::scoped_lock lock(mutex_);
  ports_may_go_.insert_or_assign(role, until);
}

void Interrupts::forget_lockup(const std::string& role) {
  const std::scoped_lock lock(mutex_);
  const auto own = faults_.find(role);
  if (own != faults_.end() && own->second.kind == Kind::guest_fault) faults_.erase(own);
}

}  // namespace assay::executor
