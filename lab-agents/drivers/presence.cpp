#include "drivers/presence.hpp"

#include <sys/timerfd.h>
#include <unistd.h>

#include "base/log.hpp"

namespace assay::drivers {

namespace {
// Longer than a device that resets itself is away: hubs look again after 100 to 500 ms.
constexpr long debounce_ns = 700'000'000;
}  // namespace

Presence::Presence(Look look, abilities::Incident::Kind gone, abilities::IncidentSink sink)
    : look_(std::move(look)), gone_(gone), sink_(std::move(sink)) {
  if (!sink_) return;
  auto changes = usb::Changes::listen();
  quiet_ = UniqueFd(timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC));
  if (!changes || !quiet_) {
    spdlog::warn("a device that is pulled out is noticed when it is used, not before: {}",
                 changes ? "no timer" : changes.error().text);
    return;
  }
  changes_ = std::move(*changes);
  there_ = look_().has_value();  // after listen(): what happens in between is seen
}

void Presence::poll_fds(std::vector<pollfd>& fds) const {
  if (!changes_) return;
  fds.push_back({changes_->fd(), POLLIN, 0});
  fds.push_back({quiet_.get(), POLLIN, 0});
}

void Presence::on_ready(std::span<const pollfd> fds) {
  if (!changes_) return;
  for (const pollfd& fd : fds) {
    if (fd.revents == 0) continue;
    if (fd.fd == changes_->fd()) {
      changes_->drain();
      const itimerspec in{{}, {0, debounce_ns}};
      timerfd_settime(quiet_.get(), 0, &in, nullptr);
    } else if (fd.fd == quiet_.get()) {
      std::uint64_t times = 0;
      if (::read(quiet_.get(), &times, sizeof times) == sizeof times) look();
    }
  }
}

void Presence::look() {
  const auto found = look_();
  if (found.has_value() == there_) return;
  there_ = found.has_value();
  if (there_)
    sink_({abilities::Incident::Kind::back, "it is back"});
  else
    sink_({gone_, found.error().text});
}

}  // namespace assay::drivers
