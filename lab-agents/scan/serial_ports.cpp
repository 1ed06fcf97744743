#include "scan/serial_ports.hpp"

#include <fmt/core.h>
#include <grp.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <map>

#include "base/file.hpp"

namespace assay::scan {

namespace {

namespace fs = std::filesystem;

constexpr const char* terminals = "/sys/class/tty";

// Links that udev made, by the name of the device that they lead to.
std::map<std::string, std::string> links_in(const fs::path& folder) {
  std::map<std::string, std::string> links;
  std::error_code error;
  for (fs::directory_iterator it(folder, error), end; !error && it != end; it.increment(error)) {
    std::error_code broken;
    const auto target = fs::read_symlink(it->path(), broken);
    if (!broken) links.emplace(target.filename(), it->path());
  }
  return links;
}

// Whose members may open it; "": no group's.
std::string group_of(const std::string& path) {
  struct stat status {};
  constexpr mode_t both = S_IRGRP | S_IWGRP;
  if (stat(path.c_str(), &status) != 0 || (status.st_mode & both) != both || status.st_gid == 0)
    return "";
  const auto* group = getgrgid(status.st_gid);
  return group == nullptr ? std::to_string(status.st_gid) : group->gr_name;
}

// The kernel makes /dev/ttyS0 to S3 whether or not there is a chip behind.
bool has_hardware(const fs::path& terminal) {
  std::error_code error;
  if (!fs::exists(terminal / "device", error)) return false;
  const auto type = read_text(terminal / "type", 64);
  return !type || !type->starts_with("0");
}

// ".../1-1/1-1.4/1-1.4:1.0/tty": the last part with a colon names port and interface.
void place_on_usb(SerialPort& port, const fs::path& device) {
  for (const auto& part : device) {
    const std::string name = part;
    const auto colon = name.find(':'), dot = name.rfind('.');
    const bool is_port = name.find('-') != std::string::npos && colon != std::string::npos &&
                         std::isdigit(static_cast<unsigned char>(name.front())) != 0;
    if (!is_port || dot == std::string::npos || dot < colon) continue;
    port.port = name.substr(0, colon);
    port.interface = name.substr(dot + 1);
  }
}

}  // namespace

std::string cannot_open_port(std::string_view path, int error, std::string_view group) {
  if (error != EACCES && error != EPERM) return fmt::format("{}: {}", path, std::strerror(error));
  if (group.empty())
    return fmt::format("no permission to open {}: no group may, so add a udev rule that lets one",
                       path);
  return fmt::format(
      "no permission to open {}: let the agent's user join its group (`usermod -aG {} USER`), and "
      "log in again",
      path, group);
}

std::vector<SerialPort> serial_ports() {
  const auto by_id = links_in("/dev/serial/by-id"), by_path = links_in("/dev/serial/by-path");
  const auto link = [](const auto& links, const std::string& name) {
    const auto it = links.find(name);
    return it == links.end() ? std::string() : it->second;
  };
  std::vector<SerialPort> ports;
  std::error_code error;
  for (fs::directory_iterator it(terminals, error), end; !error && it != end; it.increment(error)) {
    if (!has_hardware(it->path())) continue;
    const std::string name = it->path().filename();
    SerialPort port{.path = "/dev/" + name,
                    .port = "",
                    .interface = "",
                    .by_id = link(by_id, name),
                    .by_path = link(by_path, name),
                    .trouble = ""};
    std::error_code gone;
    place_on_usb(port, fs::canonical(it->path() / "device", gone));
    if (access(port.path.c_str(), R_OK | W_OK) != 0) {
      const int why = errno;
      port.trouble = cannot_open_port(port.path, why, group_of(port.path));
    }
    ports.push_back(std::move(port));
  }
  std::sort(ports.begin(), ports.end(), [](const SerialPort& a, const SerialPort& b) {
    return std::pair(a.path.size(), a.path) < std::pair(b.path.size(), b.path);
  });
  return ports;
}

}  // namespace assay::scan
