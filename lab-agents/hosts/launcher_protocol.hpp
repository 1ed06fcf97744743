// What the agent and its launcher say to each other over a SOCK_SEQPACKET
// socket: one CBOR map a packet, 64 KiB at most. Thread-safe: free functions;
// a packet is sent whole or not at all.
// Errors: Cause::unavailable when the other side is gone.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/fd.hpp"
#include "base/process.hpp"
#include "base/result.hpp"

namespace assay::hosts {

// In the environment of a host and of all that it starts: "MARK:NUMBER".
inline constexpr std::string_view host_variable = "ASSAY_HOST";

// Agent -> launcher: start a host with this command line, its socket passed
// along as a descriptor, or kill it.
struct LaunchOrder {
  bool kill = false;
  std::uint64_t number = 0;
  std::vector<std::string> argv = {};
};

// Launcher -> agent.
struct Notice {
  enum class Event { ready, started, failed, gone } event = Event::ready;
  std::uint64_t number = 0;
  pid_t pid = 0;           // started
  std::string text = {};   // failed: why
  ExitStatus status = {};  // gone: the host and all that it started
};

// `socket`: the host's end, or -1. Never blocks: Cause::unavailable when full.
Result<> send_order(int fd, const LaunchOrder&, int socket);
Result<std::pair<LaunchOrder, UniqueFd>> receive_order(int fd);
Result<> send_notice(int fd, const Notice&);
Result<Notice> receive_notice(int fd);

}  // namespace assay::hosts
