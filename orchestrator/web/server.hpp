// The HTTP server: connections, limits, time. One I/O thread; what blocks runs on
// a few workers. start() and the destructor are called by one thread.
//
// It serves this machine only, in plain HTTP/1.1: no TLS, no tokens yet.
#pragma once

#include <chrono>
#include <functional>
#include <memory>

#include "base/result.hpp"
#include "web/live_source.hpp"
#include "web/metrics.hpp"
#include "web/reply.hpp"
#include "wire/channel.hpp"

namespace assay::web {

struct Limits {
  Duration header = std::chrono::seconds(10);    // from a request's first byte to its last header
  Duration idle = std::chrono::seconds(60);      // between requests
  Duration stall = std::chrono::seconds(20);     // for a reader to take some of an answer
  Duration ping = std::chrono::seconds(15);      // a live stream is never silent for longer
  Duration gap = std::chrono::milliseconds(20);  // between a live stream's updates
  std::size_t connections = 512;
  std::size_t queue = 1 << 20;  // bytes that a live reader may lag behind
};

// On a worker; blocks.
using Answer = std::function<Reply(const Request&)>;

class Server {
 public:
  // Cause::io names the address that cannot be listened on; invalid.
  // What `source` and `metrics` refer to outlives it.
  static Result<std::unique_ptr<Server>> start(const wire::Endpoint& listen, Answer answer,
                                               LiveSource source, Metrics& metrics,
                                               const Limits& limits = {});
  ~Server();
  // With the port that was picked for 0.
  [[nodiscard]] const wire::Endpoint& endpoint() const;

 private:
  struct Running;
  explicit Server(std::unique_ptr<Running>);
  std::unique_ptr<Running> running_;
};

}  // namespace assay::web
