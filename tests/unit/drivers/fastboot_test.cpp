// The real fastboot against a model of the protocol over TCP ("fastboot" of the Android
// Open Source Project's documentation: FB01, 8 bytes of length, commands and answers).
// Of its USB side only the arguments were tried here.
#include <netinet/in.h>
#include <sys/socket.h>

#include <atomic>
#include <map>
#include <thread>

#include "base/fd.hpp"
#include "loader_fixture.hpp"

namespace assay::drivers {
namespace {

using testing::HasSubstr;

class FastbootDevice {
 public:
  FastbootDevice() : listener_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in here{};
    here.sin_family = AF_INET;
    here.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    auto* address = reinterpret_cast<sockaddr*>(&here);
    socklen_t size = sizeof here;
    EXPECT_EQ(::bind(listener_.get(), address, size), 0);
    EXPECT_EQ(::listen(listener_.get(), 5), 0);
    getsockname(listener_.get(), address, &size);
    name = fmt::format("tcp:127.0.0.1:{}", ntohs(here.sin_port));
    thread_ = std::jthread([this](const std::stop_token& stop) { run({Deadline::never(), stop}); });
  }

  std::string name;
  std::atomic<bool> locked = false;
  // Looked at while nothing runs.
  std::vector<std::string> commands;
  Bytes downloaded;
  std::map<std::string, Bytes> partitions = {{"boot", {}}};

 private:
  void run(const Wait& wait) {
    while (wait_readable(listener_.get(), wait)) {
      const UniqueFd peer(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC));
      if (peer) serve(peer.get(), wait);
    }
  }

  static bool take(int fd, Bytes& into, std::size_t size, const Wait& wait) {
    into.resize(size);
    for (std::size_t at = 0; at < size;) {
      const auto n = read_some(fd, std::span(into).subspan(at), wait);
      if (!n || *n == 0) return false;
      at += *n;
    }
    return true;
  }
  static bool take_message(int fd, Bytes& into, const Wait& wait) {
    Bytes head;
    if (!take(fd, head, 8, wait)) return false;
    std::size_t size = 0;
    for (const auto byte : head) size = size << 8 | byte;
    return take(fd, into, size, wait);
  }
  static void say(int fd, const std::string& text, const Wait& wait) {
    Bytes bytes(8);
    bytes[7] = static_cast<std::uint8_t>(text.size());
    bytes.insert(bytes.end(), text.begin(), text.end());
    (void)write_all(fd, bytes, wait);
  }

  void serve(int fd, const Wait& wait) {
    Bytes message;
    if (!take(fd, message, 4, wait)) return;
    (void)write_all(fd, as_bytes("FB01"), wait);
    while (take_message(fd, message, wait)) {
      const std::string command(as_text(message));
      commands.push_back(command);
      if (command.starts_with("download:")) {
        const auto size = std::stoul(command.substr(9), nullptr, 16);
        say(fd, "DATA" + command.substr(9), wait);
        downloaded.clear();
        while (downloaded.size() < size && take_message(fd, message, wait))
          downloaded.insert(downloaded.end(), message.begin(), message.end());
        say(fd, "OKAY", wait);
      } else {
        say(fd, answer(command), wait);
      }
    }
  }

  std::string answer(const std::string& command) {
    if (command == "getvar:version") return "OKAY0.4";
    if (command == "getvar:max-download-size") return "OKAY0x1000000";
    if (command == "reboot") return "OKAY";
    if (command.starts_with("flash:")) {
      const auto partition = partitions.find(command.substr(6));
      if (locked) return "FAILdevice is locked";
      if (partition == partitions.end()) return "FAILno such partition";
      partition->second = downloaded;
      return "OKAY";
    }
    return "FAILunknown variable";
  }

  UniqueFd listener_;
  std::jthread thread_;
};

class Fastboot : public LoaderTest {
 protected:
  Json settings() const { return {{"serial", device.name}, {"partition", "boot"}}; }
  FastbootDevice device;
};

TEST_F(Fastboot, WritesAPartitionAndReboots) {
  const auto image = pattern(300'000);
  const auto done = flash("fastboot", settings(), {.file = file(image), .erase_chip = true});
  ASSERT_TRUE(done) << done.error().text;
  EXPECT_EQ(device.partitions["boot"], image);
  EXPECT_EQ(device.commands.back(), "reboot");
  EXPECT_EQ(doing, (std::vector<std::string>{"writing"}));
  auto with = settings();
  with["no-reboot"] = true;
  ASSERT_TRUE(flash("fastboot", with, {.file = file(image)}));
  EXPECT_EQ(device.commands.back(), "flash:boot");
}

TEST_F(Fastboot, SaysWhatIsWrong) {
  const abilities::FlashJob job{.file = file(pattern(100))};
  device.locked = true;
  EXPECT_THAT(error_of(flash("fastboot", settings(), job)),
              testing::AllOf(HasSubstr("the board's bootloader refused ('fastboot"),
                             HasSubstr("remote: 'device is locked'")));
  device.locked = false;
  auto with = settings();
  with["partition"] = "system";
  EXPECT_THAT(error_of(flash("fastboot", with, job)), HasSubstr("remote: 'no such partition'"));
  with["program"] = "/nowhere/fastboot";
  EXPECT_THAT(error_of(flash("fastboot", with, job)),
              HasSubstr("there is no program '/nowhere/fastboot'; type: apt-get install fastboot"));
}

// It takes no other device for the one that is named: it waits, and is ended.
TEST_F(Fastboot, WaitsForNoDeviceForEver) {
  const auto done = flash("fastboot", {{"serial", "NOSUCH"}, {"partition", "boot"}},
                          {.file = file(pattern(100))});
  EXPECT_THAT(error_of(done), HasSubstr("no device 'NOSUCH' in fastboot mode answers: is the board "
                                        "in its bootloader?"));
  EXPECT_TRUE(device.commands.empty());
  const auto made = make("fastboot", {{"port", "1-7"}, {"partition", "boot"}});
  EXPECT_EQ(made->check("flash", order).value(), abilities::Health::unproven);
  EXPECT_EQ(made->about("flash"), "fastboot 29.0.6-debian, usb:1-7, partition boot");
}

TEST_F(Fastboot, RefusesSettingsThatNameNoDevice) {
  EXPECT_EQ(refusal("fastboot", {{"partition", "boot"}}),
            "driver fastboot: either 'serial' or 'port' is needed");
  EXPECT_EQ(refusal("fastboot", {{"serial", "A"}, {"port", "1-1"}}),
            "driver fastboot: either 'serial' or 'port' is needed");
  EXPECT_EQ(refusal("fastboot", {{"serial", "A"}, {"partition", "-w"}}),
            "driver fastboot: 'partition' must be the name of one");
}

}  // namespace
}  // namespace assay::drivers
