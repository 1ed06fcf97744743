#include "scan/lab_file.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <cctype>
#include <map>
#include <set>

#include "base/text.hpp"
#include "plans/driver_table.hpp"
#include "plans/lab.hpp"
#include "scan/fits.hpp"

namespace assay::scan {

namespace {

using plans::DriverFacts;
using plans::DriverKey;

constexpr const char* head =
    "# Written by `assay-agent init` from what was attached to this machine. Read it through:\n"
    "# what a scan cannot know is a comment, or says so. `assay plan check FILE` finds slips,\n"
    "# `assay-agent scan` lists the devices again, docs/LAB-FILE.md and docs/HARDWARE.md tell "
    "more.\n";

// As a value in YAML, in quotes where it needs them.
std::string quoted(const std::string& text) {
  const bool plain = !text.empty() && text.front() != '-' &&
                     std::all_of(text.begin(), text.end(), [](unsigned char c) {
                       return std::isalnum(c) != 0 || c == '-' || c == '_' || c == '.' || c == '/';
                     });
  if (plain) return text;
  std::string quotes = "'";
  for (const char c : text) quotes += c == '\'' ? "''" : std::string(1, c);
  return quotes + "'";
}

std::string name_of(const std::string& host) {
  std::string name;
  for (const char c : host.substr(0, host.find('.'))) {
    if (std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '-' || c == '_') name += c;
  }
  return name.empty() ? "lab" : name.substr(0, 64);
}

const DriverFacts* row_of(const std::string& driver) {
  for (const DriverFacts& row : plans::driver_table()) {
    if (row.name == driver) return &row;
  }
  return nullptr;
}

std::string stays(const Device& port) {
  return !port.by_id.empty() ? port.by_id : !port.by_path.empty() ? port.by_path : port.path;
}

std::string console(const Device& port) {
  return fmt::format("console: {{ driver: serial, path: {}, baud: 115200 }}", quoted(stays(port)));
}

std::string probe(const Device& device) {
  return fmt::format("probe: {{ driver: pyocd, uid: {}, target: {} }}", quoted(device.serial),
                     device.target.empty() ? "cortex_m" : device.target);
}

// A device that a row of the table drives, with every key that it must have. What
// only a person knows is the least that is allowed.
std::string by_row(const Device& device, const DriverFacts& row) {
  std::string text = fmt::format("driver: {}", row.name);
  if (is_serial(row)) {
    text += fmt::format(", path: {}", quoted(stays(device)));
  } else if (!device.serial.empty() && has_key(row, "serial")) {
    text += fmt::format(", serial: {}", quoted(device.serial));
  } else if (has_key(row, "port")) {
    text += fmt::format(", port: {}", quoted(device.port));
  }
  for (const DriverKey& key : row.keys) {
    if (!key.needed || key.name == "path" || key.name == "serial" || key.name == "port") continue;
    text += fmt::format(", {}: {}", key.name,
                        key.kind == DriverKey::Kind::whole ? std::to_string(key.least) : "'?'");
  }
  const std::string ability(row.abilities.substr(0, row.abilities.find(' ')));
  return fmt::format("{}: {{ {} }}", ability, text);
}

std::string line_for(const Device& device, const std::string& driver) {
  if (driver == "serial") return console(device);
  if (driver == "pyocd") return probe(device);
  const auto* row = row_of(driver);
  return row == nullptr ? "" : by_row(device, *row);
}

std::string what(const Device& device) {
  std::string text = fmt::format("{} {} at {}", usb::to_string(device.usb),
                                 device.name.empty() ? "without a name" : device.name, device.port);
  return device.usb == usb::Id{} ? device.path : text;
}

class Writer {
 public:
  explicit Writer(const std::vector<Device>& devices) : devices_(devices) {}

  Result<std::string> write(const std::string& host) {
    for (const Device& one : devices_) {
      // Without a serial number pyOCD could take another one.
      if (one.kind == Kind::probe && one.drivers.front() == "pyocd" && !one.serial.empty())
        probe_board(one);
    }
    if (boards_.empty()) serial_boards();
    if (boards_.empty()) relay_board();
    if (boards_.empty()) {
      return fail(Cause::not_found,
                  "no probe, serial port or relay is attached that a board could hang on: "
                  "`assay-agent scan` says what to check");
    }
    return fmt::format("{}\nlab: {}\nboards:\n{}{}", head, name_of(host), boards_, left_over());
  }

 private:
  void begin(const std::string& profile, const std::string& comment) {
    const int number = ++numbers_[profile];
    boards_ += fmt::format("  - id: {}-{}\n    profile: {}{}\n    devices:\n",
                           profile == unknown ? "board" : profile, number, profile, comment);
  }
  void line(const std::string& text, bool sure = true) {
    boards_ += fmt::format("      {}{}\n", sure ? "" : "# ", text);
  }
  void use(const Device& device) {
    used_.insert(&device);
    if (!device.trouble.empty()) line("! " + device.trouble, false);
  }

  void probe_board(const Device& device) {
    begin(device.profile.empty() ? unknown : device.profile,
          device.profile.empty() ? "            # the board's type: a file of board-profiles/"
                                 : "  # so its probe says");
    line(fmt::format("{}.", what(device)), false);
    if (device.target.empty())
      line("The target is the chip, one of `pyocd list --targets`; cortex_m only reads.", false);
    use(device);
    line(probe(device));
    bool first = true;
    for (const Device& port : devices_) {
      if (port.kind != Kind::serial || port.port != device.port) continue;
      line(fmt::format("{}: {} of the same USB device.", port.path,
                       port.interface.empty() ? "a port" : "interface " + port.interface),
           false);
      use(port);
      line(console(port), first);
      first = false;
    }
  }

  void serial_boards() {
    for (const Device& port : devices_) {
      if (port.kind != Kind::serial) continue;
      begin(unknown, "            # the board's type: a file of board-profiles/");
      line(fmt::format("{}.", what(port)), false);
      use(port);
      line(console(port));
      // The chip of the adapter may sit on a relay board.
      for (std::size_t i = 1; i < port.drivers.size(); ++i)
        line(line_for(port, port.drivers[i]), false);
    }
  }

  void relay_board() {
    for (const Device& relay : devices_) {
      const auto* row = relay.kind == Kind::relay ? row_of(relay.drivers.front()) : nullptr;
      if (row == nullptr || by_row(relay, *row).find("'?'") != std::string::npos) continue;
      begin(unknown, "            # the board's type: a file of board-profiles/");
      line(fmt::format("{}. Which of its relays is the board's?", what(relay)), false);
      use(relay);
      line(by_row(relay, *row));
      return;
    }
  }

  // Lines for a person to move into a board.
  std::string left_over() {
    std::string text;
    for (const Device& one : devices_) {
      if (one.kind == Kind::hub || used_.contains(&one)) continue;
      if (text.empty()) {
        text =
            "\n# Attached, too. Move each line to `devices:` of the board that hangs on it, one "
            "for\n# each relay of a relay board.\n";
      }
      text += fmt::format("#\n# {}\n", what(one));
      if (!one.trouble.empty()) text += fmt::format("# ! {}\n", one.trouble);
      if (one.drivers.size() > 1) text += "# One of:\n";
      for (const std::string& driver : one.drivers)
        text += fmt::format("#      {}\n", line_for(one, driver));
    }
    return text;
  }

  static constexpr const char* unknown = "desk-generic";
  const std::vector<Device>& devices_;
  std::set<const Device*> used_;
  std::map<std::string, int> numbers_;
  std::string boards_;
};

}  // namespace

Result<std::string> lab_file(const std::vector<Device>& devices, const std::string& host_name) {
  std::string text = TRY(Writer(devices).write(host_name));
  if (const auto good = plans::parse_lab(text, "lab file"); !good) {
    return fail(Cause::internal, "the lab file of this scan would be wrong: {}",
                plans::to_string(good.error()));
  }
  return text;
}

}  // namespace assay::scan
