#include "standstill.hpp"

namespace assay::simulation {

void Standstill::stop(Duration duration) {
  until_ = std::max(until_, world_.now() + duration);
}

bool Standstill::postponed(std::function<void()> again) {
  if (going_on_ || (!stopped() && unread_.empty())) return false;
  unread_.push_back(std::move(again));
  if (unread_.size() == 1) wake();
  return true;
}

void Standstill::reset() {
  until_ = {};
  unread_.clear();
  ++life_;
}

void Standstill::wake() {
  world_.after(until_ - world_.now(), [this, life = life_] {
    if (life == life_) go_on();
  });
}

void Standstill::go_on() {
  if (stopped()) return wake();  // once more
  going_on_ = true;
  while (!unread_.empty()) {
    const auto next = std::move(unread_.front());
    unread_.pop_front();
    next();  // which may end the process
  }
  going_on_ = false;
}

}  // namespace assay::simulation
