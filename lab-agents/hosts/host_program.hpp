// The program of a device host: one process that serves one abilities::Device.
#pragma once

#include <functional>
#include <memory>

#include "abilities/device.hpp"
#include "hosts/protocol.hpp"

namespace assay::hosts {

using MakeDevice = std::function<Result<std::unique_ptr<abilities::Device>>(
    const Configure&, abilities::IncidentSink)>;

inline constexpr int host_socket = 3;

// The main() of a host program: with "--launcher MARK" the launcher, else a
// device host over descriptor 3 (further arguments are for people who read ps).
// Returns the exit status; 2 when it was not started by an agent.
int host_main(int argc, char** argv, const MakeDevice&);

// The whole life of a device host: configured over `fd`, it serves until the
// agent closes it. Returns the process's exit status.
int serve_host(int fd, const MakeDevice&);

}  // namespace assay::hosts
