// A small HTTP server on loopback: one connection after the other, one request each.
#pragma once

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <array>
#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "base/fd.hpp"

namespace assay::drivers {

class HttpServer {
 public:
  // Gets "GET /path?query" and the whole request. What it returns is sent as it is;
  // nothing keeps the client waiting until the server ends.
  using Handler = std::function<std::string(const std::string& line, const std::string& request)>;

  explicit HttpServer(Handler handler) : handler_(std::move(handler)) {
    socket_.reset(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_in here{};
    here.sin_family = AF_INET;
    here.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof here;
    auto* address = reinterpret_cast<sockaddr*>(&here);
    EXPECT_EQ(::bind(socket_.get(), address, size), 0);
    EXPECT_EQ(::listen(socket_.get(), 16), 0);
    getsockname(socket_.get(), address, &size);
    port_ = ntohs(here.sin_port);
    thread_ = std::jthread([this](const std::stop_token& stop) { run({Deadline::never(), stop}); });
  }

  [[nodiscard]] std::string host() const { return "127.0.0.1:" + std::to_string(port_); }
  [[nodiscard]] std::string url(const std::string& path) const { return "http://" + host() + path; }
  // The lines of all requests.
  std::vector<std::string> lines() {
    const std::lock_guard lock(mutex_);
    return lines_;
  }

  static std::string answer(const std::string& body, const std::string& status = "200 OK",
                            const std::string& header = "") {
    return "HTTP/1.1 " + status + "\r\nConnection: close\r\n" + header +
           "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
  }

 private:
  void run(const Wait& wait) {
    std::vector<UniqueFd> hanging;
    while (wait_readable(socket_.get(), wait)) {
      UniqueFd client(accept4(socket_.get(), nullptr, nullptr, SOCK_CLOEXEC));
      const auto request = read_request(client.get(), wait);
      const auto line = request.substr(0, request.find(" HTTP/"));
      {
        const std::lock_guard lock(mutex_);
        lines_.push_back(line);
      }
      const auto said = handler_(line, request);
      if (said.empty()) {
        hanging.push_back(std::move(client));
      } else {
        static_cast<void>(write_all(client.get(), as_bytes(said), wait));
      }
    }
  }

  static std::string read_request(int fd, const Wait& wait) {
    std::string request;
    std::size_t whole = std::string::npos;
    while (request.size() < whole) {
      std::array<std::uint8_t, 4096> piece;
      const auto n = read_some(fd, piece, wait);
      if (!n || *n == 0) break;
      request += as_text({piece.data(), *n});
      const auto end = request.find("\r\n\r\n");
      if (end == std::string::npos) continue;
      const auto length = request.find("Content-Length: ");
      whole = end + 4 + (length == std::string::npos ? 0 : std::stoul(request.substr(length + 16)));
    }
    return request;
  }

  const Handler handler_;
  UniqueFd socket_;
  int port_ = 0;
  std::mutex mutex_;
  std::vector<std::string> lines_;
  std::jthread thread_;
};

}  // namespace assay::drivers
