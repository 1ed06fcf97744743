#include "scan/lab_file.hpp"

#include <gmock/gmock.h>

#include "plans/lab.hpp"
#include "support.hpp"

namespace assay::scan {
namespace {

std::string after_head(const std::string& text) {
  return text.substr(text.find("\nlab:") + 1);
}

TEST_F(ScanTest, ALabFileHasEachDeviceOnce) {
  plug("2-1", probe_facts("9904000012345678"));
  add_port("ttyACM0", "2-1:1.1", "usb-one");
  plug("2-2", probe_facts("1102000012345678"));
  add_port("ttyACM1", "2-2:1.0", "");
  add_port("ttyACM2", "2-2:1.1", "usb-two");
  plug_relay("1-1", 2);
  add_port("ttyS0", "", "");
  const auto text = lab_file(found(), "bench.example.org");
  ASSERT_TRUE(text) << text.error().text;
  EXPECT_EQ(after_head(*text), R"(lab: bench
boards:
  - id: microbit-v2-1
    profile: microbit-v2  # so its probe says
    devices:
      # 0d28:0204 DAPLink CMSIS-DAP at 2-1.
      probe: { driver: pyocd, uid: 9904000012345678, target: nrf52833 }
      # /dev/ttyACM0: interface 1 of the same USB device.
      console: { driver: serial, path: /dev/serial/by-id/usb-one, baud: 115200 }
  - id: board-1
    profile: desk-generic            # the board's type: a file of board-profiles/
    devices:
      # 0d28:0204 DAPLink CMSIS-DAP at 2-2.
      # The target is the chip, one of `pyocd list --targets`; cortex_m only reads.
      probe: { driver: pyocd, uid: 1102000012345678, target: cortex_m }
      # /dev/ttyACM1: interface 0 of the same USB device.
      console: { driver: serial, path: /dev/ttyACM1, baud: 115200 }
      # /dev/ttyACM2: interface 1 of the same USB device.
      # console: { driver: serial, path: /dev/serial/by-id/usb-two, baud: 115200 }

# Attached, too. Move each line to `devices:` of the board that hangs on it, one for
# each relay of a relay board.
#
# 16c0:05df USBRelay2 at 1-1
#      power: { driver: dcttech, port: 1-1, channel: 1 }
#
# /dev/ttyS0
#      console: { driver: serial, path: /dev/ttyS0, baud: 115200 }
)");
  const auto lab = plans::parse_lab(*text, "lab.yaml");
  ASSERT_TRUE(lab);
  EXPECT_EQ(lab->boards.size(), 2u);
}

TEST_F(ScanTest, ALabFileWithoutProbes) {
  add_port("ttyS0", "", "");
  EXPECT_EQ(after_head(lab_file(found(), "").value_or("")), R"(lab: lab
boards:
  - id: board-1
    profile: desk-generic            # the board's type: a file of board-profiles/
    devices:
      # /dev/ttyS0.
      console: { driver: serial, path: /dev/ttyS0, baud: 115200 }
)");
}

TEST_F(ScanTest, ALabFileWithAnAdapterThatMayBeARelayBoard) {
  plug("1-1",
       {.vendor = 0x0403, .product = 0x6001, .name = "FT232R", .serial = "A1", .interfaces = {{}}});
  add_port("ttyUSB0", "1-1:1.0", "");
  EXPECT_EQ(after_head(lab_file(found(), "x").value_or("")), R"(lab: x
boards:
  - id: board-1
    profile: desk-generic            # the board's type: a file of board-profiles/
    devices:
      # 0403:6001 FT232R at 1-1.
      console: { driver: serial, path: /dev/ttyUSB0, baud: 115200 }
      # power: { driver: ft245r, serial: A1, channel: 1 }
      # power: { driver: ftdi-cbus, serial: A1, channel: 0 }
)");
  plug("2-1", probe_facts("1102000012345678"));
  EXPECT_THAT(lab_file(found(), "x").value_or(""), testing::HasSubstr(R"(
# 0403:6001 FT232R at 1-1
# One of:
#      console: { driver: serial, path: /dev/ttyUSB0, baud: 115200 }
#      power: { driver: ft245r, serial: A1, channel: 1 }
#      power: { driver: ftdi-cbus, serial: A1, channel: 0 }
)"));
}

TEST_F(ScanTest, ALabFileWithARelayAlone) {
  plug_relay("1-1", 2);
  EXPECT_EQ(after_head(lab_file(found(), "x").value_or("")), R"(lab: x
boards:
  - id: board-1
    profile: desk-generic            # the board's type: a file of board-profiles/
    devices:
      # 16c0:05df USBRelay2 at 1-1. Which of its relays is the board's?
      power: { driver: dcttech, port: 1-1, channel: 1 }
)");
}

TEST_F(ScanTest, AProbeWithoutASerialNumberIsNoBoard) {
  plug("2-1", probe_facts(""));
  const auto text = lab_file(found(), "x");
  ASSERT_FALSE(text);
  EXPECT_EQ(text.error().text,
            "no probe, serial port or relay is attached that a board could hang on: `assay-agent "
            "scan` says what to check");
}

// A serial number is whatever a device says.
TEST_F(ScanTest, OddSerialNumbersStayOneText) {
  plug("2-1", probe_facts("a: 'b' }"));
  const auto text = lab_file(found(), "x");
  ASSERT_TRUE(text) << text.error().text;
  EXPECT_THAT(*text, testing::HasSubstr("uid: 'a: ''b'' }', target"));
}

}  // namespace
}  // namespace assay::scan
