// The serial driver on pseudo-terminals: the far end is the device.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include <nlohmann/json.hpp>
#include <thread>

#include "base/file.hpp"
#include "drivers/driver.hpp"
#include "pty_device.hpp"

using namespace assay;
using namespace assay::drivers;
using abilities::Incident;
using abilities::Order;
using testing::HasSubstr;
using namespace std::chrono_literals;

namespace {

std::string error_of(const auto& result) {
  return result ? "no error" : result.error().text;
}
Cause cause_of(const auto& result) {
  return result ? Cause::internal : result.error().cause;
}

class SerialDriver : public testing::Test {
 protected:
  void attach(const PtyDevice& device) { std::filesystem::create_symlink(device.name(), link()); }
  std::filesystem::path link() const { return folder.path() / "ttyTEST"; }
  void open(const nlohmann::json& more = nlohmann::json::object()) {
    nlohmann::json params{{"path", link().string()}};
    params.update(more);
    auto made = make_driver({"serial", params.dump(), folder.path(),
                             [this](const Incident& i) { incidents.push_back(i); }});
    ASSERT_TRUE(made) << made.error().text;
    driver = std::move(*made);
  }
  void listen() {
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

  TempFolder folder = TempFolder::make("assay-serial-").value();
  const Order order{1, Wait::for_(60s)};
  std::unique_ptr<abilities::Device> driver;
  std::string said;
  std::vector<Incident> incidents;
};

}  // namespace

TEST_F(SerialDriver, CarriesBytesBothWays) {
  PtyDevice device;
  attach(device);
  open();
  EXPECT_EQ(driver->check("console", order).value(), abilities::Health::unproven);
  EXPECT_EQ(driver->power(), nullptr);
  device.say("before anybody listens\r\n");
  ASSERT_TRUE(until([&] {
    std::vector<pollfd> fds;
    driver->poll_fds(fds, false);
    return !wait_ready(fds, Wait::for_(0ms));
  }));
  listen();
  EXPECT_EQ(said, "before anybody listens\r\n");
  const std::string all_bytes = [] {
    std::string all;
    for (int i = 0; i < 256; ++i) all.push_back(static_cast<char>(i));
    return all;
  }();
  said.clear();
  device.say(all_bytes);
  ASSERT_TRUE(until([&] { return said.size() >= 256; }));
  EXPECT_EQ(said, all_bytes);  // raw: no byte means anything to the line
  ASSERT_TRUE(driver->console()->write(order, as_bytes(all_bytes)));
  EXPECT_EQ(device.hear(256), all_bytes);
}

TEST_F(SerialDriver, SetsTheLine) {
  PtyDevice device;
  attach(device);
  open({{"baud", 9600}, {"stop", 2}, {"flow", "rts-cts"}});
  const auto line = device.line();
  EXPECT_EQ(cfgetospeed(&line), static_cast<speed_t>(B9600));
  EXPECT_NE(line.c_cflag & CSTOPB, 0U);
  EXPECT_NE(line.c_cflag & CRTSCTS, 0U);
  EXPECT_EQ(line.c_lflag & (ICANON | ECHO), 0U);
}

TEST_F(SerialDriver, WaitsForADeviceThatComesBack) {
  auto device = std::make_unique<PtyDevice>();
  attach(*device);
  open();
  listen();
  // Pulled out.
  std::filesystem::remove(link());
  device.reset();
  ASSERT_TRUE(until([&] { return !incidents.empty(); }));
  EXPECT_EQ(incidents[0].kind, Incident::Kind::port_gone);
  EXPECT_THAT(incidents[0].text, HasSubstr(link().string()));
  EXPECT_EQ(error_of(driver->check("console", order)),
            link().string() + ": No such file or directory");
  EXPECT_EQ(cause_of(driver->check("console", order)), Cause::not_found);
  EXPECT_EQ(cause_of(driver->console()->write(order, as_bytes("x"))), Cause::device);
  // Put in again, as another device file.
  device = std::make_unique<PtyDevice>();
  attach(*device);
  ASSERT_TRUE(until([&] { return incidents.size() == 2; }));
  EXPECT_EQ(incidents[1].kind, Incident::Kind::back);
  EXPECT_EQ(incidents[1].text, link().string() + " is back");
  EXPECT_TRUE(driver->check("console", order));
  device->say("hello again");
  EXPECT_TRUE(until([&] { return said == "hello again"; }));
}

// A board with built-in USB that has been switched on.
TEST_F(SerialDriver, IsReadyOnceThePortIsThere) {
  auto device = std::make_unique<PtyDevice>();
  attach(*device);
  open();
  EXPECT_TRUE(driver->console()->ready(order));
  std::filesystem::remove(link());
  device = std::make_unique<PtyDevice>();  // nobody has read yet that the first one hung up
  std::jthread usb([&] {
    std::this_thread::sleep_for(50ms);
    attach(*device);
  });
  ASSERT_TRUE(driver->console()->ready(order));
  usb.join();
  ASSERT_EQ(incidents.size(), 2U);
  EXPECT_EQ(incidents[0].kind, Incident::Kind::port_gone);
  EXPECT_EQ(incidents[1].kind, Incident::Kind::back);
  listen();
  device->say("hello");
  EXPECT_TRUE(until([&] { return said == "hello"; }));
}

TEST_F(SerialDriver, SaysWhichPortItWaitedFor) {
  open();
  const auto ready = driver->console()->ready({1, Wait::for_(20ms)});
  EXPECT_EQ(cause_of(ready), Cause::device);
  EXPECT_THAT(error_of(ready),
              testing::MatchesRegex(link().string() + ": No such file or directory \\(it was "
                                                      "waited for [0-9.]+ m?s\\)"));
}

// Also when its folder does not exist yet.
TEST_F(SerialDriver, ADeviceThatIsNotThereYet) {
  const auto path = folder.path() / "serial" / "by-id" / "port";
  open({{"path", path.string()}});
  EXPECT_EQ(error_of(driver->check("console", order)),
            path.string() + ": No such file or directory");
  EXPECT_TRUE(incidents.empty());
  PtyDevice device;
  ASSERT_TRUE(make_folders(path.parent_path()));
  std::filesystem::create_symlink(device.name(), path);
  listen();
  ASSERT_TRUE(until([&] {
    device.say("x");
    return driver->check("console", order).has_value();
  }));
  EXPECT_TRUE(until([&] { return said.find('x') != std::string::npos; }));
}

// What happens in its folder wakes it, once.
TEST_F(SerialDriver, WaitingForADeviceCostsNothing) {
  open();
  for (int i = 0; i < 3; ++i) {
    ASSERT_TRUE(write_file(folder.path() / std::to_string(i), {}));
    ASSERT_TRUE(until([woken = false]() mutable { return std::exchange(woken, true); }));
  }
  std::vector<pollfd> fds;
  driver->poll_fds(fds, false);
  EXPECT_EQ(poll(fds.data(), fds.size(), 0), 0);
}

// Somebody who is not root could else not open it again while the far end is there.
TEST_F(SerialDriver, LeavesAPseudoTerminalAsItWas) {
  PtyDevice device;
  attach(device);
  const UniqueFd other(::open(device.name().c_str(), O_RDWR | O_NOCTTY | O_CLOEXEC));
  const auto exclusive = [&] {
    int is = -1;
    ioctl(other.get(), TIOCGEXCL, &is);
    return is;
  };
  open();
  ASSERT_TRUE(driver->check("console", order));
  EXPECT_EQ(exclusive(), 0);
  driver.reset();
  EXPECT_EQ(exclusive(), 0);
}

TEST_F(SerialDriver, OneReaderAPort) {
  PtyDevice device;
  attach(device);
  open();
  nlohmann::json params{{"path", device.name()}};
  auto second = make_driver({"serial", params.dump(), folder.path(), nullptr});
  ASSERT_TRUE(second);
  const auto fault = (*second)->check("console", order);
  EXPECT_EQ(cause_of(fault), Cause::device);
  EXPECT_EQ(error_of(fault), device.name() + ": another process has it open");
}

TEST_F(SerialDriver, WhatIsNoSerialPort) {
  ASSERT_TRUE(write_file(link(), as_bytes("a file")));
  open();
  EXPECT_THAT(error_of(driver->check("console", order)), HasSubstr("is no serial port"));
}

TEST_F(SerialDriver, NamesTheGroupToJoin) {
  if (geteuid() == 0) GTEST_SKIP() << "root may open everything";
  ASSERT_TRUE(write_file(link(), as_bytes("")));
  std::filesystem::permissions(link(), std::filesystem::perms::group_read);
  open();
  EXPECT_THAT(error_of(driver->check("console", order)),
              HasSubstr("Permission denied: add this user to the group '"));
}

TEST_F(SerialDriver, RefusesParametersThatCannotWork) {
  const auto refusal = [&](const nlohmann::json& params) {
    return error_of(make_driver({"serial", params.dump(), folder.path(), nullptr}));
  };
  EXPECT_EQ(refusal(nlohmann::json::object()),
            "driver serial: 'path' is missing: the port's device");
  EXPECT_EQ(refusal({{"path", "/dev/null"}, {"buad", 9600}}),
            "driver serial: unknown key 'buad', did you mean 'baud'?");
  EXPECT_THAT(refusal({{"path", "/dev/null"}, {"baud", 115201}}),
              HasSubstr("driver serial: no baud rate 115201; there are 1200, 2400,"));
  EXPECT_EQ(refusal({{"path", "/dev/null"}, {"parity", "mark"}}),
            "driver serial: 'parity' must be none, even or odd");
}
