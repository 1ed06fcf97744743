// Drivers of flashers, consoles and the rest.
#include "plans/driver_table.hpp"

namespace assay::plans {
namespace {

using K = DriverKey::Kind;

constexpr DriverKey command_flash_keys[] = {
    {.name = "write",
     .kind = K::command,
     .needed = true,
     .words = "!{file} {address}",
     .about = "writes a file"},
    {.name = "read",
     .kind = K::command,
     .words = "!{file} !{address} !{size}",
     .about = "reads back into a file"},
    {.name = "erase",
     .kind = K::command,
     .words = "{address} {size}",
     .about = "comes before a write that wants it; size 0 is the whole chip"},
    {.name = "timeout", .kind = K::duration, .otherwise = "60s", .about = "of one command"}};
constexpr DriverKey command_reset_keys[] = {
    {.name = "pulse", .kind = K::command, .needed = true, .about = "resets the board"},
    {.name = "timeout", .kind = K::duration, .otherwise = "10s", .about = "of one command"}};
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

// Of every driver that reaches a chip through a probe.
constexpr DriverKey chip_id = {
    .name = "chip-id",
    .about =
        "the chip's own number in hexadecimal, compared before anything is written: a wrong "
        "board is then a lab error that names both"};
constexpr DriverKey chip_id_at = {
    .name = "chip-id-at",
    .kind = K::address,
    .about = "where the chip keeps it; known for nRF51, nRF52, STM32F7, STM32L4 and K64F"};
constexpr DriverKey openocd_keys[] = {
    {.name = "config",
     .needed = true,
     .about = "OpenOCD's file for the chip or the board: target/nrf51.cfg"},
    {.name = "serial", .needed = true, .about = "the probe's serial number"},
    {.name = "adapter",
     .otherwise = "cmsis-dap",
     .about = "OpenOCD's driver of the probe, or its file: interface/stlink.cfg"},
    {.name = "speed",
     .kind = K::whole,
     .least = 1,
     .most = 50'000,
     .about = "of the wires, in kHz; the configuration's otherwise"},
    {.name = "bank",
     .kind = K::whole,
     .otherwise = "0",
     .least = 0,
     .most = 15,
     .about = "of the chip's flash, that a whole erase erases"},
    chip_id,
    chip_id_at,
    {.name = "program", .otherwise = "openocd", .about = "where OpenOCD is"},
    {.name = "timeout", .kind = K::duration, .otherwise = "120s", .about = "of one call"}};
constexpr DriverKey pyocd_keys[] = {
    {.name = "uid",
     .needed = true,
     .about = "the probe's unique id, as `pyocd list` or `assay-agent scan` prints it"},
    {.name = "target",
     .needed = true,
     .about = "pyOCD's name of the chip (`pyocd list --targets`)"},
    chip_id,
    chip_id_at,
    {.name = "frequency",
     .kind = K::whole,
     .least = 1'000,
     .most = 50'000'000,
     .about = "of the wires, in Hz; pyOCD's own otherwise"},
    {.name = "pack", .kind = K::path, .about = "a CMSIS-Pack file with the chip"},
    {.name = "connect",
     .kind = K::word,
     .words = "halt under-reset pre-reset attach",
     .about = "how a write begins; under-reset for chips that switch their wires off"},
    {.name = "program", .otherwise = "pyocd", .about = "where pyOCD is"},
    {.name = "timeout", .kind = K::duration, .otherwise = "120s", .about = "of one call"}};
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

std::vector<DriverFacts> other_drivers() {
  return {
      {.name = "command",
       .abilities = "flash",
       .about = "any flasher that programs of yours can drive",
       .keys = command_flash_keys,
       .proven = "real programs"},
      {.name = "command",
       .abilities = "reset",
       .about = "a reset line that a program of yours drives",
       .keys = command_reset_keys,
       .proven = "real programs"},
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
       .proven = "pseudo-terminals"},
      {.name = "openocd",
       .abilities = "flash flash.read reset",
       .about = "chips and probes that OpenOCD knows",
       .keys = openocd_keys,
       .proven = "real OpenOCD 0.12 and libusb, emulated CMSIS-DAP v2 probe, its nRF51 driver "
                 "on an emulated chip"},
      {.name = "pyocd",
       .abilities = "flash flash.read reset",
       .about = "Arm Cortex-M chips through a debug probe that pyOCD knows (CMSIS-DAP, ST-Link, "
                "J-Link)",
       .keys = pyocd_keys,
       .proven = "real pyOCD 0.46 and libusb, emulated CMSIS-DAP v2 probe, Nordic's flash "
                 "algorithm in an emulated nRF51"},
      {.name = "telnet",
       .abilities = "console",
       .about = "a port of a console server: telnet or plain TCP",
       .keys = telnet_keys,
       .proven = "a real ser2net on a pseudo-terminal"},
      {.name = "virtual-zephyr",
       .abilities = "power flash flash.read console reset",
       .about = "a virtual board: MCUboot and Zephyr in QEMU",
       .keys = {},
       .proven = "real QEMU, real firmware"},
  };
}

}  // namespace assay::plans
