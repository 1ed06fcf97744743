// What of a lab is attached to this machine, as sysfs and /dev list it: asks no
// device anything, needs no permission, changes nothing. Thread-safe: free
// functions and values.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "usb/bus.hpp"

namespace assay::scan {

enum class Kind { probe, relay, mux, serial, hub };
std::string_view to_string(Kind);

struct HubPort {
  int number = 0;
  std::string device;  // what is plugged in, "1-1.4"; or ""
};

struct Device {
  Kind kind = Kind::probe;
  std::string id;    // where it is: "1-1.4", or "/dev/ttyACM0" of a serial port
  std::string path;  // of its node
  std::string port;  // USB: where it, or the adapter of a serial port, is plugged in; or ""
  usb::Id usb;       // zero of a serial port that is not on USB
  std::string manufacturer, name, serial;
  std::vector<std::string> drivers;  // that fit, the likeliest first
  std::string trouble;               // why this process may not open it, and the cure; or ""
  // Of a probe that says which board it sits on (DAPLink), else "".
  std::string profile, target;
  // Of a serial port: which of the adapter's interfaces; names that stay.
  std::string interface, by_id, by_path;
  std::vector<HubPort> ports;  // of a hub
};

// Probes, relays, muxes, serial ports, hubs; of each kind by port.
Result<std::vector<Device>> scan();

}  // namespace assay::scan
