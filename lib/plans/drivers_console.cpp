// Drivers of consoles.
#include "plans/driver_table.hpp"

namespace assay::plans {
namespace {

using K = DriverKey::Kind;

constexpr DriverKey serial_keys[] = {
    {.name = "path",
     .kind = K::path,
     .needed = true,
     .about = "/dev/serial/by-id/... stays the same when cables move"},
    {.name = "baud",
     .kind = K::whole,
     .needed = true,
     .words = "9600 19200 38400 57600 115200 230400 460800 500000 921600 1000000 1500000 2000000 "
              "3000000",
     .about = "bits a second"},
    {.name = "parity", .kind = K::word, .words = "none even odd"},
    {.name = "stop", .kind = K::whole, .otherwise = "1", .least = 1, .most = 2},
    {.name = "flow", .kind = K::word, .words = "none rts-cts"}};
constexpr DriverKey program_keys[] = {
    {.name = "run",
     .kind = K::command,
     .needed = true,
     .about = "the program whose standard input and output are the console"}};
constexpr DriverKey rfc2217_keys[] = {
    {.name = "host", .needed = true, .about = "the console server's name or address, and :PORT"},
    {.name = "baud",
     .kind = K::whole,
     .needed = true,
     .least = 50,
     .most = 100'000'000,
     .about = "bits a second; the far end has to confirm it"},
    {.name = "parity", .kind = K::word, .words = "none even odd"},
    {.name = "stop", .kind = K::whole, .otherwise = "1", .least = 1, .most = 2},
    {.name = "flow", .kind = K::word, .words = "none rts-cts"},
    {.name = "dtr",
     .kind = K::word,
     .words = "leave on off",
     .about = "set when connected; with rts it resets some boards"},
    {.name = "rts", .kind = K::word, .words = "leave on off"}};
constexpr DriverKey telnet_keys[] = {
    {.name = "host",
     .needed = true,
     .about = "the console server's name or address, and :PORT if not 23"}};

}  // namespace

std::vector<DriverFacts> console_drivers() {
  return {
      {.name = "program",
       .abilities = "console",
       .about = "the standard streams of a program of yours",
       .keys = program_keys,
       .proven = "real programs"},
      {.name = "rfc2217",
       .abilities = "console",
       .about = "a serial port of another machine, with its settings",
       .keys = rfc2217_keys,
       .proven = "a real ser2net on a pseudo-terminal"},
      {.name = "serial",
       .abilities = "console",
       .about = "a serial port",
       .keys = serial_keys,
       .proven = "pseudo-terminals, and a real ftdi_sio (QEMU guest)"},
      {.name = "telnet",
       .abilities = "console",
       .about = "a port of a console server: telnet or plain TCP",
       .keys = telnet_keys,
       .proven = "a real ser2net on a pseudo-terminal"},
  };
}

}  // namespace assay::plans
