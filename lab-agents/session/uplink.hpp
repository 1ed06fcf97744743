// Delivers one attempt's spool to assayd over its own event stream, reconnecting
// with backoff until the last event is acknowledged or assayd knows no such
// attempt.
//
// All methods on the session's thread; the spool's writers may be anywhere.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "assay/v1/agent.grpc.pb.h"
#include "base/clock.hpp"
#include "session/inbox.hpp"
#include "session/stream.hpp"
#include "spool/spool.hpp"

namespace assay::session {

class Uplink : public std::enable_shared_from_this<Uplink> {
 public:
  enum class End { delivered, refused };  // refused: assayd does not take its events
  using OnEnd = std::function<void(End, const std::string& why)>;

  // `agent`: the name by which assayd knows this agent.
  Uplink(v1::AgentService::Stub& stub, std::string agent, Inbox& inbox,
         std::shared_ptr<spool::Spool> spool, OnEnd on_end);

  void connect();
  // The session's clock: reconnects when it is time. Returns when to be called next.
  Deadline tick();
  // A delivery that can no longer be waited for.
  void abandon();
  // The spool of a dead incarnation: ends once all it holds is acknowledged.
  void deliver_what_is_there() { partial_ = true; }
  // Called when the spool had to be cut: its attempt must end.
  void on_cut(std::function<void(const std::string& why)> call) { on_cut_ = std::move(call); }

 private:
  using EventStream = Stream<v1::EventsRequest, v1::EventsResponse>;
  void acknowledged(std::uint64_t generation, std::uint64_t seq);
  void ended(std::uint64_t generation, const grpc::Status& status);
  void pump();
  void cut(const std::string& why);
  void finish(End, const std::string& why);
  [[nodiscard]] bool all_delivered() const;

  v1::AgentService::Stub& stub_;
  const std::string agent_;
  Inbox& inbox_;
  const std::shared_ptr<spool::Spool> spool_;
  const OnEnd on_end_;
  std::function<void(const std::string&)> on_cut_;
  std::shared_ptr<EventStream> stream_;
  std::uint64_t generation_ = 0;  // of the stream: late callbacks of an old one are ignored
  bool greeted_ = false;          // assayd said where to go on
  std::uint64_t sent_ = 0;
  Duration backoff_{};
  Deadline retry_at_ = Deadline::never();
  bool over_ = false;
  bool partial_ = false;
};

}  // namespace assay::session
