#include "scan/scan.hpp"

#include <algorithm>
#include <charconv>
#include <filesystem>

#include "base/file.hpp"
#include "base/text.hpp"
#include "scan/fits.hpp"
#include "scan/probes.hpp"
#include "scan/serial_ports.hpp"

namespace assay::scan {

namespace {

namespace fs = std::filesystem;

constexpr const char* usb_devices = "/sys/bus/usb/devices";
constexpr std::uint8_t hub_class = 9;
constexpr const char* hub_driver = "usb-hub";  // of any hub: which ones switch, only asking tells

std::vector<std::string> interface_names(const std::string& port) {
  std::vector<std::string> names;
  std::error_code error;
  for (fs::directory_iterator it(usb_devices, error), end; !error && it != end;
       it.increment(error)) {
    if (!it->path().filename().string().starts_with(port + ":")) continue;
    if (auto name = read_text(it->path() / "interface", 4096)) names.push_back(std::move(*name));
  }
  return names;
}

Device describe(Kind kind, const usb::Attached& attached) {
  Device device;
  device.kind = kind;
  device.id = device.port = attached.port;
  device.path = attached.node;
  device.usb = attached.id;
  device.manufacturer = attached.manufacturer;
  device.name = attached.name;
  device.serial = attached.serial;
  device.trouble = attached.trouble;
  return device;
}

// "1-4" of "1-4.2", "usb1" of "1-4".
std::string hub_above(const std::string& port) {
  const auto dot = port.rfind('.');
  return dot != std::string::npos ? port.substr(0, dot) : "usb" + port.substr(0, port.find('-'));
}

int number_at_end(const std::string& port) {
  int number = 0;
  const auto from = port.find_last_of(".-") + 1;
  std::from_chars(port.data() + from, port.data() + port.size(), number);
  return number;
}

std::vector<HubPort> ports_of(const std::string& hub, const std::vector<usb::Attached>& all) {
  int most = 0;
  if (const auto text = read_text(fs::path(usb_devices) / hub / "maxchild", 64))
    std::from_chars(text->data(), text->data() + text->size(), most);
  std::vector<HubPort> ports;
  for (int i = 1; i <= most; ++i) ports.push_back({i, ""});
  for (const auto& one : all) {
    if (one.port.find('-') == std::string::npos || hub_above(one.port) != hub) continue;
    const int number = number_at_end(one.port);
    const auto it = std::find_if(ports.begin(), ports.end(),
                                 [&](const HubPort& port) { return port.number == number; });
    (it == ports.end() ? ports.emplace_back(HubPort{number, ""}) : *it).device = one.port;
  }
  return ports;
}

Device describe_port(const SerialPort& port, const usb::Attached* adapter) {
  Device device = adapter == nullptr ? Device{} : describe(Kind::serial, *adapter);
  device.kind = Kind::serial;
  device.id = device.path = port.path;
  device.interface = port.interface;
  device.by_id = port.by_id;
  device.by_path = port.by_path;
  device.trouble = port.trouble;
  device.drivers.emplace_back("serial");
  if (adapter == nullptr) return device;
  // Makers of relays use the chips, and the ids, of adapters.
  for (const auto* row : rows_that_fit(*adapter)) device.drivers.emplace_back(row->name);
  return device;
}

// What the device is, besides the serial ports that it has.
void add_device(std::vector<Device>& found, const usb::Attached& one,
                const std::vector<usb::Attached>& all, bool has_serial_port) {
  if (one.device_class == hub_class) {
    found.push_back(describe(Kind::hub, one));
    found.back().ports = ports_of(one.port, all);
    found.back().drivers.emplace_back(hub_driver);
  }
  if (const auto probe = probe_kind(one, interface_names(one.port)); !probe.empty()) {
    Device& device = found.emplace_back(describe(Kind::probe, one));
    device.serial = uid_of(one);
    if (device.name.empty()) device.name = probe;
    device.drivers.emplace_back("pyocd");
    if (const auto* board = board_of(one)) {
      device.profile = board->profile;
      device.target = board->target;
    }
    return;
  }
  if (has_serial_port) return;  // which lists them
  for (const auto* row : rows_that_fit(one)) {
    const Kind kind = row->abilities == "power" ? Kind::relay
                      : row->abilities == "mux" ? Kind::mux
                                                : Kind::probe;
    const auto same = std::find_if(found.begin(), found.end(), [&](const Device& other) {
      return other.id == one.port && other.kind == kind;
    });
    Device& device = same == found.end() ? found.emplace_back(describe(kind, one)) : *same;
    device.drivers.emplace_back(row->name);
  }
}

}  // namespace

std::string_view to_string(Kind kind) {
  switch (kind) {
    case Kind::probe:
      return "probe";
    case Kind::relay:
      return "relay";
    case Kind::mux:
      return "mux";
    case Kind::serial:
      return "serial";
    case Kind::hub:
      return "hub";
  }
  return "";
}

Result<std::vector<Device>> scan() {
  const auto all = TRY(usb::attached());
  std::vector<Device> found;
  const auto ports = serial_ports();
  for (const auto& one : all) {
    add_device(found, one, all,
               std::any_of(ports.begin(), ports.end(),
                           [&](const SerialPort& port) { return port.port == one.port; }));
  }
  for (const SerialPort& port : ports) {
    const auto adapter = std::find_if(
        all.begin(), all.end(), [&](const usb::Attached& one) { return one.port == port.port; });
    found.push_back(describe_port(port, adapter == all.end() ? nullptr : &*adapter));
  }
  std::stable_sort(found.begin(), found.end(),
                   [](const Device& a, const Device& b) { return a.kind < b.kind; });
  return found;
}

}  // namespace assay::scan
