// One person's view of one console: a byte channel that assayd asked for, on a
// stream of its own. Reads along with whoever has the board; writes only with the
// epoch of a lease.
//
// open() and close() on the session's thread; bytes flow on gRPC's and the
// board's reader threads. A reader that does not keep up loses bytes, with a
// mark in the stream, and never holds up the board. Who types faster than the board
// takes it is told so, and the channel ends.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "assay/v1/agent.grpc.pb.h"
#include "base/result.hpp"
#include "session/console_writer.hpp"
#include "session/lab_boards.hpp"
#include "session/stream.hpp"

namespace assay::session {

class ConsoleChannel : public std::enable_shared_from_this<ConsoleChannel> {
 public:
  using OnEnd = std::function<void(const std::string& channel)>;

  // Cause::not_found when there is no such board or it has no console.
  static Result<std::shared_ptr<ConsoleChannel>> open(v1::AgentService::Stub&, LabBoards&,
                                                      const v1::OpenChannel&, OnEnd);
  ~ConsoleChannel();
  void close();

 private:
  using ByteStream = Stream<v1::ChannelRequest, v1::ChannelResponse>;
  ConsoleChannel(hosts::HostedBoard& board, std::uint64_t epoch) : board_(board), epoch_(epoch) {}
  void begin(v1::AgentService::Stub&, const std::string& channel, OnEnd);

  hosts::HostedBoard& board_;
  const std::uint64_t epoch_;  // 0: reading only
  std::shared_ptr<ByteStream> stream_;
  std::unique_ptr<ConsoleWriter> writer_;  // none: reading only
  hosts::HostedBoard::TapId tap_ = 0;
};

}  // namespace assay::session
