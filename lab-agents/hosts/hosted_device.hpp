// What a device host serves: one device with some of a board's abilities.
//
// A host process is single-threaded: every method is called on its one thread,
// one at a time, and so are the sinks. An operation may block until its Wait
// ends; past that the agent kills the process. Between operations the host
// waits for the descriptors that poll_fds() names.
#pragma once

#include <poll.h>

#include <functional>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "abilities/ability.hpp"
#include "hosts/protocol.hpp"

namespace assay::hosts {

class HostedDevice {
 public:
  virtual ~HostedDevice() = default;
  // Null: this device lacks it.
  virtual abilities::Power* power() { return nullptr; }
  virtual abilities::Reset* reset() { return nullptr; }
  virtual abilities::Flash* flash() { return nullptr; }
  // listen() is called once, before the first operation.
  virtual abilities::Console* console() { return nullptr; }
  virtual Result<> check(std::string_view ability, const abilities::Order&) = 0;

  // What to wait for between operations; asked anew before every wait.
  // `console_full`: the agent reads slower than the device writes. Leave out
  // what console bytes come from, so that the device feels the back-pressure.
  virtual void poll_fds(std::vector<pollfd>&, bool console_full) = 0;
  // Some of the descriptors named last are ready (revents are set).
  virtual void on_ready(std::span<const pollfd>) = 0;
};

using IncidentSink = std::function<void(const abilities::Incident&)>;
using MakeDevice =
    std::function<Result<std::unique_ptr<HostedDevice>>(const Configure&, IncidentSink)>;

inline constexpr int host_socket = 3;

// The main() of a host program: with "--launcher MARK" the launcher, else a
// device host over descriptor 3 (further arguments are for people who read ps).
// Returns the exit status; 2 when it was not started by an agent.
int host_main(int argc, char** argv, const MakeDevice&);

// The whole life of a device host: configured over `fd`, it serves until the
// agent closes it. Returns the process's exit status.
int serve_host(int fd, const MakeDevice&);

}  // namespace assay::hosts
