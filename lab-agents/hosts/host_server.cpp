// The device host's side of the protocol: one thread, one poll.
#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <deque>

#include "base/fd.hpp"
#include "base/log.hpp"
#include "hosts/host_program.hpp"
#include "hosts/launcher.hpp"
#include "hosts/operations.hpp"

namespace assay::hosts {

namespace {

// Past this the device is no longer read, until the agent has taken some.
constexpr std::size_t max_waiting = 1 << 20;  // bytes

class HostServer {
 public:
  HostServer(int fd, const MakeDevice& make) : socket_(fd), make_(make) {
    fcntl(fd, F_SETFD, FD_CLOEXEC);  // what this host starts must not hold it open
    fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
  }

  int serve() {
    std::vector<pollfd> fds;
    while (!ended_) {
      fds.assign(
          1, {socket_.get(), static_cast<short>(waiting_.empty() ? POLLIN : POLLIN | POLLOUT), 0});
      if (device_) device_->poll_fds(fds, waiting_bytes_ > max_waiting);
      if (!wait_ready(fds, {})) return 1;
      if ((fds[0].revents & POLLOUT) != 0) flush();
      const auto of_device = std::span<const pollfd>(fds).subspan(1);
      if (std::ranges::any_of(of_device, [](const pollfd& p) { return p.revents != 0; })) {
        device_->on_ready(of_device);
      }
      if ((fds[0].revents & ~POLLOUT) != 0) receive();
    }
    return status_;
  }

 private:
  void end(int status) {
    ended_ = true;
    status_ = status;
  }

  void receive() {
    std::array<std::uint8_t, 65536> piece;
    const ssize_t n = ::recv(socket_.get(), piece.data(), piece.size(), 0);
    if (n < 0 && (errno == EAGAIN || errno == EINTR)) return;
    if (n <= 0) return end(0);  // the agent is gone, or wants us to go
    incoming_.feed({piece.data(), static_cast<std::size_t>(n)});
    while (!ended_) {
      auto message = incoming_.next_to_host();
      if (!message) {
        spdlog::error("{}: {}", name_, message.error().text);
        return end(1);
      }
      if (!*message) return;
      std::visit([this](auto& m) { handle(m); }, **message);
    }
  }

  void handle(Configure& c) {
    name_ = fmt::format("board {}, device {}", c.board, c.device);
    board_ = c.board;
    floor_ = c.floor;
    auto device = make_(c, [this](const abilities::Incident& i) { send(i); });
    if (!device) {
      send(Reply{0, tl::unexpected(device.error())});
      drain(0);
      return end(1);
    }
    device_ = std::move(*device);
    send(Reply{0, Json()});
    if (auto* console = device_->console()) {
      console->listen([this](const abilities::ConsoleChunk& chunk) {
        send(chunk);
        // A device that goes on all the same, within one of its operations.
        if (waiting_bytes_ > 2 * max_waiting) drain(max_waiting);
      });
    }
  }

  void handle(Request& r) {
    floor_ = std::max(floor_, r.floor);
    if (!device_)
      return send(Reply{r.id, fail(Cause::internal, "a request before the configuration")});
    if (r.epoch < floor_) {
      return send(Reply{r.id, tl::unexpected(stale_epoch(board_, r.ability + " " + r.operation,
                                                         r.epoch, floor_))});
    }
    floor_ = r.epoch;
    abilities::Order order{r.epoch, {}};
    order.progress = [this, id = r.id, pace = ProgressPace()](const auto& progress) mutable {
      // An agent that is slow to read misses some of it, and nothing else.
      if (waiting_.empty() && pace.lets(progress, BootTime::now())) send(ProgressOf{id, progress});
    };
    if (r.left_ns >= 0) order.wait.until = Deadline::after(Duration(r.left_ns));
    send(Reply{r.id, perform(*device_, r, order)});
  }

  void send(ToAgent message) {
    auto bytes = encode(message);
    if (!bytes) {
      const auto* reply = std::get_if<Reply>(&message);
      if (reply == nullptr) return spdlog::error("{}: {}", name_, bytes.error().text);
      return send(Reply{reply->id, tl::unexpected(bytes.error())});
    }
    waiting_bytes_ += bytes->size();
    waiting_.push_back(std::move(*bytes));
    flush();
  }

  // As much as the socket takes now.
  void flush() {
    while (!waiting_.empty()) {
      const ByteView rest = ByteView(waiting_.front()).subspan(sent_);
      const ssize_t n = ::send(socket_.get(), rest.data(), rest.size(), MSG_NOSIGNAL);
      if (n < 0 && errno == EINTR) continue;
      if (n < 0 && errno == EAGAIN) return;
      if (n < 0) return end(0);
      sent_ += static_cast<std::size_t>(n);
      waiting_bytes_ -= static_cast<std::size_t>(n);
      if (sent_ < waiting_.front().size()) continue;
      waiting_.pop_front();
      sent_ = 0;
    }
  }

  // Waits until at most `limit` bytes wait. Without a deadline: the agent kills
  // a host that is late, and its end ends the wait.
  void drain(std::size_t limit) {
    while (waiting_bytes_ > limit && !ended_) {
      pollfd writable{socket_.get(), POLLOUT, 0};
      if (!wait_ready({&writable, 1}, {})) return;
      flush();
    }
  }

  UniqueFd socket_;
  const MakeDevice& make_;
  std::string name_ = "a device host", board_;
  std::uint64_t floor_ = 0;
  Decoder incoming_;
  std::deque<Bytes> waiting_;  // encoded, not yet taken by the socket
  std::size_t sent_ = 0;       // of the first of them
  std::size_t waiting_bytes_ = 0;
  bool ended_ = false;
  int status_ = 0;
  std::unique_ptr<abilities::Device> device_;  // last: it may call the sinks when destroyed
};

}  // namespace

int serve_host(int fd, const MakeDevice& make) {
  return HostServer(fd, make).serve();
}

int host_main(int argc, char** argv, const MakeDevice& make) {
  const bool launcher = argc == 3 && std::string_view(argv[1]) == "--launcher";
  start_log(launcher ? "launcher" : "host");
  int type = 0;
  socklen_t size = sizeof type;
  if (getsockopt(host_socket, SOL_SOCKET, SO_TYPE, &type, &size) != 0) {
    spdlog::error("{}: this program is started by assay-agent, not by hand",
                  argc > 0 ? argv[0] : "");
    return 2;
  }
  return launcher ? run_launcher(host_socket, argv[2]) : serve_host(host_socket, make);
}

}  // namespace assay::hosts
