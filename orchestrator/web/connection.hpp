// One connection of the HTTP server: reads requests one after the other, has them
// answered on a worker, writes the answers. On the I/O thread only.
// Internal to server.cpp and connection.cpp: brings Asio and Beast along.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <deque>
#include <memory>

#include "api/workers.hpp"
#include "web/hub.hpp"
#include "web/server.hpp"

namespace assay::web {

// What all connections share.
struct Shared {
  boost::asio::io_context io{1};
  Answer answer;
  Limits limits;
  Metrics& metrics;
  std::shared_ptr<Hub> hub;
  std::size_t open = 0;     // connections
  std::size_t refused = 0;  // that are only told that there are too many
  // Last: its tasks use the above.
  api::Workers workers{4};

  Shared(Answer a, const Limits& l, Metrics& m) : answer(std::move(a)), limits(l), metrics(m) {}
};

class Connection final : public LiveReader, public std::enable_shared_from_this<Connection> {
 public:
  Connection(Shared& shared, boost::asio::ip::tcp::socket socket);
  ~Connection() override;

  // `full`: one answer only, that there are too many.
  static void begin(const std::shared_ptr<Connection>&, bool full);

 private:
  using Task = boost::asio::awaitable<void>;
  using Yes = boost::asio::awaitable<bool>;  // false: the connection is over

  Task serve();
  Task refuse_all();
  Yes serve_one(bool first);
  Yes read_head(bool first, Request& request, bool& keep_alive, unsigned& bad);
  Yes write(std::string_view);
  Yes write_reply(const Reply&, bool head_only, bool keep_alive);
  boost::asio::awaitable<Reply> ask(const Request&);
  Task hang_up();

  // A live stream.
  Task tell(const Reply&);
  Task watch_end();
  void send(const Text&) override;
  void end() override;
  void drop();

  Shared& shared_;
  boost::beast::tcp_stream stream_;
  boost::beast::flat_buffer buffer_;
  bool full_ = false;

  boost::asio::steady_timer wake_;
  std::deque<Text> queue_;
  std::size_t queued_ = 0;
  bool ending_ = false;  // after the queue
  bool gone_ = false;    // the other side, or too slow
};

}  // namespace assay::web
