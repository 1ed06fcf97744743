#include "web/server.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <thread>

#include "web/connection.hpp"

namespace assay::web {

namespace net = boost::asio;
using boost::system::error_code;
using Tcp = net::ip::tcp;

namespace {

constexpr std::size_t most_refused = 64;
constexpr std::chrono::milliseconds breath{100};

class AsioLoop final : public Loop {
 public:
  explicit AsioLoop(net::io_context& io) : io_(io) {}
  void post(std::function<void()> call) override { net::post(io_, std::move(call)); }
  void after(Duration duration, std::function<void()> call) override {
    const auto timer = std::make_shared<net::steady_timer>(io_, duration);
    timer->async_wait([timer, call = std::move(call)](const error_code& error) {
      if (!error) call();
    });
  }

 private:
  net::io_context& io_;
};

// Only names of this machine come here.
Result<Tcp::endpoint> address_of(const wire::Endpoint& listen) {
  error_code error;
  const auto address = net::ip::make_address(
      listen.host == "localhost" ? std::string("127.0.0.1") : listen.host, error);
  if (error) return fail(Cause::invalid, "'{}' is no address", listen.text());
  return Tcp::endpoint(address, listen.port);
}

}  // namespace

struct Server::Running {
  Running(Answer answer, const Limits& limits, Metrics& metrics)
      : shared(std::move(answer), limits, metrics), loop(shared.io), acceptor(shared.io) {}
  ~Running() {
    shared.io.stop();
    if (thread.joinable()) thread.join();
  }

  net::awaitable<void> accept() {
    while (true) {
      error_code error;
      Tcp::socket socket(shared.io);
      co_await acceptor.async_accept(socket, net::redirect_error(net::use_awaitable, error));
      if (error) {  // out of descriptors, perhaps: others will close theirs
        net::steady_timer pause(shared.io, breath);
        co_await pause.async_wait(net::redirect_error(net::use_awaitable, error));
        continue;
      }
      const bool full = shared.open >= shared.limits.connections;
      if (full && shared.refused >= most_refused) continue;
      socket.set_option(Tcp::no_delay(true), error);
      Connection::begin(std::make_shared<Connection>(shared, std::move(socket)), full);
    }
  }

  Shared shared;
  AsioLoop loop;
  Tcp::acceptor acceptor;
  wire::Endpoint endpoint;
  std::thread thread;
};

Result<std::unique_ptr<Server>> Server::start(const wire::Endpoint& listen, Answer answer,
                                              LiveSource source, Metrics& metrics,
                                              const Limits& limits) {
  const auto address = TRY(address_of(listen));
  auto running = std::make_unique<Running>(std::move(answer), limits, metrics);
  running->shared.hub =
      Hub::make(std::move(source), running->loop, running->shared.workers, limits.gap);
  error_code error;
  auto& acceptor = running->acceptor;
  acceptor.open(address.protocol(), error);
  if (!error) acceptor.set_option(Tcp::acceptor::reuse_address(true), error);
  if (!error) acceptor.bind(address, error);
  if (!error) acceptor.listen(Tcp::acceptor::max_listen_connections, error);
  if (error) {
    return fail(Cause::io, "cannot listen on {}: {}{}", listen.text(),
                std::generic_category().message(error.value()),
                error == net::error::address_in_use
                    ? "; is another assayd running? --web takes another port, or 'off'"
                    : "");
  }
  running->endpoint = {listen.host, acceptor.local_endpoint().port()};
  net::co_spawn(running->shared.io, running->accept(), net::detached);
  running->thread = std::thread([io = &running->shared.io] { io->run(); });
  return std::unique_ptr<Server>(new Server(std::move(running)));
}

Server::Server(std::unique_ptr<Running> running) : running_(std::move(running)) {}
Server::~Server() = default;

const wire::Endpoint& Server::endpoint() const {
  return running_->endpoint;
}

}  // namespace assay::web
