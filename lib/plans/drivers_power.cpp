// Drivers of power switches. `invert` and `settle` are every switch's.
#include <cstdint>

#include "plans/driver_table.hpp"

namespace assay::plans {
namespace {

using K = DriverKey::Kind;

constexpr DriverKey port = {.name = "path",
                            .kind = K::path,
                            .needed = true,
                            .about =
                                "its serial port; /dev/serial/by-path/... tells boards without "
                                "a serial number apart"};

constexpr DriverKey devantech_keys[] = {port,
                                        {.name = "channel",
                                         .kind = K::whole,
                                         .needed = true,
                                         .least = 1,
                                         .most = 8,
                                         .about = "the relay, counted from 1"}};
constexpr DriverKey lcus_keys[] = {
    port,
    {.name = "channel",
     .kind = K::whole,
     .needed = true,
     .least = 1,
     .most = 16,
     .about = "the relay, counted from 1"},
    {.name = "readback",
     .kind = K::word,
     .words = "none check list",
     .about = "what the board answers: nothing; a frame (command 5); a list of lines (FF)"}};
constexpr DriverKey numato_keys[] = {
    port,
    {.name = "channel",
     .kind = K::whole,
     .needed = true,
     .most = 63,
     .about = "the relay, counted from 0"},
    {.name = "channels",
     .kind = K::whole,
     .otherwise = "16",
     .least = 1,
     .most = 64,
     .about = "how many relays the board has: boards of 64 want other names"},
    {.name = "id", .about = "what `id get` answers: any other board is refused"}};
constexpr DriverKey password_env = {
    .name = "password-env", .about = "the variable of the agent's environment that holds it"};
constexpr DriverKey password_file = {
    .name = "password-file", .kind = K::path, .about = "the file that holds it"};
constexpr DriverKey answer_time = {.name = "timeout",
                                   .kind = K::duration,
                                   .otherwise = "5s",
                                   .about = "of one request; it is tried three times"};
constexpr DriverKey host = {
    .name = "host", .needed = true, .about = "its name or address, and :PORT if need be"};
constexpr DriverKey mac = {.name = "mac",
                           .about =
                               "any device with another one is refused, as when an address "
                               "has been given to somebody else"};

constexpr DriverKey http_keys[] = {
    {.name = "on", .needed = true, .about = "the URL that switches it on"},
    {.name = "off", .needed = true, .about = "the URL that switches it off"},
    {.name = "status", .about = "the URL that tells its state, by GET"},
    {.name = "method", .kind = K::word, .words = "GET POST PUT", .about = "of on and off"},
    {.name = "on-body", .about = "what is sent with on"},
    {.name = "off-body", .about = "what is sent with off"},
    {.name = "content-type", .otherwise = "application/json", .about = "of what is sent"},
    {.name = "expect", .about = "must be found in what on and off answer"},
    {.name = "pointer", .about = "where the state stands in status's JSON: /relays/0/on"},
    {.name = "value-on", .otherwise = "true", .about = "the state, or status's whole answer"},
    {.name = "value-off", .otherwise = "false"},
    {.name = "user", .about = "for Basic or Digest authentication"},
    password_env,
    password_file,
    answer_time};
constexpr DriverKey shelly_keys[] = {host,
                                     {.name = "channel",
                                      .kind = K::whole,
                                      .otherwise = "0",
                                      .most = 15,
                                      .about = "the relay, counted from 0"},
                                     {.name = "generation",
                                      .kind = K::whole,
                                      .otherwise = "2",
                                      .least = 1,
                                      .most = 2,
                                      .about = "1 for the ESP8266 ones, 2 for all later ones"},
                                     mac,
                                     {.name = "user", .otherwise = "admin"},
                                     password_env,
                                     password_file,
                                     answer_time};
constexpr DriverKey snmp_keys[] = {
    host,
    {.name = "vendor",
     .kind = K::word,
     .words = "other apc raritan eaton sentry poe",
     .about = "whose objects to use; other: those of the keys below"},
    {.name = "outlet",
     .about = "its index in the vendor's table: 5; 1.1.5 (tower, infeed, outlet) of a sentry; the "
              "port of poe"},
    {.name = "oid", .about = "other: the object that switches"},
    {.name = "value-on", .kind = K::whole, .most = INT32_MAX},
    {.name = "value-off", .kind = K::whole, .most = INT32_MAX},
    {.name = "status-oid", .about = "other: the object that tells, if it is another"},
    {.name = "status-on", .kind = K::whole, .most = INT32_MAX, .about = "if not value-on"},
    {.name = "status-off", .kind = K::whole, .most = INT32_MAX, .about = "if not value-off"},
    {.name = "name", .about = "its sysName: any unit with another one is refused"},
    {.name = "version", .kind = K::whole, .otherwise = "2", .least = 2, .most = 3},
    {.name = "community", .otherwise = "private", .about = "of version 2c; or as a secret:"},
    {.name = "community-env"},
    {.name = "community-file", .kind = K::path},
    {.name = "user", .about = "of version 3, with SHA-1 and AES-128"},
    password_env,
    password_file,
    {.name = "privacy-env", .about = "the variable that holds the secret for encryption"},
    {.name = "privacy-file", .kind = K::path},
    answer_time};
constexpr DriverKey tasmota_channel = {.name = "channel",
                                       .kind = K::whole,
                                       .otherwise = "1",
                                       .least = 1,
                                       .most = 32,
                                       .about = "the relay, counted from 1"};
constexpr DriverKey tasmota_keys[] = {
    host,         tasmota_channel, mac,        {.name = "user", .otherwise = "admin"},
    password_env, password_file,   answer_time};
constexpr DriverKey tasmota_mqtt_keys[] = {
    {.name = "broker", .needed = true, .about = "its name or address, and :PORT if not 1883"},
    {.name = "topic", .needed = true, .about = "the device's own, like tasmota_4F21A0"},
    tasmota_channel,
    {.name = "user", .about = "of the broker"},
    password_env,
    password_file,
    answer_time};
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
constexpr std::string_view emulated =
    "real libusb, emulated device (umockdev; a real kernel in a QEMU guest)";
constexpr std::string_view emulated_ftdi =
    "real libftdi, emulated device (umockdev; a real kernel in a QEMU guest)";

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
     .about = "which of the hub's ports"},
    {.name = "via",
     .kind = K::word,
     .words = "either usb sysfs",
     .about = "who switches: the hub itself (usb); the kernel, which hides a hub that lies "
              "(sysfs); the kernel where the hub may not be opened (either)"}};

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
       .proven = "real libusb, emulated device (umockdev); a real kernel and QEMU's own hub",
       .one_of = "port serial"},
      {.name = "ft245r",
       .abilities = "power",
       .about = "SainSmart's 4- and 8-channel USB relays (FT245R)",
       .keys = eight_keys,
       .usb = "0403:6001",
       .proven = emulated_ftdi,
       .one_of = "serial port"},
      {.name = "ftdi-cbus",
       .abilities = "power",
       .about = "a CBUS pin of an FTDI serial adapter, whose port stays usable",
       .keys = cbus_keys,
       .usb = "0403:6001 0403:6015",
       .proven = emulated_ftdi,
       .one_of = "serial port"},
      {.name = "devantech",
       .abilities = "power",
       .about = "Devantech USB-RLY02, RLY08, RLY16 and RLY82",
       .keys = devantech_keys,
       .proven = "a model of the firmware on a pseudo-terminal, and behind the real cdc_acm (QEMU "
                 "guest)"},
      {.name = "http",
       .abilities = "power",
       .about = "any switch that takes HTTP requests",
       .keys = http_keys,
       .proven = "real libcurl, an HTTP server of the test",
       .host = "net"},
      {.name = "lcus-serial",
       .abilities = "power",
       .about = "LCUS and NOYITO relay boards with a CH340",
       .keys = lcus_keys,
       .proven =
           "a model of the firmware on a pseudo-terminal, and behind the real ch341 (QEMU guest)"},
      {.name = "numato",
       .abilities = "power",
       .about = "Numato USB relay boards",
       .keys = numato_keys,
       .proven = "a model of the firmware on a pseudo-terminal, and behind the real cdc_acm (QEMU "
                 "guest)"},
      {.name = "shelly",
       .abilities = "power",
       .about = "Shelly plugs and relays, by HTTP",
       .keys = shelly_keys,
       .proven = "real libcurl, a model of the firmware",
       .host = "net"},
      {.name = "snmp",
       .abilities = "power",
       .about = "outlets of APC, Raritan, Eaton, Sentry and other PDUs, PoE ports",
       .keys = snmp_keys,
       .proven = "real net-snmp and snmpd; the vendors' objects by their numbers only",
       .host = "net"},
      {.name = "tasmota",
       .abilities = "power",
       .about = "plugs and relays with Tasmota, by HTTP",
       .keys = tasmota_keys,
       .proven = "real libcurl, a model of the firmware",
       .host = "net"},
      {.name = "tasmota-mqtt",
       .abilities = "power",
       .about = "plugs and relays with Tasmota, by MQTT",
       .keys = tasmota_mqtt_keys,
       .proven = "real libmosquitto and mosquitto, a model of the firmware",
       .host = "net"},
  };
}

}  // namespace assay::plans
