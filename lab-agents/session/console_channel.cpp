#include "session/console_channel.hpp"

#include <atomic>

#include "base/log.hpp"

namespace assay::session {

namespace {
constexpr const char* too_fast =
    "\r\n[the board does not take what is typed as fast as it comes: this console ends]\r\n";
}

Result<std::shared_ptr<ConsoleChannel>> ConsoleChannel::open(v1::AgentService::Stub& stub,
                                                             LabBoards& boards,
                                                             const v1::OpenChannel& request,
                                                             OnEnd on_end) {
  if (request.kind() != "console") {
    return fail(Cause::invalid, "this agent has no channels of kind '{}', only 'console'",
                request.kind());
  }
  hosts::HostedBoard* board = boards.find(request.board());
  if (board == nullptr)
    return fail(Cause::not_found, "this agent has no board '{}'", request.board());
  if (board->console() == nullptr)
    return fail(Cause::not_found, "board {} has no console", request.board());
  std::shared_ptr<ConsoleChannel> channel(new ConsoleChannel(*board, request.epoch()));
  channel->begin(stub, request.channel(), std::move(on_end));
  return channel;
}

void ConsoleChannel::begin(v1::AgentService::Stub& stub, const std::string& channel, OnEnd on_end) {
  ConsoleWriter::Input input;
  if (epoch_ != 0) {
    writer_ = std::make_unique<ConsoleWriter>(
        [board = &board_, epoch = epoch_](const std::string& bytes, const Wait& wait) {
          const auto written = board->console()->write({epoch, wait}, as_bytes(bytes));
          if (!written) spdlog::warn("console of {}: {}", board->id(), written.error().text);
        });
    input = writer_->input();
  }
  const auto self = std::make_shared<std::weak_ptr<ByteStream>>();  // set before it begins
  stream_ = std::make_shared<ByteStream>(
      [input, self](const v1::ChannelResponse& response) {
        if (!input || input(response.data())) return;
        const auto stream = self->lock();
        if (!stream) return;
        v1::ChannelRequest last;
        last.set_data(too_fast);
        stream->send(std::move(last));
        stream->finish();
      },
      [channel, on_end = std::move(on_end)](const grpc::Status&) { on_end(channel); });
  *self = stream_;
  stub.async()->Channel(&stream_->context(), stream_.get());
  stream_->begin();
  v1::ChannelRequest first;
  first.set_channel(channel);
  stream_->send(std::move(first));
  const auto lost = std::make_shared<std::atomic<std::size_t>>(0);
  tap_ = board_.add_tap([stream = stream_, lost](const abilities::ConsoleChunk& chunk) {
    v1::ChannelRequest request;
    if (const std::size_t bytes = lost->exchange(0); bytes > 0) {
      request.set_data(fmt::format("\r\n[{} bytes lost: this reader was too slow]\r\n", bytes));
    }
    request.mutable_data()->append(as_text(chunk.bytes));
    if (!stream->send(std::move(request))) *lost += chunk.bytes.size();
  });
}

ConsoleChannel::~ConsoleChannel() {
  close();
}

void ConsoleChannel::close() {
  if (tap_ != 0) board_.remove_tap(tap_);
  tap_ = 0;
  stream_->finish();
}

}  // namespace assay::session
