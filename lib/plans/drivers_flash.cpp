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
     .about = "of the wires, in kHz; where the chip does not understand it half and a quarter are "
              "tried; the configuration's otherwise"},
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
     .otherwise = "1000000",
     .least = 1'000,
     .most = 50'000'000,
     .about = "of the wires, in Hz; where the chip does not understand it half and a quarter are "
              "tried"},
    {.name = "pack", .kind = K::path, .about = "a CMSIS-Pack file with the chip"},
    {.name = "connect",
     .kind = K::word,
     .words = "halt under-reset pre-reset attach",
     .about = "how a write begins; under-reset for chips that switch their wires off"},
    {.name = "program", .otherwise = "pyocd", .about = "where pyOCD is"},
    {.name = "timeout", .kind = K::duration, .otherwise = "120s", .about = "of one call"}};

// Of every driver that reaches a bootloader of the board's own.
constexpr DriverKey enter = {
    .name = "enter",
    .kind = K::command,
    .about = "a program of yours that brings the board into its bootloader"};
constexpr DriverKey loader_serial_port = {.name = "path",
                                          .kind = K::path,
                                          .needed = true,
                                          .about = "the serial port; no console may have it"};
constexpr DriverKey loader_timeout = {
    .name = "timeout", .kind = K::duration, .otherwise = "120s", .about = "of one call"};

constexpr DriverKey dfu_util_keys[] = {
    {.name = "serial",
     .about = "the device's serial number in DFU mode, as `dfu-util -l` prints it"},
    {.name = "port", .about = "the USB port it is plugged into, such as 1-1.4; for two alike"},
    {.name = "id", .about = "VENDOR:PRODUCT in DFU mode, such as 0483:df11, to be sure"},
    {.name = "alt", .otherwise = "0", .about = "the memory: an alternate setting's number or name"},
    {.name = "dfuse",
     .kind = K::flag,
     .about = "ST's extension with addresses, as the bootloader in STM32 chips speaks it"},
    {.name = "read-back",
     .kind = K::flag,
     .otherwise = "true",
     .about = "what was written is uploaded and compared; false for a device that cannot"},
    enter,
    {.name = "program", .otherwise = "dfu-util", .about = "where dfu-util is"},
    loader_timeout};
constexpr DriverKey esptool_keys[] = {
    loader_serial_port,
    {.name = "chip", .needed = true, .about = "esptool's name of it, such as esp32c3"},
    {.name = "mac",
     .about =
         "the chip's own, as `esptool read-mac` prints it, compared before anything is written"},
    {.name = "baud",
     .kind = K::whole,
     .otherwise = "460800",
     .least = 9600,
     .most = 2'000'000,
     .about = "of the port while it is written"},
    {.name = "before",
     .kind = K::word,
     .words = "default-reset usb-reset no-reset",
     .about = "how the board gets into its bootloader"},
    {.name = "after",
     .kind = K::word,
     .words = "hard-reset watchdog-reset soft-reset no-reset",
     .about = "how the program is begun"},
    {.name = "no-stub", .kind = K::flag, .about = "works with the ROM alone, more slowly"},
    enter,
    {.name = "program", .otherwise = "esptool", .about = "where esptool is"},
    loader_timeout};
constexpr DriverKey fastboot_keys[] = {
    {.name = "serial",
     .about = "the device's serial number, as `fastboot devices` prints it; or tcp:HOST:PORT"},
    {.name = "port", .about = "instead: the USB port it is plugged into, such as 1-1.4"},
    {.name = "partition", .needed = true, .about = "that the image is written to"},
    {.name = "no-reboot", .kind = K::flag, .about = "the board is left in its bootloader"},
    enter,
    {.name = "program", .otherwise = "fastboot", .about = "where fastboot is"},
    {.name = "timeout", .kind = K::duration, .otherwise = "10min", .about = "of one write"}};
constexpr DriverKey mcuboot_serial_keys[] = {
    loader_serial_port,
    {.name = "baud",
     .kind = K::whole,
     .otherwise = "115200",
     .least = 50,
     .most = 4'000'000,
     .about = "of the port"},
    {.name = "image",
     .kind = K::whole,
     .otherwise = "0",
     .least = 0,
     .most = 15,
     .about = "MCUboot's number of the slot to upload to"},
    {.name = "ask-program",
     .kind = K::flag,
     .about = "the running program is asked by SMP to restart into its bootloader"},
    enter,
    {.name = "timeout", .kind = K::duration, .otherwise = "120s", .about = "of one upload"}};
constexpr DriverKey stm32flash_keys[] = {
    loader_serial_port,
    {.name = "baud",
     .kind = K::whole,
     .otherwise = "57600",
     .least = 1200,
     .most = 1'000'000,
     .about = "of the port; the bootloader finds it out"},
    {.name = "mode",
     .kind = K::word,
     .words = "8e1 8n1",
     .about =
         "bits of the line; ST's USARTs want even parity, a USB or virtual line may want none"},
    {.name = "signals",
     .about = "stm32flash's -i: lines that bring the board into its bootloader and back, such as "
              "'rts,-dtr,dtr:-rts,-dtr,dtr'"},
    enter,
    {.name = "program", .otherwise = "stm32flash", .about = "where stm32flash is"},
    loader_timeout};
constexpr DriverKey uf2_keys[] = {
    {.name = "serial", .about = "the USB serial number of the bootloader"},
    {.name = "port", .about = "the USB port that the board is plugged into, such as 1-1.4"},
    {.name = "volume",
     .kind = K::path,
     .about = "instead of these: where the bootloader's disk is mounted, or a block device"},
    {.name = "board-id",
     .needed = true,
     .about = "Board-ID in the disk's INFO_UF2.TXT, such as RPI-RP2; another board is refused"},
    {.name = "family",
     .kind = K::address,
     .needed = true,
     .about = "the chip's UF2 family: 0xe48bff56 is RP2040, 0xada52840 nRF52840"},
    enter,
    {.name = "timeout", .kind = K::duration, .otherwise = "60s", .about = "of one write"}};

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
      {.name = "dfu-util",
       .abilities = "flash",
       .about = "boards with a USB DFU bootloader, STM32's own (DfuSe) among them",
       .keys = dfu_util_keys,
       .proven = "real dfu-util 0.11 and libusb, emulated DFU and DfuSe devices (umockdev)",
       .one_of = "serial port"},
      {.name = "esptool",
       .abilities = "flash",
       .about = "Espressif's chips through the bootloader in their ROM, on a serial port",
       .keys = esptool_keys,
       .proven = "real esptool 5.6, a model of the ESP32-C3's ROM on a pseudo-terminal, without "
                 "stub and reset lines"},
      {.name = "fastboot",
       .abilities = "flash",
       .about = "boards with Android's fastboot, U-Boot's among them",
       .keys = fastboot_keys,
       .proven = "real fastboot 29, a model of the protocol over TCP; no USB device",
       .one_of = "serial port"},
      {.name = "mcuboot-serial",
       .abilities = "flash",
       .about = "MCUboot's serial recovery, on a port of its own",
       .keys = mcuboot_serial_keys,
       .proven = "a real MCUboot in recovery in QEMU; what was uploaded was not booted"},
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
      {.name = "stm32flash",
       .abilities = "flash",
       .about = "STM32 chips through the bootloader in their ROM, on a serial port",
       .keys = stm32flash_keys,
       .proven = "real stm32flash 0.7, a model of the ROM (AN3155) on a pseudo-terminal"},
      {.name = "uf2",
       .abilities = "flash",
       .about = "boards whose bootloader is a USB disk that takes UF2 files",
       .keys = uf2_keys,
       .proven = "a folder, and a FAT file system in a file by real mtools; no USB disk",
       .one_of = "serial port volume"},
  };
}

}  // namespace assay::plans
