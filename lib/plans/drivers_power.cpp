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
constexpr DriverKey eight_keys[] = {serial_key, port_key, channel_key(8)};
constexpr DriverKey sixteen_keys[] = {serial_key, port_key, channel_key(16)};
constexpr DriverKey four_keys[] = {serial_key, port_key, channel_key(4)};
constexpr DriverKey ykush_keys[] = {
    serial_key,
    {.name = "port", .about = "the USB port of the control device inside, such as 1-1.4"},
    {.name = "channel",
     .kind = K::whole,
     .needed = true,
     .least = 1,
     .most = 3,
     .about = "which of its ports"}};
constexpr DriverKey cbus_keys[] = {
    serial_key,
    port_key,
    {.name = "channel",
     .kind = K::whole,
     .needed = true,
     .least = 0,
     .most = 3,
     .about = "which CBUS pin"},
    {.name = "outputs",
     .about = "all CBUS pins of this adapter that switch something, such as '0 2', when boards "
              "share it"}};
constexpr DriverKey hub_keys[] = {
    serial_key,
    {.name = "port", .about = "the USB port that the hub is plugged into, such as 1-1"},
    {.name = "peer", .about = "of a USB 3 hub: the port of its other half, such as 2-1"},
    {.name = "channel",
     .kind = K::whole,
     .needed = true,
     .least = 1,
     .most = 127,
     .about = "which of the hub's ports"}};

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
       .proven = emulated},
      {.name = "ucreatefun",
       .abilities = "power",
       .about = "Ucreatefun USB relays, which cannot be read",
       .keys = eight_keys,
       .usb = "0519:2018",
       .proven = emulated},
      {.name = "lcus-hid",
       .abilities = "power",
       .about = "LCUS and NOYITO relays with a HID interface, which cannot be read",
       .keys = eight_keys,
       .usb = "5131:2007",
       .proven = emulated},
      {.name = "sainsmart16",
       .abilities = "power",
       .about = "SainSmart's 16-channel USB relays (HID)",
       .keys = sixteen_keys,
       .usb = "0416:5020",
       .proven = emulated,
       .one_of = "serial port"},
      {.name = "ykush",
       .abilities = "power",
       .about = "Yepkit's switchable USB hubs (YKUSH, YKUSH XS, YKUSH 3)",
       .keys = ykush_keys,
       .usb = "04d8:f2f7 04d8:0042 04d8:f0cd 04d8:f11b",
       .proven = emulated},
      {.name = "energenie",
       .abilities = "power",
       .about = "Energenie and Gembird SiS-PM mains outlets",
       .keys = four_keys,
       .usb = "04b4:fd10 04b4:fd11 04b4:fd12 04b4:fd13 04b4:fd15",
       .proven = emulated},
      {.name = "usb-hub",
       .abilities = "power",
       .about = "the port power of USB hubs that switch ports one by one",
       .keys = hub_keys,
       .proven = emulated,
       .one_of = "port serial"},
      {.name = "ft245r",
       .abilities = "power",
       .about = "SainSmart's 4- and 8-channel USB relays (FT245R)",
       .keys = eight_keys,
       .usb = "0403:6001",
       .proven = "real libftdi, emulated device (umockdev)",
       .one_of = "serial port"},
      {.name = "ftdi-cbus",
       .abilities = "power",
       .about = "a CBUS pin of an FTDI serial adapter, whose port stays usable",
       .keys = cbus_keys,
       .usb = "0403:6001 0403:6015",
       .proven = "real libftdi, emulated device (umockdev)",
       .one_of = "serial port"},
  };
}

}  // namespace assay::plans
