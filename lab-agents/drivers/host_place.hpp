// What switches and consoles on a network have in common. Thread-safe: free functions.
#pragma once

#include "drivers/kinds.hpp"

namespace assay::drivers {

// `key`, a host's name or address, with a port or without: "plug-3.lab", "10.0.0.7:8080",
// "[fe80::1]:80". Cause::invalid when it is missing or more than that.
Result<std::string> host_param(const Json& params, std::string_view key);
struct HostPort {
  std::string host;  // without brackets
  int port = 0;
  [[nodiscard]] std::string place() const;  // "relay.lab:1883", "[::1]:1883"
};
// Of what host_param() gave. Without a port of its own, and with 0 for `otherwise`,
// Cause::invalid.
Result<HostPort> host_and_port(const std::string& place, int otherwise);
// "a8032abe54dc" of "A8:03:2A:BE:54:DC" and the like; the text in lower case otherwise.
std::string plain_mac(std::string_view);
// Cause::device, unless `wanted` is empty or both are the same device.
Result<> same_mac(std::string_view place, std::string_view wanted, std::string_view found);

}  // namespace assay::drivers
