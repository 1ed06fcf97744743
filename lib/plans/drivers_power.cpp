// Drivers of power switches. `invert` and `settle` are every switch's.
#include "plans/driver_table.hpp"

namespace assay::plans {
namespace {

using K = DriverKey::Kind;

constexpr DriverKey command_keys[] = {
    {.name = "on", .kind = K::command, .needed = true, .about = "switches it on"},
    {.name = "off", .kind = K::command, .needed = true, .about = "switches it off"},
    {.name = "status",
     .kind = K::command,
     .about = "prints on or off, or exits with 0 (on) or 1 (off)"},
    {.name = "timeout", .kind = K::duration, .otherwise = "10s", .about = "of one command"}};

// Which of the devices on USB.
constexpr DriverKey serial_key{
    .name = "serial", .about = "the device's serial number, as `assay-agent scan` lists it"};
constexpr DriverKey port_key{
    .name = "port", .about = "the USB port it is plugged into, such as 1-1.4; for two alike"};
constexpr DriverKey channel_key(std::int64_t most) {
  return {.name = "channel",
          .kind = K::whole,
          .needed = true,
          .least = 1,
          .most = most,
          .about = "which of its relays"};
}
constexpr std::string_view emulated = "real libusb, emulated device (umockdev)";

constexpr DriverKey dcttech_keys[] = {
    {.name = "serial", .about = "the five characters that the board reports"},
    port_key,
    channel_key(8)};

}  // namespace

std::vector<DriverFacts> power_drivers() {
  return {
      {.name = "command",
       .abilities = "power",
       .about = "any switch that programs of yours can drive",
       .keys = command_keys,
       .proven = "real programs"},
      {.name = "dcttech",
       .abilities = "power",
       .about = "DCT-Tech USB relays (USBRelay1 to USBRelay8)",
       .keys = dcttech_keys,
       .usb = "16c0:05df",
       .usb_name = "USBRelay",
       .proven = emulated},
  };
}

}  // namespace assay::plans
