#include "web/connection.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>

#include "base/log.hpp"
#include "web/event_text.hpp"
#include "web/site.hpp"

namespace assay::web {

namespace net = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
using boost::system::error_code;

namespace {

constexpr std::uint32_t longest_header = 16 << 10;
constexpr std::size_t most_buffered = 32 << 10;
// Written by one deadline: a slow reader makes progress by such pieces.
constexpr std::size_t piece_written = 64 << 10;
constexpr std::size_t piece_read = 256 << 10;
// What a client still sends after a refusal is taken, so that it can read why.
constexpr Duration linger = std::chrono::seconds(1);
constexpr std::size_t most_lingering = 256 << 10;

auto into(error_code& error) {
  return net::redirect_error(net::use_awaitable, error);
}

// Runs on a worker; comes back to the coroutine.
template <class T>
net::awaitable<T> on_worker(Shared& shared, std::function<T()> work) {
  struct Wait {
    explicit Wait(net::io_context& io) : timer(io) {}
    net::steady_timer timer;
    std::optional<T> value;
  };
  const auto wait = std::make_shared<Wait>(shared.io);
  wait->timer.expires_at(net::steady_timer::time_point::max());
  // The loop gets to it only after this coroutine waits: they share a thread.
  shared.workers.post([&shared, wait, work = std::move(work)] {
    auto value = std::make_shared<T>(work());
    net::post(shared.io, [wait, value] {
      wait->value = std::move(*value);
      wait->timer.cancel();
    });
  });
  error_code ignored;
  co_await wait->timer.async_wait(into(ignored));
  co_return std::move(*wait->value);
}

unsigned status_of(const error_code& error) {
  if (error == http::error::header_limit || error == http::error::buffer_overflow) return 431;
  if (error == http::error::body_limit) return 413;
  return 400;
}

std::string_view words_of(unsigned status) {
  switch (status) {
    case 413:
      return "a request takes no body";
    case 431:
      return "the headers are longer than 16 KiB";
    default:
      return "this is no HTTP request";
  }
}

}  // namespace

Connection::Connection(Shared& shared, net::ip::tcp::socket socket)
    : shared_(shared), stream_(std::move(socket)), buffer_(most_buffered), wake_(shared.io) {}

Connection::~Connection() {
  --(full_ ? shared_.refused : shared_.open);
  shared_.metrics.connections(shared_.open);
}

void Connection::begin(const std::shared_ptr<Connection>& self, bool full) {
  self->full_ = full;
  ++(full ? self->shared_.refused : self->shared_.open);
  self->shared_.metrics.connections(self->shared_.open);
  net::co_spawn(self->shared_.io, full ? self->refuse_all() : self->serve(),
                [self](const std::exception_ptr& thrown) {
                  if (thrown) spdlog::error("a connection was given up: an exception");
                });
}

Connection::Task Connection::refuse_all() {
  Reply reply = finish({}, problem(429, "too many connections are open; close some and try again"));
  shared_.metrics.answered(reply.status, {});
  co_await write_reply(reply, false, false);
  co_await hang_up();
}

Connection::Task Connection::serve() {
  bool first = true;
  while (co_await serve_one(first)) first = false;
  co_await hang_up();
}

Connection::Yes Connection::serve_one(bool first) {
  Request request;
  bool keep_alive = false;
  unsigned bad = 0;
  const bool read = co_await read_head(first, request, keep_alive, bad);
  if (!read && bad == 0) co_return false;
  const auto begun = BootTime::now();
  std::optional<Reply> reply;
  if (bad != 0) reply = finish({}, problem(bad, words_of(bad)));
  if (!reply) reply = refuse(request);
  if (reply) {
    // Whatever follows on this connection cannot be trusted to be a request.
    keep_alive = false;
    reply->length = reply->body->size();
  } else {
    reply = co_await ask(request);
  }
  const bool head_only = request.method == "HEAD";
  if (!reply->live.empty() && !head_only) {
    shared_.metrics.answered(reply->status, BootTime::now() - begun);
    co_await tell(*reply);
    co_return false;
  }
  const bool written = co_await write_reply(*reply, head_only, keep_alive);
  shared_.metrics.answered(reply->status, BootTime::now() - begun);
  co_return written&& keep_alive;
}

Connection::Yes Connection::read_head(bool first, Request& request, bool& keep_alive,
                                      unsigned& bad) {
  error_code error;
  if (buffer_.size() == 0) {
    stream_.expires_after(first ? shared_.limits.header : shared_.limits.idle);
    const std::size_t got = co_await stream_.async_read_some(buffer_.prepare(4096), into(error));
    if (error) co_return false;
    buffer_.commit(got);
  }
  http::request_parser<http::empty_body> parser;
  parser.header_limit(longest_header);
  parser.body_limit(0);
  stream_.expires_after(shared_.limits.header);
  co_await http::async_read_header(stream_, buffer_, parser, into(error));
  if (error) {
    const bool theirs = error.category() == make_error_code(http::error::end_of_stream).category();
    if (theirs && error != http::error::end_of_stream && error != http::error::partial_message)
      bad = status_of(error);
    co_return false;
  }
  const auto& message = parser.get();
  const auto text = [](beast::string_view view) { return std::string(view.data(), view.size()); };
  request.method = text(message.method_string());
  request.target = text(message.target());
  request.host = text(message[http::field::host]);
  if (message.count(http::field::host) > 1) request.host = "two of them";
  request.origin = text(message[http::field::origin]);
  request.accept = text(message[http::field::accept]);
  request.accept_encoding = text(message[http::field::accept_encoding]);
  request.if_none_match = text(message[http::field::if_none_match]);
  request.if_range = text(message[http::field::if_range]);
  request.range = text(message[http::field::range]);
  request.last_event_id = text(message["Last-Event-ID"]);
  request.has_body = parser.chunked() || parser.content_length().value_or(0) > 0;
  keep_alive = message.keep_alive();
  co_return true;
}

net::awaitable<Reply> Connection::ask(const Request& request) {
  const std::function<Reply()> work = [self = shared_from_this(), request] {
    return self->shared_.answer(request);
  };
  co_return co_await on_worker<Reply>(shared_, work);
}

Connection::Yes Connection::write(std::string_view text) {
  while (!text.empty()) {
    const std::string_view piece = text.substr(0, piece_written);
    stream_.expires_after(shared_.limits.stall);
    error_code error;
    co_await net::async_write(stream_, net::buffer(piece.data(), piece.size()), into(error));
    if (error) co_return false;
    text.remove_prefix(piece.size());
  }
  co_return true;
}

Connection::Yes Connection::write_reply(const Reply& reply, bool head_only, bool keep_alive) {
  std::string head = head_of(reply, keep_alive);
  const bool with_body = !head_only && reply.body != nullptr;
  const bool small = with_body && reply.body->size() < piece_written;
  if (small) head += *reply.body;  // one packet instead of two
  if (!co_await write(head)) co_return false;
  if (with_body && !small) co_return co_await write(*reply.body);
  if (head_only || !reply.read) co_return true;
  for (std::uint64_t at = reply.first, left = reply.length; left > 0;) {
    const auto want = static_cast<std::size_t>(std::min<std::uint64_t>(left, piece_read));
    const std::function<Result<std::string>()> work = [&reply, at, want] {
      return reply.read(at, want);
    };
    const auto piece = co_await on_worker<Result<std::string>>(shared_, work);
    if (!piece || piece->empty() || piece->size() > want) {
      // The length was promised: the only honest way to say so is to break off.
      spdlog::warn("a download breaks off: {}", piece ? "it became shorter" : piece.error().text);
      co_return false;
    }
    if (!co_await write(*piece)) co_return false;
    at += piece->size();
    left -= piece->size();
  }
  co_return true;
}

Connection::Task Connection::hang_up() {
  error_code error;
  stream_.socket().shutdown(net::ip::tcp::socket::shutdown_send, error);
  stream_.expires_after(linger);
  std::size_t taken = 0;
  while (!error && taken < most_lingering) {
    buffer_.clear();
    taken += co_await stream_.async_read_some(buffer_.prepare(4096), into(error));
  }
  stream_.close();
}

// ---- live ----------------------------------------------------------------------------------

Connection::Task Connection::tell(const Reply& reply) {
  // Before the head: who has it misses nothing from there on.
  const auto seat = shared_.hub->join(reply.live, reply.after, *this);
  if (!co_await write(head_of(reply, false))) co_return;
  shared_.metrics.live_opened();
  stream_.expires_never();
  net::co_spawn(shared_.io, watch_end(), [self = shared_from_this()](const std::exception_ptr&) {});
  while (!gone_) {
    if (queue_.empty()) {
      if (ending_) break;
      seat->drained();
      wake_.expires_after(shared_.limits.ping);
      error_code woken;
      co_await wake_.async_wait(into(woken));
      static const Text silence = std::make_shared<const std::string>(ping);
      if (!woken && queue_.empty()) send(silence);
      continue;
    }
    const Text text = std::move(queue_.front());
    queue_.pop_front();
    const bool written = co_await write(*text);
    queued_ -= text->size();
    if (!written) break;
  }
  gone_ = gone_ || !ending_;
  shared_.metrics.live_closed();
  if (gone_) stream_.close();
}

// A client says nothing more here; that it left is seen by reading.
Connection::Task Connection::watch_end() {
  error_code error;
  std::array<char, 512> ignored{};
  while (!error) co_await stream_.async_read_some(net::buffer(ignored), into(error));
  if (!ending_) drop();
}

void Connection::send(const Text& text) {
  if (gone_ || ending_) return;
  // One text may be as long as it likes; a second must not wait behind too much.
  if (queued_ > shared_.limits.queue) return drop();
  queue_.push_back(text);
  queued_ += text->size();
  wake_.cancel();
}

void Connection::end() {
  ending_ = true;
  wake_.cancel();
}

void Connection::drop() {
  gone_ = true;
  queue_.clear();
  wake_.cancel();
  stream_.close();  // ends a write that nobody takes
}

}  // namespace assay::web
