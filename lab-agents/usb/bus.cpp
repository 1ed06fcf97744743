#include "usb/bus.hpp"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <filesystem>

#include "base/file.hpp"
#include "base/text.hpp"

namespace assay::usb {

namespace {

constexpr const char* devices = "/sys/bus/usb/devices";
constexpr std::uint64_t longest_attribute = 4096;

std::string attribute(const std::filesystem::path& device, const char* name) {
  std::string text = read_text(device / name, longest_attribute).value_or("");
  while (!text.empty() && (text.back() == '\n' || text.back() == ' ')) text.pop_back();
  return text;
}

unsigned number(const std::string& text, int base) {
  unsigned value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value, base);
  return value;
}

Attached read_device(const std::filesystem::path& path) {
  const auto hex = [&](const char* name) {
    return static_cast<std::uint16_t>(number(attribute(path, name), 16));
  };
  Attached device{
      .id = {hex("idVendor"), hex("idProduct")},
      .port = path.filename(),
      .node = fmt::format("/dev/bus/usb/{:03}/{:03}", number(attribute(path, "busnum"), 10),
                          number(attribute(path, "devnum"), 10)),
      .manufacturer = printable(attribute(path, "manufacturer")),
      .name = printable(attribute(path, "product")),
      .serial = printable(attribute(path, "serial")),
      .device_class = static_cast<std::uint8_t>(hex("bDeviceClass")),
      .trouble = ""};
  if (access(device.node.c_str(), R_OK | W_OK) != 0)
    device.trouble = cannot_open(device.node, errno);
  return device;
}

// "1-10" comes after "1-2".
bool before(const Attached& a, const Attached& b) {
  const auto numbers = [](const std::string& port) {
    std::vector<unsigned> all;
    const auto* at = port.data();
    const auto* const end = at + port.size();
    while (at != end) {
      unsigned value = 0;
      const auto [stop, error] = std::from_chars(at, end, value);
      if (error == std::errc()) all.push_back(value);
      at = error == std::errc() ? stop : at + 1;
    }
    return all;
  };
  return numbers(a.port) < numbers(b.port);
}

}  // namespace

std::string to_string(Id id) {
  return fmt::format("{:04x}:{:04x}", id.vendor, id.product);
}

std::string cannot_open(std::string_view node, int error) {
  if (error != EACCES && error != EPERM) return fmt::format("{}: {}", node, std::strerror(error));
  return fmt::format(
      "no permission to open {}: write what `assay-agent udev-rules` prints to "
      "/etc/udev/rules.d/70-assay.rules, run `udevadm control --reload`, and plug it in again",
      node);
}

Result<std::vector<Attached>> attached() {
  std::vector<Attached> all;
  std::error_code error;
  for (std::filesystem::directory_iterator it(devices, error), end; !error && it != end;
       it.increment(error)) {
    // Interfaces have a colon.
    if (it->path().filename().string().find(':') != std::string::npos) continue;
    Attached device = read_device(it->path());
    if (device.id != Id{}) all.push_back(std::move(device));  // else it has just gone
  }
  if (error && error != std::errc::no_such_file_or_directory)
    return fail(Cause::io, "{}: {}", devices, error.message());
  std::sort(all.begin(), all.end(), before);
  return all;
}

}  // namespace assay::usb
