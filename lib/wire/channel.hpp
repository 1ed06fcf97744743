// Connections to assayd. Thread-safe: free functions; channels are, too.
//
// A channel dials when it is first used and again whenever the connection broke,
// first after 50 ms, then up to 2 s apart, so that an agent is back soon after
// assayd is. A dead peer is noticed within 15 s (keepalive); each RPC should have
// its own deadline besides. No TLS yet: plain HTTP/2.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace grpc {
class Channel;
class ClientContext;
class ServerBuilder;
}  // namespace grpc

namespace assay::wire {

inline constexpr std::string_view default_server = "127.0.0.1:7420";
inline constexpr std::string_view default_web = "127.0.0.1:7480";

struct Endpoint {
  std::string host;  // "127.0.0.1", "::1", "lab.example.com"
  std::uint16_t port = 0;
  [[nodiscard]] std::string text() const;  // "[::1]:7420"
  [[nodiscard]] bool is_loopback() const;  // 127.0.0.0/8, ::1, localhost
};
// "HOST:PORT" or "[IPV6]:PORT"; Cause::invalid says what is missing.
Result<Endpoint> parse_endpoint(std::string_view);

std::shared_ptr<grpc::Channel> make_channel(const Endpoint&);

// For unary calls: the deadline, counted from now.
void set_deadline(grpc::ClientContext&, std::chrono::nanoseconds);

// The same limits on assayd's side: message size, keepalive, streams a connection.
void apply_server_limits(grpc::ServerBuilder&);

}  // namespace assay::wire
