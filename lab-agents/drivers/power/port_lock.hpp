// One talker at a time on a port that the hosts of several boards share. A serial
// port's own lock only refuses; this one is waited for, without asking again and
// again, and is free at once when its holder ends in whatever way.
//
// It is a listening socket in the abstract namespace, named after the device's
// number: whoever finds the name taken connects to it and waits for the hang-up.
#pragma once

#include <filesystem>

#include "base/fd.hpp"
#include "base/result.hpp"

namespace assay::drivers {

class PortLock {
 public:
  // Held until destroyed. Cause::not_found when there is no such port.
  static Result<PortLock> take(const std::filesystem::path& port, const Wait&);

 private:
  explicit PortLock(UniqueFd fd) : fd_(std::move(fd)) {}
  UniqueFd fd_;
};

}  // namespace assay::drivers
