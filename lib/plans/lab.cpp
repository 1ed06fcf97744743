#include "plans/lab.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <set>

#include "base/text.hpp"
#include "plans/profile.hpp"
#include "plans/yaml.hpp"

namespace assay::plans {
namespace {

using nlohmann::json;

const std::vector<std::string> drivers = {"virtual-zephyr", "command", "serial"};
const std::array<std::string, 3> parities = {"none", "even", "odd"};
const std::array<std::string, 2> flows = {"none", "rts-cts"};
constexpr std::int64_t most_attempts = 10'000;
constexpr std::array<std::int64_t, 12> bauds = {9600,   19200,  38400,  57600,   115200,  230400,
                                                460800, 500000, 921600, 1000000, 1500000, 2000000};

// One device's settings: a reader, its keys, and the JSON they become.
class DeviceReader {
 public:
  DeviceReader(Reader& reader, Keys& keys) : reader_(reader), keys_(keys) {}

  // A program and its arguments. `holes` are the {words} it may contain, those
  // with a '!' in front must be there.
  void command(const char* key, bool must, const std::vector<std::string>& holes) {
    const Node* node = must ? keys_.need(key) : keys_.find(key);
    if (node == nullptr) return;
    if (node->kind == Node::Kind::scalar) {
      std::vector<std::string> words;
      for (const std::string_view word : split(node->text, ' ')) {
        if (!word.empty()) words.emplace_back(word);
      }
      reader_.wrong(
          node->place,
          fmt::format("a command is a list of arguments, not a line for a shell: write {}: [{}]",
                      key, printable(join(words))));
      return;
    }
    const auto arguments = reader_.texts(*node, "a command, a list of arguments");
    if (!arguments) return;
    if (arguments->empty() || arguments->front().empty()) {
      reader_.wrong(node->place, fmt::format("'{}' names no program", key));
      return;
    }
    if (arguments->size() > 100) reader_.wrong(node->place, "more than 100 arguments");
    check_holes(key, *node, *arguments, holes);
    params_[key] = *arguments;
  }

  void duration(const char* key, Duration fallback) {
    const Node* node = keys_.find(key);
    const Duration value = node == nullptr ? fallback : reader_.duration(*node).value_or(fallback);
    params_[std::string(key) + "_ms"] =
        std::chrono::duration_cast<std::chrono::milliseconds>(value).count();
  }

  void serial() {
    if (const Node* path = keys_.need("path")) {
      const auto text = reader_.text(*path, "a path");
      if (text && !text->starts_with('/')) {
        reader_.wrong(path->place,
                      fmt::format("'{}' is not an absolute path: /dev/serial/by-id/... stays the "
                                  "same when cables move",
                                  printable(*text)));
      }
      params_["path"] = text.value_or("");
    }
    if (const Node* baud = keys_.need("baud")) {
      const auto rate = reader_.whole(*baud, 1, 4'000'000);
      if (rate && std::find(bauds.begin(), bauds.end(), *rate) == bauds.end()) {
        std::vector<std::string> all;
        for (const auto one : bauds) all.push_back(std::to_string(one));
        reader_.wrong(baud->place,
                      fmt::format("{} is not a rate that serial ports have: {}", *rate, join(all)));
      }
      params_["baud"] = rate.value_or(0);
    }
    params_["parity"] = word("parity", parities);
    params_["flow"] = word("flow", flows);
    const Node* stop = keys_.find("stop");
    params_["stop"] = stop == nullptr ? 1 : reader_.whole(*stop, 1, 2).value_or(1);
  }

  [[nodiscard]] bool has(const char* key) const { return params_.contains(key); }
  [[nodiscard]] std::string text() const { return params_.dump(); }

 private:
  std::string word(const char* key, std::span<const std::string> words) {
    const Node* node = keys_.find(key);
    return node == nullptr ? words.front() : reader_.one_of(*node, words).value_or(words.front());
  }

  void check_holes(const char* key, const Node& node, const std::vector<std::string>& arguments,
                   const std::vector<std::string>& holes) {
    std::set<std::string> seen;
    for (std::size_t i = 0; i < arguments.size(); ++i) {
      for (const char* hole : {"{file}", "{address}", "{size}"}) {
        if (arguments[i].find(hole) == std::string::npos) continue;
        seen.insert(hole);
        const bool known = std::any_of(holes.begin(), holes.end(),
                                       [&](const std::string& h) { return h.ends_with(hole); });
        if (!known) reader_.wrong(node.items[i].place, fmt::format("'{}' has no {}", key, hole));
      }
    }
    for (const std::string& hole : holes) {
      if (!hole.starts_with('!') || seen.contains(hole.substr(1))) continue;
      reader_.wrong(node.place,
                    fmt::format("'{}' needs {} among its arguments", key, hole.substr(1)));
    }
  }

  Reader& reader_;
  Keys& keys_;
  json params_ = json::object();
};

std::vector<std::string> abilities_of_driver(std::string_view driver) {
  if (driver == "virtual-zephyr") return {"power", "flash", "flash.read", "console", "reset"};
  if (driver == "serial") return {"console"};
  return {"power", "flash", "reset"};
}

LabDevice read_device(Reader& reader, const Entry& entry) {
  using namespace std::chrono_literals;
  LabDevice device;
  device.name = entry.key;
  device.place = entry.place;
  Keys keys(reader, entry.value, "a device");
  const Node* driver = keys.need("driver");
  const Node* ability_node = keys.find("ability");
  if (driver == nullptr) return device;
  const auto driver_name = reader.text(*driver, "a driver");
  if (!driver_name) return device;
  if (std::find(drivers.begin(), drivers.end(), *driver_name) == drivers.end()) {
    const std::string near = did_you_mean(*driver_name, drivers);
    reader.wrong(driver->place, fmt::format("no driver '{}'{}", printable(*driver_name),
                                            near.empty() ? ": there are " + join(drivers) : near));
    return device;
  }
  device.driver = *driver_name;
  DeviceReader settings(reader, keys);
  if (device.driver == "virtual-zephyr") {
    device.abilities = abilities_of_driver(device.driver);
    if (ability_node != nullptr)
      reader.wrong(ability_node->place, "'virtual-zephyr' gives all its abilities: leave it out");
    keys.done();
    device.params = settings.text();
    return device;
  }
  const std::vector<std::string> possible = abilities_of_driver(device.driver);
  const std::string ability =
      ability_node == nullptr ? entry.key : reader.text(*ability_node).value_or("");
  if (std::find(possible.begin(), possible.end(), ability) == possible.end()) {
    if (ability.empty()) return device;
    const Place& at = ability_node == nullptr ? entry.place : ability_node->place;
    reader.wrong(
        at, fmt::format("driver '{}' gives {}, not '{}'{}", device.driver, join(possible, " or "),
                        printable(ability),
                        ability_node == nullptr ? ": name the device so, or say 'ability:'" : ""));
    return device;
  }
  device.abilities = {ability};
  if (ability == "power") {
    settings.command("on", true, {});
    settings.command("off", true, {});
    settings.command("status", false, {});
    settings.duration("timeout", 10s);
  } else if (ability == "flash") {
    settings.command("write", true, {"!{file}", "{address}"});
    settings.command("read", false, {"!{file}", "!{address}", "!{size}"});
    settings.command("erase", false, {"{address}", "{size}"});
    settings.duration("timeout", 60s);
    if (settings.has("read")) device.abilities.emplace_back("flash.read");
  } else if (ability == "reset") {
    settings.command("pulse", true, {});
    settings.duration("timeout", 10s);
  } else {
    settings.serial();
  }
  keys.done();
  device.params = settings.text();
  return device;
}

void read_devices(Reader& reader, const Node& node, LabBoard& board) {
  if (reader.map(node, "devices (a map)") == nullptr) return;
  if (node.entries.empty()) reader.wrong(node.place, "a board needs at least one device");
  std::map<std::string, std::string> givers;
  for (const Entry& entry : node.entries) {
    LabDevice device = read_device(reader, entry);
    for (const std::string& ability : device.abilities) {
      const auto [first, fresh] = givers.emplace(ability, device.name);
      if (fresh) continue;
      reader.wrong(entry.place, fmt::format("'{}' is given twice: by '{}' and by '{}'", ability,
                                            printable(first->second), printable(device.name)));
    }
    board.devices.push_back(std::move(device));
  }
}

LabBoard read_board(Reader& reader, const Node& node, std::map<std::string, int>& ids) {
  LabBoard board;
  board.place = node.place;
  Keys keys(reader, node, "a board");
  if (const Node* id = keys.need("id")) {
    board.id = reader.name(*id, "-_.").value_or("");
    const auto [first, fresh] = ids.emplace(board.id, id->place.line);
    if (!fresh && !board.id.empty()) {
      reader.wrong(id->place, fmt::format("board '{}' is there twice: the first is in line {}",
                                          board.id, first->second));
    }
  }
  if (const Node* profile = keys.need("profile"))
    board.profile = reader.name(*profile, "-_.").value_or("");
  if (const Node* tags = keys.find("tags")) board.tags = reader.tags(*tags);
  if (const Node* devices = keys.need("devices")) read_devices(reader, *devices, board);
  keys.done();
  return board;
}

}  // namespace

std::vector<std::string> LabBoard::abilities() const {
  std::set<std::string> all;
  for (const LabDevice& device : devices)
    all.insert(device.abilities.begin(), device.abilities.end());
  return {all.begin(), all.end()};
}

Checked<Lab> parse_lab(std::string_view text, std::string_view file) {
  Diagnostics diagnostics;
  const auto root = parse_yaml(text, file, diagnostics);
  if (!root) return tl::unexpected(diagnostics.take());
  Reader reader(diagnostics);
  Lab lab;
  Keys keys(reader, *root, "a lab file");
  if (const Node* name = keys.need("lab")) lab.name = reader.name(*name, "-_.").value_or("");
  if (const Node* attempts = keys.find("attempts")) {
    lab.attempts =
        static_cast<std::uint32_t>(reader.whole(*attempts, 1, most_attempts).value_or(0));
  }
  const Node* boards = keys.need("boards");
  keys.done();
  if (boards != nullptr && reader.sequence(*boards, "a list of boards") != nullptr) {
    if (boards->items.empty()) reader.wrong(boards->place, "a lab needs at least one board");
    std::map<std::string, int> ids;
    for (const Node& item : boards->items) lab.boards.push_back(read_board(reader, item, ids));
  }
  if (!diagnostics.empty()) return tl::unexpected(diagnostics.take());
  return lab;
}

}  // namespace assay::plans
