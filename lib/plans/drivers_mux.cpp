// Drivers of muxes: whose a board's storage is.
#include "plans/driver_table.hpp"

namespace assay::plans {
namespace {

using K = DriverKey::Kind;

constexpr DriverKey command_keys[] = {
    {.name = "host",
     .kind = K::command,
     .needed = true,
     .about = "switches the storage to this machine"},
    {.name = "dut", .kind = K::command, .needed = true, .about = "switches it to the board"},
    {.name = "status", .kind = K::command, .about = "prints host or dut"},
    {.name = "timeout", .kind = K::duration, .otherwise = "10s", .about = "of one command"}};
constexpr DriverKey serial = {
    .name = "serial", .about = "the device's serial number, as `assay-agent scan` lists it"};
constexpr DriverKey usb_keys[] = {
    serial,
    {.name = "port", .about = "the USB port it is plugged into, such as 1-1.4; for two alike"}};
constexpr DriverKey sdwire_keys[] = {
    serial,
    {.name = "port",
     .about = "the USB port of its switch (not of its card reader), such as 1-1.4.2"}};

}  // namespace

std::vector<DriverFacts> mux_drivers() {
  return {
      {.name = "command",
       .abilities = "mux",
       .about = "any mux that programs of yours can drive",
       .keys = command_keys,
       .proven = "real programs"},
      {.name = "sdwire",
       .abilities = "mux",
       .about = "SDWire: an SD card between a reader and a board",
       .keys = sdwire_keys,
       .usb = "04e8:6001",
       .proven = "real libusb, emulated device (umockdev)",
       .one_of = "serial port"},
      {.name = "usb-sd-mux",
       .abilities = "mux",
       .about = "Linux Automation's USB-SD-Mux (Classic and FAST)",
       .keys = usb_keys,
       .usb = "0424:4041",
       .proven = "real SG_IO requests, emulated device (umockdev)",
       .one_of = "serial port"},
  };
}

}  // namespace assay::plans
