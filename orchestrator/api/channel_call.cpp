// The agent's end of a byte channel.
#include <assay/v1/agent.pb.h>

#include "api/agent_service.hpp"
#include "api/calls.hpp"
#include "wire/limits.hpp"

namespace assay::api {

namespace {

class ChannelCall final : public BidiCall<v1::ChannelRequest, v1::ChannelResponse>,
                          public ChannelEnd {
 public:
  ChannelCall(grpc::CallbackServerContext* context, Backend& backend)
      : BidiCall(context, 16), backend_(backend) {}

  bool send(std::string bytes, std::function<void()> written) override {
    v1::ChannelResponse response;
    response.set_data(std::move(bytes));
    return write(std::move(response), std::move(written));
  }
  void peer_ended(const std::string&) override { finish(grpc::Status::OK); }

 private:
  std::shared_ptr<ChannelCall> self() {
    return std::static_pointer_cast<ChannelCall>(shared_from_this());
  }

  void on_request(v1::ChannelRequest& request) override {
    if (!named_) {
      named_ = true;
      const auto client = backend_.channels.take(request.channel());
      if (client == nullptr) {
        return finish({grpc::StatusCode::NOT_FOUND, "nobody waits for this channel any more"});
      }
      client_ = client;
      client->joined(self());
      return next();
    }
    const auto client = client_.lock();
    if (client == nullptr) return finish(grpc::Status::OK);
    if (request.data().size() > wire::max_console_piece) {
      return finish({grpc::StatusCode::INVALID_ARGUMENT, "more than 64 KiB in one message"});
    }
    // Reads on when the client has taken it: a slow one slows the board's side,
    // never this process.
    const std::weak_ptr<ChannelCall> weak = self();
    client->send(std::move(*request.mutable_data()), [weak] {
      if (const auto call = weak.lock()) call->next();
    });
  }

  void on_end() override {
    if (const auto client = client_.lock()) client->peer_ended("");
  }

  Backend& backend_;
  bool named_ = false;  // used by reactions of reading only
  std::weak_ptr<ClientEnd> client_;
};

}  // namespace

grpc::ServerBidiReactor<v1::ChannelRequest, v1::ChannelResponse>* AgentServiceImpl::Channel(
    grpc::CallbackServerContext* context) {
  return ChannelCall::begin(std::make_shared<ChannelCall>(context, backend_));
}

}  // namespace assay::api
