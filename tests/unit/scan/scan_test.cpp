#include "scan/scan.hpp"

#include <gmock/gmock.h>

#include <cerrno>
#include <nlohmann/json.hpp>

#include "scan/serial_ports.hpp"
#include "scan/show.hpp"
#include "support.hpp"

namespace assay::scan {
namespace {

using nlohmann::json;
using testing::HasSubstr;
using testing::Not;

TEST_F(ScanTest, ListsWhatALabHas) {
  plug_relay("1-1", 4);
  plug("2-3", probe_facts("9904360258824e45005190080000003c"));
  add_port("ttyACM0", "2-3:1.1", "usb-ARM_DAPLink_CMSIS-DAP_9904-if01");
  EXPECT_EQ(
      table(found()),
      "KIND    DRIVER   USB        PORT  SERIAL                            WHAT\n"
      "probe   pyocd    0d28:0204  2-3   9904360258824e45005190080000003c  ARM DAPLink CMSIS-DAP "
      "(a microbit-v2)\n"
      "relay   dcttech  16c0:05df  1-1   -                                 www.dcttech.com "
      "USBRelay4\n"
      "serial  serial   0d28:0204  2-3   9904360258824e45005190080000003c  "
      "/dev/serial/by-id/usb-ARM_DAPLink_CMSIS-DAP_9904-if01 = /dev/ttyACM0\n");
}

TEST_F(ScanTest, TheJsonOfEachKind) {
  plug("1-2", {.vendor = 0x05e3, .product = 0x0608, .name = "Hub", .device_class = 9});
  add_attribute("/sys/bus/usb/devices/1-2/maxchild", "4");
  plug_relay("1-2.3", 1);
  plug("2-1", probe_facts("0240000012345678"));
  add_port("ttyACM7", "2-1:1.1", "usb-k64f");
  const auto all = json::parse(to_json(found())).at("devices");
  ASSERT_EQ(all.size(), 4u);
  EXPECT_EQ(all[0], json::parse(R"({"id": "2-1", "kind": "probe", "usb": "0d28:0204",
      "manufacturer": "ARM", "name": "DAPLink CMSIS-DAP", "serial": "0240000012345678",
      "port": "2-1", "path": "/dev/bus/usb/002/002", "drivers": ["pyocd"], "trouble": "",
      "profile": "frdm-k64f", "target": "k64f"})"));
  EXPECT_EQ(all[1], json::parse(R"({"id": "1-2.3", "kind": "relay", "usb": "16c0:05df",
      "manufacturer": "www.dcttech.com", "name": "USBRelay1", "serial": "", "port": "1-2.3",
      "path": "/dev/bus/usb/001/003", "drivers": ["dcttech"], "trouble": ""})"));
  EXPECT_EQ(all[2], json::parse(R"({"id": "/dev/ttyACM7", "kind": "serial", "usb": "0d28:0204",
      "manufacturer": "ARM", "name": "DAPLink CMSIS-DAP", "serial": "0240000012345678",
      "port": "2-1", "path": "/dev/ttyACM7", "drivers": ["serial"], "trouble": "",
      "interface": "1", "byId": "/dev/serial/by-id/usb-k64f", "byPath": ""})"));
  EXPECT_EQ(all[3].at("ports"), json::parse(R"([{"number": 1, "device": ""},
      {"number": 2, "device": ""}, {"number": 3, "device": "1-2.3"}, {"number": 4, "device": ""}])"));
  EXPECT_EQ(all[3].at("drivers"), json::parse(R"(["usb-hub"])"));
  EXPECT_THAT(table(found()), HasSubstr("Hub, 4 ports, 1 in use"));
}

TEST_F(ScanTest, ProbesAreKnownByTheirIdOrTheirInterface) {
  plug("1-1",
       {.vendor = 0x1209, .product = 1, .name = "Box", .interfaces = {{.name = "CMSIS-DAP v2"}}});
  plug("1-2", {.vendor = 0x0483, .product = 0x374b, .serial = "066E"});
  plug("1-3", {.vendor = 0x1366, .product = 0x1051, .name = "J-Link", .serial = "000683123456"});
  plug("1-4", {.vendor = 0x1209, .product = 2, .name = "Mouse", .interfaces = {{.name = "DAP"}}});
  const auto all = found();
  ASSERT_EQ(all.size(), 3u);
  EXPECT_EQ(all[0].name, "Box");
  EXPECT_EQ(all[1].name, "ST-Link V2-1");
  EXPECT_EQ(all[2].serial, "683123456");  // as pyOCD has it
}

// Boards with relays have the chips of serial adapters: one device, one line.
TEST_F(ScanTest, AnAdapterThatMayBeARelayBoard) {
  plug("1-1",
       {.vendor = 0x0403, .product = 0x6001, .name = "FT232R", .serial = "A1", .interfaces = {{}}});
  plug("1-2",
       {.vendor = 0x0403, .product = 0x6001, .name = "FT245R", .serial = "B2", .interfaces = {{}}});
  add_port("ttyUSB0", "1-1:1.0", "");
  const auto all = found();
  ASSERT_EQ(all.size(), 2u);
  EXPECT_EQ(all[0].id, "1-2");
  EXPECT_EQ(all[0].kind, Kind::relay);
  EXPECT_EQ(all[0].drivers, (std::vector<std::string>{"ft245r", "ftdi-cbus"}));
  EXPECT_EQ(all[1].id, "/dev/ttyUSB0");
  EXPECT_EQ(all[1].drivers, (std::vector<std::string>{"serial", "ft245r", "ftdi-cbus"}));
}

// The id belongs to whoever pays for none of their own.
TEST_F(ScanTest, ADeviceWithTheIdOfARelayIsNoneByThat) {
  plug("1-1", {.vendor = 0x16c0, .product = 0x05df, .name = "Thermometer"});
  EXPECT_TRUE(found().empty());
}

TEST_F(ScanTest, PortsWithoutHardwareAreNone) {
  add_port("ttyS0", "", "");
  add_attribute("/sys/class/tty/ttyS0/type", "0");
  add_port("ttyS1", "", "");
  add_attribute("/sys/class/tty/ttyS1/type", "4");
  std::filesystem::create_directories(real("/sys/class/tty/console"));
  const auto all = found();
  ASSERT_EQ(all.size(), 1u);
  EXPECT_EQ(all[0].path, "/dev/ttyS1");
  EXPECT_EQ(table(all),
            "KIND    DRIVER  USB  PORT  SERIAL  WHAT\n"
            "serial  serial  -    -     -       /dev/ttyS1\n");
}

TEST_F(ScanTest, NothingSaysWhatToCheck) {
  EXPECT_EQ(to_json({}), "{\n  \"devices\": []\n}\n");
  EXPECT_EQ(table({}),
            "No debug probe, relay, mux or serial port is attached that Assay knows.\n"
            "Check that:\n"
            "  - `lsusb` lists the device: else its cable carries only power, or its hub is off;\n"
            "  - it is passed on to this machine, if that is virtual or a container (/dev/bus/usb\n"
            "    and /sys have to be there);\n"
            "  - docs/HARDWARE.md lists it. Anything else is driven by programs of yours: "
            "`command`.\n"
            "Switches and consoles on the network are not looked for.\n");
}

TEST_F(ScanTest, WhatIsInTheWayStandsBelow) {
  Device device;
  device.kind = Kind::relay;
  device.id = device.port = "1-1";
  device.trouble = "no permission";
  EXPECT_THAT(table({device}), HasSubstr("\n  ! no permission\n"));
  EXPECT_THAT(table({device}), Not(HasSubstr("lsusb")));
  EXPECT_EQ(cannot_open_port("/dev/ttyACM0", EACCES, "dialout"),
            "no permission to open /dev/ttyACM0: let the agent's user join its group (`usermod -aG "
            "dialout USER`), and log in again");
  EXPECT_EQ(cannot_open_port("/dev/ttyS0", EACCES, ""),
            "no permission to open /dev/ttyS0: no group may, so add a udev rule that lets one");
  EXPECT_EQ(cannot_open_port("/dev/ttyACM0", ENXIO, "dialout"),
            "/dev/ttyACM0: No such device or address");
}

}  // namespace
}  // namespace assay::scan
