// Where a console's bytes come from when that is no port of this machine: one
// connection, or one run of a program. It is made, comes up, and is lost; after that
// there is another one (link_console.hpp). Single-threaded.
#pragma once

#include <poll.h>

#include <functional>
#include <memory>
#include <span>
#include <vector>

#include "base/bytes.hpp"
#include "base/clock.hpp"

namespace assay::drivers {

// Takes bytes of the console.
using PushBytes = std::function<void(ByteView)>;

class Link {
 public:
  virtual ~Link() = default;
  [[nodiscard]] virtual bool up() const = 0;
  // As abilities::Device has it; asked before it is up, too.
  virtual void poll_fds(std::vector<pollfd>&, bool console_full) = 0;
  // An error: it is lost. Cause::not_found where its far end is not there.
  virtual Result<> on_ready(std::span<const pollfd>, const PushBytes&) = 0;
  virtual Result<> write(ByteView, const Wait&) = 0;

  // It is not up within this time: no error when it counts as such from then on.
  [[nodiscard]] virtual Duration patience() const = 0;
  virtual Result<> late() = 0;
};

using MakeLink = std::function<Result<std::unique_ptr<Link>>()>;

}  // namespace assay::drivers
