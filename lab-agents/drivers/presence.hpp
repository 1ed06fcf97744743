// Whether a device is there, also while nobody asks it anything: tells when it is
// pulled out and when it is put back (Incident gone or port_gone, and back).
//
// Of a device that re-enumerates nothing is told: what comes and goes is looked at
// once it has been quiet for a moment. Single-threaded, as abilities::Device, whose
// poll_fds() and on_ready() pass on to it.
#pragma once

#include <poll.h>

#include <functional>
#include <optional>
#include <span>
#include <vector>

#include "abilities/device.hpp"
#include "base/fd.hpp"
#include "usb/changes.hpp"

namespace assay::drivers {

class Presence {
 public:
  // The error says what is missing.
  using Look = std::function<Result<>()>;
  // `gone`: port_gone of a device that may come and go with the board's power.
  // nobody tells of changes (no inotify left), or to a null sink, it tells
  // nothing.
  Presence(Look look, abilities::Incident::Kind gone, abilities::IncidentSink sink);

  void poll_fds(std::vector<pollfd>&) const;
  void on_ready(std::span<const pollfd>);

 private:
  void look();

  const Look look_;
  const abilities::Incident::Kind gone_;
  const abilities::IncidentSink sink_;
  std::optional<usb::Changes> changes_;
  UniqueFd quiet_;  // a timer, set anew by every change
  bool there_ = false;
};

}  // namespace assay::drivers
