// Consoles that are no ports of this machine: telnet and RFC 2217 against a real ser2net
// and against servers that do as they like; programs.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/stat.h>
#include <termios.h>

#include <functional>
#include <nlohmann/json.hpp>
#include <thread>

#include "base/file.hpp"
#include "drivers/console/telnet_codec.hpp"
#include "drivers/driver.hpp"
#include "pty_device.hpp"
#include "server_program.hpp"

namespace assay::drivers {
namespace {

using abilities::Incident;
using abilities::Order;
using nlohmann::json;
using testing::HasSubstr;
using testing::StartsWith;
using namespace std::chrono_literals;

std::string error_of(const auto& result) {
  return result ? "no error" : result.error().text;
}
Cause cause_of(const auto& result) {
  return result ? Cause::internal : result.error().cause;
}

std::string all_bytes() {
  std::string all;
  for (int i = 0; i < 256; ++i) all.push_back(static_cast<char>(i));
  return all + "\r\n" + all + "\r" + "\xFF\xFF";
}

// A console server of a single connection, the test's own words.
class Listener {
 public:
  explicit Listener(int port = 0) {
    socket_.reset(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    const int yes = 1;
    setsockopt(socket_.get(), SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    sockaddr_in here{};
    here.sin_family = AF_INET;
    here.sin_port = htons(static_cast<std::uint16_t>(port));
    here.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof here;
    auto* address = reinterpret_cast<sockaddr*>(&here);
    EXPECT_EQ(::bind(socket_.get(), address, size), 0);
    EXPECT_EQ(::listen(socket_.get(), 1), 0);
    getsockname(socket_.get(), address, &size);
    port_ = ntohs(here.sin_port);
  }
  [[nodiscard]] int port() const { return port_; }
  [[nodiscard]] int fd() const { return socket_.get(); }
  UniqueFd accept() const {
    EXPECT_TRUE(wait_readable(socket_.get(), Wait::for_(20s)));
    return UniqueFd(accept4(socket_.get(), nullptr, nullptr, SOCK_CLOEXEC));
  }

 private:
  UniqueFd socket_;
  int port_ = 0;
};

class Consoles : public testing::Test {
 protected:
  void open(const std::string& kind, const json& params) {
    auto made = make_driver({kind, params.dump(), folder.path(),
                             [this](const Incident& i) { incidents.push_back(i); }});
    ASSERT_TRUE(made) << error_of(made);
    driver = std::move(*made);
    driver->console()->listen(
        [this](const abilities::ConsoleChunk& chunk) { said += as_text(chunk.bytes); });
  }
  bool until(const std::function<bool()>& done) {
    const Wait wait = Wait::for_(20s);
    while (!done()) {
      std::vector<pollfd> fds;
      driver->poll_fds(fds, false);
      if (!wait_ready(fds, wait)) return false;
      driver->on_ready(fds);
    }
    return true;
  }
  // Serves the driver while it waits for a socket of the test.
  bool until_readable(int fd) {
    while (true) {
      std::vector<pollfd> fds;
      driver->poll_fds(fds, false);
      fds.push_back({fd, POLLIN, 0});
      if (!wait_ready(fds, Wait::for_(20s))) return false;
      if (fds.back().revents != 0) return true;
      fds.pop_back();
      driver->on_ready(fds);
    }
  }
  std::string hear(int fd, std::size_t size) {
    std::string heard;
    while (heard.size() < size && until_readable(fd)) {
      std::array<std::uint8_t, 4096> piece;
      const auto n = read_some(fd, piece, Wait::for_(20s));
      if (!n || *n == 0) break;
      heard += as_text({piece.data(), *n});
    }
    return heard;
  }
  static void say(const UniqueFd& to, std::string_view text) {
    ASSERT_TRUE(write_all(to.get(), as_bytes(text), Wait::for_(20s)));
  }
  void ser2net(const std::string& protocol) {
    const auto config = (folder.path() / "ser2net.yaml").string();
    ASSERT_TRUE(
        write_file(config, as_bytes(fmt::format("connection: &board\n  accepter: {},127.0.0.1,{}\n"
                                                "  connector: serialdev,{},9600n81,local\n",
                                                protocol, port, device.name()))));
    server = std::make_unique<ServerProgram>(
        std::vector<std::string>{"/usr/sbin/ser2net", "-n", "-u", "-c", config}, "");
  }
  std::string host() const { return "127.0.0.1:" + std::to_string(port); }
  // Both ways, with every byte.
  void carries_bytes() {
    ASSERT_TRUE(driver->console()->ready(order)) << error_of(driver->console()->ready(order));
    EXPECT_EQ(driver->check("console", order).value(), abilities::Health::unproven);
    ASSERT_TRUE(driver->console()->write(order, as_bytes("begin")));
    ASSERT_EQ(device.hear(5), "begin");  // what was to be agreed on is, by now
    device.say("end");
    ASSERT_TRUE(until([&] { return said == "end"; }));
    said.clear();
    const auto all = all_bytes();
    device.say(all);
    EXPECT_TRUE(until([&] { return said.size() >= all.size(); }));
    EXPECT_EQ(said, all);
    ASSERT_TRUE(driver->console()->write(order, as_bytes(all)));
    EXPECT_EQ(device.hear(all.size()), all);
  }

  TempFolder folder = TempFolder::make("assay-console-").value();
  const Order order{1, Wait::for_(60s)};
  PtyDevice device;
  int port = free_port();
  std::unique_ptr<ServerProgram> server;
  std::unique_ptr<abilities::Device> driver;
  std::string said;
  std::vector<Incident> incidents;
};

TEST_F(Consoles, TelnetThroughSer2net) {
  ser2net("telnet,tcp");
  open("telnet", {{"host", host()}});
  carries_bytes();
  EXPECT_EQ(driver->about("console"), host());
  EXPECT_TRUE(incidents.empty());
}

TEST_F(Consoles, TelnetTakesAPlainPort) {
  ser2net("tcp");
  open("telnet", {{"host", host()}});
  ASSERT_TRUE(driver->console()->ready(order));
  ASSERT_TRUE(driver->console()->write(order, as_bytes("ls\r\n")));
  EXPECT_EQ(device.hear(4), "ls\r\n");
  device.say("a\r\nb\n");
  EXPECT_TRUE(until([&] { return said == "a\r\nb\n"; }));
}

TEST_F(Consoles, Rfc2217SetsTheLineThroughSer2net) {
  ser2net("telnet(rfc2217=true),tcp");
  open("rfc2217",
       {{"host", host()}, {"baud", 57600}, {"parity", "none"}, {"stop", 2}, {"flow", "rts-cts"}});
  carries_bytes();
  const auto line = device.line();
  EXPECT_EQ(cfgetospeed(&line), static_cast<speed_t>(B57600));
  EXPECT_NE(line.c_cflag & CSTOPB, 0U);
  EXPECT_NE(line.c_cflag & CRTSCTS, 0U);
}

TEST_F(Consoles, Rfc2217WantsAServerThatSpeaksIt) {
  ser2net("telnet,tcp");
  open("rfc2217", {{"host", host()}, {"baud", 57600}});
  ASSERT_TRUE(until([&] {
    return error_of(driver->check("console", order)) ==
           host() + ": does not speak RFC 2217: use the driver telnet";
  }));
  EXPECT_EQ(cause_of(driver->check("console", order)), Cause::device);
  EXPECT_TRUE(incidents.empty());  // it was never there
}

TEST_F(Consoles, AServerThatGoesAndComesBack) {
  ser2net("telnet,tcp");
  open("telnet", {{"host", host()}});
  ASSERT_TRUE(driver->console()->ready(order));
  server->stop();
  ASSERT_TRUE(until([&] { return !incidents.empty(); }));
  EXPECT_EQ(incidents[0].kind, Incident::Kind::port_gone);
  EXPECT_THAT(incidents[0].text, StartsWith(host() + ": "));
  const auto fault = driver->check("console", order);
  EXPECT_EQ(cause_of(fault), Cause::not_found);
  EXPECT_EQ(error_of(fault), host() + ": Connection refused");
  EXPECT_EQ(error_of(driver->console()->write(order, as_bytes("x"))),
            host() + ": Connection refused");
  EXPECT_THAT(error_of(driver->console()->ready({1, Wait::for_(20ms)})),
              testing::MatchesRegex(host() + ": Connection refused \\(it was waited for .*\\)"));
  ser2net("telnet,tcp");
  ASSERT_TRUE(driver->console()->ready(order));
  ASSERT_EQ(incidents.size(), 2U);
  EXPECT_EQ(incidents[1].kind, Incident::Kind::back);
  EXPECT_EQ(incidents[1].text, host() + " is back");
}

// A cable between: nothing is told, but for the end of the connection.
TEST_F(Consoles, AConnectionThatIsClosed) {
  Listener listener;
  const auto place = "127.0.0.1:" + std::to_string(listener.port());
  open("telnet", {{"host", place}});
  ASSERT_TRUE(driver->console()->ready(order));
  auto far = listener.accept();
  say(far, "last words");
  far.reset();
  // By the check alone, before anybody has read it.
  EXPECT_TRUE(driver->check("console", order));
  EXPECT_EQ(said, "last words");
  ASSERT_EQ(incidents.size(), 2U);
  EXPECT_EQ(incidents[0].text, place + ": the far end closed the connection");
  EXPECT_EQ(incidents[1].text, place + " is back");
}

TEST_F(Consoles, TelnetRefusesWhatItDoesNotKnow) {
  Listener listener;
  open("telnet", {{"host", "127.0.0.1:" + std::to_string(listener.port())}});
  ASSERT_TRUE(driver->console()->ready(order));
  const auto far = listener.accept();
  // DO TERMINAL-TYPE, WILL STATUS, WILL ECHO twice, DO ECHO; a subnegotiation; a byte 255.
  say(far,
      "a\xFF\xFD\x18"
      "\xFF\xFB\x05\xFF\xFB\x01\xFF\xFB\x01\xFF\xFD\x01"
      "b\xFF\xFA\x18\x01\xFF\xF0"
      "c\xFF\xFF\xFF\xF1\r");
  EXPECT_EQ(hear(far.get(), 12), "\xFF\xFC\x18\xFF\xFE\x05\xFF\xFD\x01\xFF\xFC\x01");
  say(far, std::string_view("\0d", 2));
  EXPECT_TRUE(until([&] { return said == "abc\xFF\rd"; })) << said;
  ASSERT_TRUE(driver->console()->write(order, as_bytes("x\xFFy\rz\r\n")));
  EXPECT_EQ(hear(far.get(), 9), std::string("x\xFF\xFFy\r\0z\r\n", 9));
}

TEST_F(Consoles, Rfc2217ChecksEachSetting) {
  Listener listener;
  const auto place = "127.0.0.1:" + std::to_string(listener.port());
  open("rfc2217", {{"host", place}, {"baud", 115200}, {"dtr", "off"}});
  ASSERT_TRUE(until_readable(listener.fd()));
  const auto far = listener.accept();
  const std::string offers = hear(far.get(), 15);
  EXPECT_THAT(offers, testing::EndsWith("\xFF\xFB\x2C"));
  say(far, "\xFF\xFD\x2C");
  const auto asked = hear(far.get(), 10 + 3 * 7 + 3 * 7);
  EXPECT_EQ(asked.substr(0, 10), std::string("\xFF\xFA\x2C\x01\0\x01\xC2\0\xFF\xF0", 10));
  EXPECT_THAT(asked, HasSubstr("\xFF\xFA\x2C\x05\x06\xFF\xF0"));  // no break
  EXPECT_THAT(asked, HasSubstr("\xFF\xFA\x2C\x05\x09\xFF\xF0"));  // no DTR
  EXPECT_EQ(cause_of(driver->console()->write(order, as_bytes("x"))), Cause::device);
  say(far, std::string_view("\xFF\xFA\x2C\x65\0\0\x25\x80\xFF\xF0", 10));
  // Lost at once; the next try is not answered.
  ASSERT_TRUE(until_readable(listener.fd()));
  EXPECT_EQ(error_of(driver->console()->write(order, as_bytes("x"))),
            place + ": does not take 115200 baud: it says 9600");
  EXPECT_TRUE(incidents.empty());
}

TEST_F(Consoles, Rfc2217IsReadyOnceAllIsConfirmed) {
  Listener listener;
  open("rfc2217", {{"host", "127.0.0.1:" + std::to_string(listener.port())}, {"baud", 255}});
  ASSERT_TRUE(until_readable(listener.fd()));
  const auto far = listener.accept();
  std::ignore = hear(far.get(), 15);
  say(far, "\xFF\xFD\x2C");
  const auto asked = hear(far.get(), 11 + 3 * 7 + 2 * 7);
  EXPECT_EQ(asked.substr(0, 11), std::string("\xFF\xFA\x2C\x01\0\0\0\xFF\xFF\xFF\xF0", 11));
  say(far, std::string_view("\xFF\xFA\x2C\x65\0\0\0\xFF\xFF\xFF\xF0"
                            "\xFF\xFA\x2C\x66\x08\xFF\xF0"
                            "\xFF\xFA\x2C\x67\x01\xFF\xF0"
                            "\xFF\xFA\x2C\x6B\x30\xFF\xF0",  // of the modem's lines
                            11 + 7 + 7 + 7));
  EXPECT_EQ(error_of(driver->console()->ready({1, Wait::for_(50ms)})).substr(0, 9), "127.0.0.1");
  say(far, "\xFF\xFA\x2C\x68\x01\xFF\xF0");
  EXPECT_TRUE(driver->console()->ready(order));
}

TEST(TelnetCodec, ASplitStreamIsTheSame) {
  const std::string stream =
      "a\xFF\xFB\x01"
      "b\xFF\xFA\x18\x01\xFF\xFF\xFF\xF0"
      "c\xFF\xFF"
      "d";
  for (std::size_t at = 0; at <= stream.size(); ++at) {
    TelnetCodec codec;
    std::string said;
    Bytes reply;
    const PushBytes push = [&](ByteView bytes) { said += as_text(bytes); };
    ASSERT_TRUE(codec.decode(as_bytes(stream.substr(0, at)), push, reply));
    ASSERT_TRUE(codec.decode(as_bytes(stream.substr(at)), push, reply));
    EXPECT_EQ(said,
              "abc\xFF"
              "d")
        << at;
    EXPECT_EQ(as_text(reply), "\xFF\xFD\x01") << at;
  }
}

TEST(TelnetCodec, WhatIsNoTelnetEnds) {
  TelnetCodec codec;
  Bytes reply;
  const auto taken = codec.decode(
      as_bytes("\xFF\xFA" + std::string(5000, 'x')), [](ByteView) {}, reply);
  EXPECT_EQ(error_of(taken), "what it says is no telnet: is it a plain TCP port?");
}

TEST_F(Consoles, AProgramsStreams) {
  const auto script = folder.path() / "console";
  ASSERT_TRUE(write_file(script, as_bytes("#!/bin/sh\necho noise >&2\nexec cat\n")));
  chmod(script.c_str(), 0755);
  open("program", {{"run", {script.string()}}});
  ASSERT_TRUE(driver->console()->ready(order));
  const auto all = all_bytes();
  ASSERT_TRUE(driver->console()->write(order, as_bytes(all)));
  EXPECT_TRUE(until([&] { return said.size() >= all.size(); }));
  EXPECT_EQ(said, all);
}

TEST_F(Consoles, AProgramThatEndsIsStartedAgain) {
  const auto script = folder.path() / "console";
  const auto go = folder.path() / "go";
  ASSERT_EQ(mkfifo(go.c_str(), 0600), 0);
  ASSERT_TRUE(write_file(script, as_bytes("#!/bin/sh\necho hello\nread x <" + go.string() +
                                          "\necho one >&2\necho cable pulled >&2\nprintf bye\n"
                                          "exit 3\n")));
  chmod(script.c_str(), 0755);
  open("program", {{"run", {script.string(), "b1"}}});
  const auto name = "'" + script.string() + " b1'";
  ASSERT_TRUE(until([&] { return said == "hello\n"; }));
  {
    const UniqueFd fifo(::open(go.c_str(), O_WRONLY | O_CLOEXEC));
    say(fifo, "x\n");
  }
  ASSERT_TRUE(until([&] { return incidents.size() == 2; }));
  EXPECT_EQ(incidents[0].kind, Incident::Kind::port_gone);
  EXPECT_EQ(incidents[0].text, name + ": exit status 3: cable pulled");
  EXPECT_EQ(incidents[1].text, name + " is back");
  EXPECT_EQ(said, "hello\nbyehello\n");
}

TEST_F(Consoles, AProgramThatDoesNotGetFar) {
  open("program", {{"run", {"sh", "-c", "echo no route to host >&2; exit 1"}}});
  ASSERT_TRUE(until([&] { return !driver->check("console", order); }));
  EXPECT_THAT(error_of(driver->check("console", order)),
              testing::EndsWith("': exit status 1: no route to host"));
  EXPECT_TRUE(incidents.empty());
  open("program", {{"run", {"/nowhere/tool"}}});
  EXPECT_EQ(error_of(driver->check("console", order)),
            "'/nowhere/tool': cannot be started: /nowhere/tool: No such file or directory");
}

TEST(ConsoleSettings, RefuseWhatCannotWork) {
  const auto refusal = [](const std::string& kind, const json& params) {
    return error_of(make_driver({kind, params.dump(), "/nowhere", nullptr}));
  };
  EXPECT_EQ(refusal("telnet", json::object()),
            "driver telnet: 'host' is missing: a name or address");
  EXPECT_EQ(refusal("rfc2217", {{"host", "server"}, {"baud", 9600}}),
            "driver rfc2217: 'server' names no port: write HOST:PORT, the port from 1 to 65535");
  EXPECT_EQ(refusal("rfc2217", {{"host", "server:1"}, {"dtr", "high"}}),
            "driver rfc2217: 'dtr' must be one of leave, on, off");
  EXPECT_EQ(refusal("program", json::object()),
            "driver program: 'run' is missing: the program and its arguments");
}

}  // namespace
}  // namespace assay::drivers
