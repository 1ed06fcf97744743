#include "scan/show.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

#include "base/text.hpp"

namespace assay::scan {

namespace {

using Row = std::array<std::string, 6>;

constexpr const char* nothing =
    "No debug probe, relay, mux or serial port is attached that Assay knows.\n"
    "Check that:\n"
    "  - `lsusb` lists the device: else its cable carries only power, or its hub is off;\n"
    "  - it is passed on to this machine, if that is virtual or a container (/dev/bus/usb\n"
    "    and /sys have to be there);\n"
    "  - docs/HARDWARE.md lists it. Anything else is driven by programs of yours: `command`.\n"
    "Switches and consoles on the network are not looked for.\n";

std::string or_dash(const std::string& text) {
  return text.empty() ? "-" : text;
}

std::string about(const Device& device) {
  const std::string maker =
      device.name.starts_with(device.manufacturer) ? "" : device.manufacturer + " ";
  std::string text = (device.manufacturer.empty() ? "" : maker) + device.name;
  if (device.kind == Kind::serial) {
    const auto& stays = !device.by_id.empty() ? device.by_id : device.by_path;
    return stays.empty() ? device.path : fmt::format("{} = {}", stays, device.path);
  }
  if (!device.profile.empty()) text += fmt::format(" (a {})", device.profile);
  if (device.kind != Kind::hub) return text;
  const auto used = std::count_if(device.ports.begin(), device.ports.end(),
                                  [](const HubPort& one) { return !one.device.empty(); });
  return fmt::format("{}{}{} ports, {} in use", text, text.empty() ? "" : ", ", device.ports.size(),
                     used);
}

}  // namespace

std::string table(const std::vector<Device>& devices) {
  std::vector<Row> rows{{"KIND", "DRIVER", "USB", "PORT", "SERIAL", "WHAT"}};
  for (const Device& one : devices)
    rows.push_back({std::string(to_string(one.kind)), or_dash(join(one.drivers, " or ")),
                    one.usb == usb::Id{} ? "-" : usb::to_string(one.usb), or_dash(one.port),
                    or_dash(one.serial), or_dash(about(one))});
  std::array<std::size_t, 6> widths{};
  for (const Row& row : rows) {
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], row[i].size());
  }
  std::string text;
  for (std::size_t n = 0; n < rows.size() && !devices.empty(); ++n) {
    for (std::size_t i = 0; i + 1 < rows[n].size(); ++i)
      text += fmt::format("{:{}}  ", rows[n][i], widths[i]);
    text += rows[n].back() + "\n";
    if (n > 0 && !devices[n - 1].trouble.empty())
      text += fmt::format("  ! {}\n", devices[n - 1].trouble);
  }
  const bool only_hubs = std::all_of(devices.begin(), devices.end(),
                                     [](const Device& one) { return one.kind == Kind::hub; });
  if (only_hubs) text += nothing;
  return text;
}

std::string to_json(const std::vector<Device>& devices) {
  using Json = nlohmann::ordered_json;
  Json all = Json::array();
  for (const Device& one : devices) {
    Json device{{"id", one.id},
                {"kind", to_string(one.kind)},
                {"usb", one.usb == usb::Id{} ? "" : usb::to_string(one.usb)},
                {"manufacturer", one.manufacturer},
                {"name", one.name},
                {"serial", one.serial},
                {"port", one.port},
                {"path", one.path},
                {"drivers", one.drivers},
                {"trouble", one.trouble}};
    if (one.kind == Kind::probe) {
      device["profile"] = one.profile;
      device["target"] = one.target;
    }
    if (one.kind == Kind::serial) {
      device["interface"] = one.interface;
      device["byId"] = one.by_id;
      device["byPath"] = one.by_path;
    }
    if (one.kind == Kind::hub) {
      device["ports"] = Json::array();
      for (const HubPort& port : one.ports)
        device["ports"].push_back({{"number", port.number}, {"device", port.device}});
    }
    all.push_back(std::move(device));
  }
  return Json{{"devices", std::move(all)}}.dump(2) + "\n";
}

}  // namespace assay::scan
