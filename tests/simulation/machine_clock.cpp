#include "machine_clock.hpp"

#include <cmath>

namespace assay::simulation {

BootTime MachineClock::now() const {
  const Duration last = frozen() ? world_.now() - from_ : until_ - from_;
  const BootTime ran = world_.now() - lost_ - last;
  return BootTime{static_cast<std::int64_t>(static_cast<double>(ran.ns) * rate_)};
}

void MachineClock::freeze(Duration duration) {
  if (!frozen()) {
    lost_ += until_ - from_;
    from_ = until_ = world_.now();
  }
  until_ = std::max(until_, world_.now() + duration);
}

void MachineClock::at(BootTime at, std::function<void()> what) {
  const Duration left = std::max(at - now(), Duration::zero());
  Duration wait(static_cast<std::int64_t>(std::ceil(static_cast<double>(left.count()) / rate_)));
  if (frozen()) wait += until_ - world_.now();
  world_.after(wait, [this, at, what = std::move(what)]() mutable {
    // It was frozen meanwhile.
    if (now() < at || frozen()) return this->at(at, std::move(what));
    what();
  });
}

}  // namespace assay::simulation
