// Drivers that write a board's memory or reset it.
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

}  // namespace

std::vector<DriverFacts> flash_drivers() {
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
  };
}

}  // namespace assay::plans
