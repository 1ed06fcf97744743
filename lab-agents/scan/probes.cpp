#include "scan/probes.hpp"

#include <algorithm>

namespace assay::scan {

namespace {

constexpr std::string_view cmsis_dap = "CMSIS-DAP";
constexpr std::uint16_t segger = 0x1366;
constexpr usb::Id daplink{0x0d28, 0x0204};

constexpr KnownProbe probes[] = {
    {0x0d28, 0x0204, cmsis_dap},  // DAPLink
    {0x2e8a, 0x000c, cmsis_dap},  // Raspberry Pi Debug Probe
    {0xc251, 0x2750, cmsis_dap},  // ULINKplus
    {0x1fc9, 0x0090, cmsis_dap},  // LPC-Link2
    {0x1fc9, 0x0143, cmsis_dap},  // MCU-Link
    {0x03eb, 0x2111, cmsis_dap},  // EDBG
    {0x03eb, 0x2141, cmsis_dap},  // Atmel-ICE
    {0x03eb, 0x2145, cmsis_dap},  // mEDBG
    {0x03eb, 0x2175, cmsis_dap},  // nEDBG
    {0x04b4, 0xf138, cmsis_dap},  // KitProg1 and 2
    {0x04b4, 0xf148, cmsis_dap},
    {0x04b4, 0xf151, cmsis_dap},  // MiniProg4
    {0x04b4, 0xf152, cmsis_dap},
    {0x04b4, 0xf154, cmsis_dap},  // KitProg3
    {0x04b4, 0xf155, cmsis_dap},
    {0x04b4, 0xf166, cmsis_dap},
    {0x0483, 0x3748, "ST-Link V2"},
    {0x0483, 0x374a, "ST-Link V2-1"},
    {0x0483, 0x374b, "ST-Link V2-1"},
    {0x0483, 0x3752, "ST-Link V2-1"},
    {0x0483, 0x374e, "ST-Link V3"},
    {0x0483, 0x374f, "ST-Link V3"},
    {0x0483, 0x3753, "ST-Link V3"},
    {0x0483, 0x3754, "ST-Link V3"},
    {0x0483, 0x3755, "ST-Link V3"},
    {0x0483, 0x3757, "ST-Link V3"},
    {segger, 0, "J-Link"},
};

constexpr KnownBoard boards[] = {
    {"9900", "microbit-v1", "nrf51"},    {"9901", "microbit-v1", "nrf51"},
    {"9903", "microbit-v2", "nrf52833"}, {"9904", "microbit-v2", "nrf52833"},
    {"9905", "microbit-v2", "nrf52833"}, {"9906", "microbit-v2", "nrf52833"},
    {"0240", "frdm-k64f", "k64f"},
};

}  // namespace

std::span<const KnownProbe> known_probes() {
  return probes;
}

std::string_view probe_kind(const usb::Attached& device,
                            const std::vector<std::string>& interfaces) {
  for (const KnownProbe& one : probes) {
    if (device.id.vendor == one.vendor && (one.product == 0 || device.id.product == one.product))
      return one.name;
  }
  const auto says = [](const std::string& text) {
    return text.find(cmsis_dap) != std::string::npos;
  };
  if (says(device.name) || std::any_of(interfaces.begin(), interfaces.end(), says))
    return cmsis_dap;
  return "";
}

std::string uid_of(const usb::Attached& device) {
  if (device.id.vendor != segger) return device.serial;
  // USB has it with twelve digits, SEGGER's library as a number.
  const auto first = device.serial.find_first_not_of('0');
  return first == std::string::npos ? device.serial : device.serial.substr(first);
}

const KnownBoard* board_of(const usb::Attached& device) {
  if (device.id != daplink) return nullptr;
  const auto* const it =
      std::find_if(std::begin(boards), std::end(boards),
                   [&](const KnownBoard& one) { return device.serial.starts_with(one.begins); });
  return it == std::end(boards) ? nullptr : &*it;
}

}  // namespace assay::scan
