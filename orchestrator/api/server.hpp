// All of assayd's gRPC services on one port. start() and stop() are called by one
// thread; everything else happens on gRPC's and the server's own threads.
#pragma once

#include <memory>
#include <string>

#include "api/backend.hpp"
#include "base/result.hpp"
#include "wire/channel.hpp"

namespace assay::api {

class Server {
 public:
  // `parts` outlive it. Cause::io names the address that cannot be listened on.
  static Result<std::unique_ptr<Server>> start(const wire::Endpoint& listen, const Parts& parts,
                                               const std::string& version);
  ~Server();  // stop()

  // Ends every call, new ones at once, then waits for what is under way.
  void stop();
  // With the port that was picked for 0.
  [[nodiscard]] const wire::Endpoint& endpoint() const;
  // For whatever else serves the same things: it must be gone before this is.
  [[nodiscard]] Backend& backend();

 private:
  struct Running;
  explicit Server(std::unique_ptr<Running>);
  std::unique_ptr<Running> running_;
};

// Attempts whose last event is stored but that were not counted yet, because
// assayd was killed in between. Call once, before the server starts.
Result<> count_ended_attempts(const Parts&);

}  // namespace assay::api
