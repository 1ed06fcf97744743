// The lab file: which boards an agent has and on which devices they hang. Read
// by the agent alone and never sent. Thread-safe.
//
//   lab: desk
//   attempts: 4
//   boards:
//     - id: nucleo-1
//       profile: desk-zephyr
//       tags: [bench]
//       devices:
//         power:   { driver: command, on: [relay, "on"], off: [relay, "off"], status: [relay,
//         state] } flash:   { driver: command, write: [tool, "{file}", "{address}"], timeout: 60s }
//         reset:   { driver: command, pulse: [tool, reset] }
//         console: { driver: serial, path: /dev/ttyACM0, baud: 115200 }
//     - id: v1
//       profile: virtual-zephyr
//       devices: { machine: { driver: virtual-zephyr } }
//
// `golden: FILE` beside `devices` is an image that is known to run. A power switch
// that is named `hub` feeds what the board's probe and console hang on.
// A device's name is its ability unless `ability:` says otherwise. Commands are
// lists of arguments, never a line for a shell.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "plans/diagnostics.hpp"

namespace assay::plans {

struct LabDevice {
  std::string name;                    // "power"
  std::string driver;                  // "virtual-zephyr", "command", "serial"
  std::string host;                    // the host program's suffix ("net"), or ""
  std::vector<std::string> abilities;  // what it gives: "power"; virtual-zephyr: power, flash,
                                       // flash.read, console, reset
  // The driver's own settings as a JSON object, checked against its schema:
  //   virtual-zephyr  {}
  //   command, power  {"on": [..], "off": [..], "status": [..]?, "timeout_ms": 10000}
  //                   status prints on or off (or exits 0 for on, 1 for off when it prints nothing)
  //   command, flash  {"write": [.. "{file}" .. "{address}"..], "read": [.. "{address}" "{size}"
  //   "{file}"]?,
  //                    "erase": [..]?, "timeout_ms": 60000}
  //   command, reset  {"pulse": [..], "timeout_ms": 10000}
  //   serial, console {"path": "/dev/ttyACM0", "baud": 115200, "parity": "none"|"even"|"odd",
  //                    "stop": 1|2, "flow": "none"|"rts-cts"}
  std::string params;
  Place place;
};

struct LabBoard {
  std::string id;  // [A-Za-z0-9._-]{1,64}, unique in the lab
  std::string profile;
  std::vector<std::string> tags;
  std::vector<LabDevice> devices;
  std::string golden;  // an image that is known to run, for the recovery ladder; or ""
  Place place;
  // Of all its devices, sorted; without "hub", which is the agent's own. "flash.read" when the
  // flasher can read; "ota.smp" is the profile's to say.
  [[nodiscard]] std::vector<std::string> abilities() const;
};

struct Lab {
  std::string name;
  std::uint32_t attempts = 0;  // carried out at once, at most; 0: as many as there are boards for
  std::vector<LabBoard> boards;
};

Checked<Lab> parse_lab(std::string_view text, std::string_view file);

}  // namespace assay::plans
