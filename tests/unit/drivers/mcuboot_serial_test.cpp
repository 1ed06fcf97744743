// A real MCUboot in its serial recovery mode, in QEMU: the mps2-an385 image that the
// source distribution of smpclient carries. Its "flash" is RAM that QEMU fills again at
// each reset, so what was uploaded cannot be booted here.
#include <nlohmann/json.hpp>

#include "base/little_endian.hpp"
#include "base/process.hpp"
#include "drivers/serial_port.hpp"
#include "images/mcuboot.hpp"
#include "loader_fixture.hpp"
#include "protocols/qmp.hpp"
#include "protocols/smp.hpp"
#include "serial_firmware.hpp"

namespace assay::drivers {
namespace {

using testing::HasSubstr;

std::filesystem::path cache() {
  const char* folder = std::getenv("ASSAY_CACHE");
  return (folder != nullptr ? folder : std::filesystem::path(ASSAY_REPOSITORY) / ".cache") /
         std::filesystem::path("firmware");
}

// Zephyr's program with MCUboot below it, on a pseudo-terminal.
class Machine {
 public:
  explicit Machine(const std::filesystem::path& folder) { start(folder); }

  // From now on a reset stops it, with its memory as it is.
  void stop_at_reset() {
    const auto done = qmp->execute("set-action", {{"reboot", "shutdown"}, {"shutdown", "pause"}},
                                   Wait::for_(std::chrono::seconds(20)));
    EXPECT_TRUE(done) << done.error().text;
  }
  Bytes memory(std::uint64_t at, std::size_t size, const std::filesystem::path& file) {
    const auto wait = Wait::for_(std::chrono::seconds(20));
    EXPECT_TRUE(qmp->await_event("STOP", wait));
    const auto done = qmp->execute(
        "memsave", {{"val", at}, {"size", size}, {"filename", file.string()}, {"cpu-index", 0}},
        wait);
    EXPECT_TRUE(done) << done.error().text;
    return read_file(file, size).value_or(Bytes());
  }

 private:
  void start(const std::filesystem::path& folder) {
    const std::string inside = "smpclient-7.3.0/tests/fixtures/smp-server/";
    const std::string name = "zephyr_f33aa2bc4a43_smp_server_27c54835_mps2_an385_serial_recovery";
    const auto wait = Wait::for_(std::chrono::seconds(60));
    const auto unpacked =
        run({.args = {"tar", "-xzf", (cache() / "smpclient-7.3.0.tar.gz").string(), "-C",
                      folder.string(), "--strip-components=4", inside + name + ".hex",
                      inside + name + ".signed.bin"}},
            wait);
    EXPECT_TRUE(unpacked && unpacked->status.ok()) << (unpacked ? unpacked->out : "");
    image = folder / (name + ".signed.bin");
    std::array<int, 2> ends{};
    EXPECT_EQ(pipe2(ends.data(), O_CLOEXEC), 0);
    const UniqueFd reader(ends[0]);
    UniqueFd writer(ends[1]);
    auto control = make_socket_pair();
    ASSERT_TRUE(control);
    auto started =
        Process::start({.args = {"qemu-system-arm",
                                 "-cpu",
                                 "cortex-m3",
                                 "-machine",
                                 "mps2-an385",
                                 "-display",
                                 "none",
                                 "-monitor",
                                 "none",
                                 "-chardev",
                                 "socket,id=qmp,fd=3",
                                 "-mon",
                                 "chardev=qmp,mode=control",
                                 "-chardev",
                                 "pty,id=con",
                                 "-serial",
                                 "chardev:con",
                                 "-serial",
                                 "null",
                                 "-device",
                                 "loader,file=" + (folder / (name + ".hex")).string(),
                                 "-device",
                                 fmt::format("loader,file={},addr=0x20050000", image.string())},
                        .fds = {{writer.get(), 1}, {control->theirs.get(), 3}},
                        .dies_with_parent = true});
    EXPECT_TRUE(started) << started.error().text;
    if (!started) return;
    qemu_.emplace(std::move(*started));
    writer.reset();
    // "char device redirected to /dev/pts/0 (label con)"
    std::string said;
    while (said.find('\n') == std::string::npos) {
      std::array<std::uint8_t, 256> piece;
      const auto n = read_some(reader.get(), piece, wait);
      if (!n || *n == 0) break;
      said += as_text({piece.data(), *n});
    }
    const auto begin = said.find("/dev/");
    EXPECT_NE(begin, std::string::npos) << said;
    path = said.substr(begin, said.find(' ', begin) - begin);
    auto greeted = qmp::Client::greet(std::move(control->ours), wait);
    ASSERT_TRUE(greeted) << greeted.error().text;
    qmp.emplace(std::move(*greeted));
  }

  std::optional<Process> qemu_;

 public:
  std::string path;
  std::filesystem::path image;
  std::optional<qmp::Client> qmp;
};

class McubootSerial : public LoaderTest {
 protected:
  // As this MCUboot takes it: for its RAM, with a hash and without a signature.
  static Bytes image_of(const Bytes& payload) {
    Bytes image;
    for (const std::uint32_t word : {0x96F3B83DU, 0x20240000U, 0x20U,
                                     static_cast<std::uint32_t>(payload.size()), 0x20U, 1U, 0U, 0U})
      put_u32(image, word);
    image.insert(image.end(), payload.begin(), payload.end());
    const auto hash = sha256(image);
    for (const int half : {0x6907, 40, 0x10, 32}) put_u16(image, static_cast<std::uint16_t>(half));
    image.insert(image.end(), hash.begin(), hash.end());
    return image;
  }
};

TEST_F(McubootSerial, UploadsToARealMcuboot) {
  const Machine machine(folder.path());
  const auto other = image_of(pattern(9000));
  const auto device = make("mcuboot-serial", {{"path", machine.path}, {"ask-program", true}});
  std::uint64_t last = 0;  // it may go back: lost pieces are sent again
  const abilities::Order with{1, Wait::for_(std::chrono::seconds(100)),
                              [&](const abilities::Progress& now) {
                                EXPECT_EQ(now.doing, "writing");
                                last = now.done;
                              }};
  const auto done = device->flash()->write(with, {.file = file(other), .erase_size = 0x20000});
  ASSERT_TRUE(done) << done.error().text;
  EXPECT_EQ(last, other.size());
  // This MCUboot hashes what it has loaded into RAM, not the slot: it lists nothing.
  EXPECT_EQ(device->about("flash"), "MCUboot's serial recovery, " + machine.path);
}

// As `ask-program` does, by hand: so that a reset can be told from the next one.
void into_recovery(const std::string& path) {
  const auto port = open_serial({.path = path});
  ASSERT_TRUE(port) << port.error().text;
  Bytes packet{0x0A, 0, 0, 12, 0, 0, 0, 5, 0xA1, 0x69};  // os reset, {"boot_mode": 1}
  for (const char c : std::string_view("boot_mode")) packet.push_back(static_cast<std::uint8_t>(c));
  packet.push_back(1);
  smp::Demux demux;
  for (int attempt = 0; attempt < 20; ++attempt) {  // it may still be starting
    ASSERT_TRUE(
        write_all(port->get(), smp::encode_frame(packet), Wait::for_(std::chrono::seconds(5))));
    const auto wait = Wait::for_(std::chrono::seconds(1));
    std::array<std::uint8_t, 4096> piece;
    for (auto n = read_some(port->get(), piece, wait); n; n = read_some(port->get(), piece, wait)) {
      demux.feed({piece.data(), *n});
      if (demux.next_packet()) return;
    }
  }
  FAIL() << "the program did not answer";
}

TEST_F(McubootSerial, WhatWasUploadedLiesInTheSlot) {
  constexpr std::uint64_t slot = 0x20050000;
  Machine machine(folder.path());
  into_recovery(machine.path);
  ASSERT_TRUE(machine.qmp->await_event("RESET", order.wait));
  machine.stop_at_reset();
  const auto other = image_of(pattern(3000));
  const auto done = flash("mcuboot-serial", {{"path", machine.path}}, {.file = file(other)});
  ASSERT_TRUE(done) << done.error().text;
  EXPECT_EQ(machine.memory(slot, other.size(), folder.path() / "slot.bin"), other);
}

TEST_F(McubootSerial, SaysThatNobodyAnswers) {
  const SerialFirmware mute([](FirmwareLine& line) {
    while (true) (void)line.get();
  });
  EXPECT_EQ(error_of(flash("mcuboot-serial", {{"path", mute.path()}, {"timeout_ms", 1500}},
                           {.file = file(pattern(1000))})),
            mute.path() +
                ": no bootloader answers there by SMP: is the board in serial recovery "
                "('enter', 'ask-program'), is the port the right one?");
}

TEST_F(McubootSerial, RefusesWhatIsNoPort) {
  const auto device = make("mcuboot-serial", {{"path", "/dev/ttyS99"}});
  EXPECT_EQ(error_of(device->check("flash", order)), "/dev/ttyS99: there is no such serial port");
  EXPECT_THAT(error_of(device->flash()->write(order, {.file = file(pattern(10))})),
              HasSubstr("/dev/ttyS99"));
  EXPECT_EQ(refusal("mcuboot-serial", Json::object()), "driver mcuboot-serial: 'path' is needed");
}

}  // namespace
}  // namespace assay::drivers
