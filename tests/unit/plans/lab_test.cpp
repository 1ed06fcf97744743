#include "plans/lab.hpp"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "support.hpp"

namespace assay::plans {
namespace {

std::string wrong(const std::string& text) {
  return findings(parse_lab(text, "lab.yaml"));
}
// With this line as the one device, line 6.
std::string wrong_device(std::string_view device) {
  return wrong("lab: desk\nboards:\n  - id: b\n    profile: desk-zephyr\n    devices:\n      " +
               std::string(device) + "\n");
}

TEST(Lab, AWholeOne) {
  const auto lab = parse_lab(R"(lab: desk
boards:
  - id: nucleo-1
    profile: desk-zephyr
    tags: [bench]
    devices:
      power:   { driver: command, on: [relay, on, "3"], off: [relay, off, "3"], status: [relay, state] }
      probe:   { driver: command, ability: flash, write: [tool, "{file}", "{address}"], read: [tool, "{address}", "{size}", "{file}"], timeout: 2min }
      reset:   { driver: command, pulse: [tool, reset] }
      console: { driver: serial, path: /dev/ttyACM0, baud: 115200, parity: even }
  - id: v1
    profile: virtual-zephyr
    devices: { machine: { driver: virtual-zephyr } }
)",
                             "lab.yaml");
  ASSERT_EQ(findings(lab), "");
  const LabBoard& desk = lab->boards.at(0);
  EXPECT_EQ(desk.abilities(),
            (std::vector<std::string>{"console", "flash", "flash.read", "power", "reset"}));
  EXPECT_EQ(
      desk.devices.at(0).params,
      R"({"off":["relay","off","3"],"on":["relay","on","3"],"status":["relay","state"],"timeout_ms":10000})");
  EXPECT_EQ(desk.devices.at(1).name, "probe");
  EXPECT_EQ(nlohmann::json::parse(desk.devices.at(1).params).at("timeout_ms"), 120000);
  EXPECT_EQ(desk.devices.at(3).params,
            R"({"baud":115200,"flow":"none","parity":"even","path":"/dev/ttyACM0","stop":1})");
  EXPECT_EQ(lab->boards.at(1).devices.at(0).params, "{}");
  EXPECT_EQ(lab->boards.at(1).abilities(),
            (std::vector<std::string>{"console", "flash", "flash.read", "power", "reset"}));
}

TEST(Lab, WhatAnIllBoardIsRecoveredWith) {
  const std::string head = "lab: desk\nboards:\n  - id: b\n    profile: p\n";
  const auto lab = parse_lab(head + R"(    golden: /srv/golden.hex
    devices:
      power: { driver: dcttech, serial: BITFT, channel: 1 }
      hub: { driver: usb-hub, port: 1-1, channel: 3 }
)",
                             "lab.yaml");
  ASSERT_EQ(findings(lab), "");
  EXPECT_EQ(lab->boards.at(0).golden, "/srv/golden.hex");
  EXPECT_EQ(lab->boards.at(0).devices.at(1).abilities, std::vector<std::string>{"hub"});
  // It is the agent's own business.
  EXPECT_EQ(lab->boards.at(0).abilities(), std::vector<std::string>{"power"});
  EXPECT_EQ(
      wrong(head + "    golden: golden.hex\n    devices: { m: { driver: virtual-zephyr } }\n"),
      "lab.yaml:5:13: 'golden.hex' is not an absolute path");
  EXPECT_EQ(wrong_device("hub: { driver: serial, path: /dev/ttyS0, baud: 9600 }"),
            "lab.yaml:6:7: driver 'serial' gives console, not 'hub': name the device so, or say "
            "'ability:'");
}

TEST(Lab, AttemptsAtOnce) {
  const std::string boards =
      "boards: [ { id: b, profile: p, devices: { m: { driver: virtual-zephyr } } } ]\n";
  EXPECT_EQ(parse_lab("lab: desk\n" + boards, "lab.yaml")->attempts, 0U);
  EXPECT_EQ(parse_lab("lab: desk\nattempts: 4\n" + boards, "lab.yaml")->attempts, 4U);
  EXPECT_EQ(wrong("lab: desk\nattempts: 0\n" + boards),
            "lab.yaml:2:11: 0 is out of range: 1 to 10000");
}

TEST(Lab, CommandsAreLists) {
  EXPECT_EQ(wrong_device("power: { driver: command, on: \"relay on\", off: [relay, off] }"),
            "lab.yaml:6:37: a command is a list of arguments, not a line for a shell: write on: "
            "[relay, on]");
  EXPECT_EQ(wrong_device("power: { driver: command, on: [], off: [relay] }"),
            "lab.yaml:6:37: 'on' names no program");
  EXPECT_EQ(wrong_device("power: { driver: command, on: [relay] }"),
            "lab.yaml:6:14: a device needs 'off'");
  EXPECT_EQ(wrong_device("flash: { driver: command, write: [tool] }"),
            "lab.yaml:6:40: 'write' needs {file} among its arguments");
  EXPECT_EQ(wrong_device("reset: { driver: command, pulse: [tool, \"{file}\"] }"),
            "lab.yaml:6:47: 'pulse' has no {file}");
}

TEST(Lab, DevicesAndTheirKeys) {
  EXPECT_EQ(wrong_device("console: { driver: serial, path: /dev/x, buad: 9600 }"),
            "lab.yaml:6:16: a device needs 'baud'\nlab.yaml:6:48: unknown key 'buad', did you mean "
            "'baud'?");
  EXPECT_EQ(wrong_device("console: { driver: serial, path: /dev/x, baud: 115201 }"),
            "lab.yaml:6:54: 115201 is not a rate that serial ports have: 9600, 19200, 38400, "
            "57600, 115200, 230400, "
            "460800, 500000, 921600, 1000000, 1500000, 2000000, 3000000");
  EXPECT_EQ(wrong_device("console: { driver: serial, path: ttyS0, baud: 9600 }"),
            "lab.yaml:6:40: 'ttyS0' is not an absolute path: /dev/serial/by-id/... stays the same "
            "when cables move");
  EXPECT_EQ(wrong_device("power: { driver: comand }"),
            "lab.yaml:6:24: no driver 'comand', did you mean 'command'?");
  EXPECT_EQ(
      wrong_device("relay: { driver: command, on: [a], off: [b] }"),
      "lab.yaml:6:7: driver 'command' gives power or flash or reset or mux, not 'relay': name "
      "the device so, or say 'ability:'");
  EXPECT_EQ(wrong_device("machine: { driver: virtual-zephyr }\n      power: { driver: command, on: "
                         "[a], off: [b] }"),
            "lab.yaml:7:7: 'power' is given twice: by 'machine' and by 'power'");
  EXPECT_EQ(wrong_device("power: { driver: command, on: [a], off: [b], timeout: 5 }"),
            "lab.yaml:6:61: '5' has no unit: write 10ms, 10s or 2min");
}

TEST(Lab, Boards) {
  EXPECT_EQ(
      wrong(
          "lab: l\nboards:\n  - { id: a, profile: p, devices: { m: { driver: virtual-zephyr } } }\n"
          "  - { id: a, profile: p, devices: { m: { driver: virtual-zephyr } } }\n"),
      "lab.yaml:4:11: board 'a' is there twice: the first is in line 3");
  EXPECT_EQ(wrong("lab: l\nboards:\n  - { id: a/b, profile: p, devices: {} }\n"),
            "lab.yaml:3:11: 'a/b' is not a name: 1 to 64 letters, digits and - _ .\n"
            "lab.yaml:3:37: a board needs at least one device");
  EXPECT_EQ(wrong("lab: l\nboards: []\n"), "lab.yaml:2:9: a lab needs at least one board");
}

TEST(Lab, MuxesAndDisks) {
  const auto lab = parse_lab(R"(lab: desk
boards:
  - id: pi-1
    profile: raspberry-pi-4
    devices:
      power: { driver: dcttech, serial: BITFT, channel: 1 }
      mux:   { driver: sdwire, serial: sdw-7 }
      flash: { driver: disk, port: 1-1.4.1, appears: 30s }
  - id: pi-2
    profile: raspberry-pi-4
    devices:
      mux: { driver: command, host: [sd, host], dut: [sd, dut], status: [sd, status] }
)",
                             "lab.yaml");
  ASSERT_EQ(findings(lab), "");
  EXPECT_EQ(lab->boards.at(0).abilities(), (std::vector<std::string>{"flash", "mux", "power"}));
  EXPECT_EQ(nlohmann::json::parse(lab->boards[0].devices.at(2).params),
            (nlohmann::json{{"port", "1-1.4.1"}, {"appears_ms", 30000}}));
  EXPECT_EQ(lab->boards.at(1).abilities(), std::vector<std::string>{"mux"});
  EXPECT_EQ(wrong_device("flash: { driver: disk }"),
            "lab.yaml:6:7: 'disk' needs 'port' or 'serial' or 'path' or 'file': which of all that "
            "may be attached is it? `assay-agent scan` lists them");
  EXPECT_EQ(wrong_device("mux: { driver: sdwire }"),
            "lab.yaml:6:7: 'sdwire' needs 'serial' or 'port': which of all that may be attached is "
            "it? `assay-agent scan` lists them");
}

}  // namespace
}  // namespace assay::plans
