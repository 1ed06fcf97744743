#include "plans/lab.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>

#include "base/text.hpp"
#include "plans/driver_table.hpp"
#include "plans/profile.hpp"
#include "plans/yaml.hpp"

namespace assay::plans {
namespace {

using nlohmann::json;

constexpr std::int64_t most_attempts = 10'000;
constexpr std::size_t longest_text = 256;
// Whatever switches power may switch that of a hub's port.
constexpr std::string_view hub = "hub";

// One device's settings: a reader, its keys, and the JSON they become.
class DeviceReader {
 public:
  DeviceReader(Reader& reader, Keys& keys) : reader_(reader), keys_(keys) {}

  // A program and its arguments. `holes` are the {words} it may contain, those
  // with a '!' in front must be there.
  void command(const std::string& key, bool must, const std::vector<std::string>& holes) {
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

  // What the table says of a key, and what the file does.
  void setting(const DriverKey& key) {
    using K = DriverKey::Kind;
    const std::string name(key.name);
    if (key.kind == K::command) return command(name, key.needed, words_of(key.words));
    const Node* node = key.needed ? keys_.need(name) : keys_.find(name);
    if (node == nullptr) return fall_back(key, name);
    switch (key.kind) {
      case K::text:
        return text(*node, name);
      case K::path:
        return path(*node, name);
      case K::whole:
        return whole(*node, key, name);
      case K::address:
        params_[name] = reader_.bytes(*node).value_or(0);
        return;
      case K::duration:
        return duration(name, reader_.duration(*node).value_or(Duration::zero()));
      case K::flag:
        params_[name] = reader_.truth(*node).value_or(false);
        return;
      case K::word: {
        const auto words = words_of(key.words);
        params_[name] = reader_.one_of(*node, words).value_or(words.front());
        return;
      }
      case K::texts:
        if (const auto all = reader_.texts(*node)) params_[name] = *all;
        return;
      case K::command:
        return;
    }
  }

  // Needs one of the keys.
  void need_one(const Place& place, std::string_view driver, const std::vector<std::string>& of) {
    for (const std::string& key : of) {
      if (params_.contains(key)) return;
    }
    reader_.wrong(place, fmt::format("'{}' needs '{}': which of all that may be attached is it? "
                                     "`assay-agent scan` lists them",
                                     driver, join(of, "' or '")));
  }

  static std::vector<std::string> words_of(std::string_view words) {
    std::vector<std::string> all;
    for (const std::string_view word : split(words, ' ')) {
      if (!word.empty()) all.emplace_back(word);
    }
    return all;
  }
  [[nodiscard]] bool has(std::string_view key) const { return params_.contains(key); }
  [[nodiscard]] std::string text() const { return params_.dump(); }

 private:
  // Not written.
  void fall_back(const DriverKey& key, const std::string& name) {
    using K = DriverKey::Kind;
    std::string why;
    if (key.kind == K::word) {
      params_[name] =
          key.otherwise.empty() ? words_of(key.words).front() : std::string(key.otherwise);
    } else if (key.kind == K::flag) {
      params_[name] = key.otherwise == "true";
    } else if (key.otherwise.empty()) {
      return;
    } else if (key.kind == K::duration) {
      duration(name, *parse_duration(key.otherwise, why));
    } else if (key.kind == K::whole) {
      params_[name] = *parse_whole(key.otherwise, why);
    } else {
      params_[name] = std::string(key.otherwise);
    }
  }

  void duration(const std::string& name, Duration value) {
    params_[name + "_ms"] = std::chrono::duration_cast<std::chrono::milliseconds>(value).count();
  }

  void text(const Node& node, const std::string& name) {
    const auto value = reader_.text(node);
    if (!value) return;
    if (value->empty() || value->size() > longest_text) {
      reader_.wrong(node.place,
                    fmt::format("'{}' must have 1 to {} characters", name, longest_text));
    }
    params_[name] = *value;
  }

  void path(const Node& node, const std::string& name) {
    const auto value = reader_.text(node, "a path");
    if (value && !value->starts_with('/')) {
      reader_.wrong(node.place,
                    fmt::format("'{}' is not an absolute path{}", printable(*value),
                                name == "path" ? ": /dev/serial/by-id/... stays the same when "
                                                 "cables move"
                                               : ""));
    }
    params_[name] = value.value_or("");
  }

  void whole(const Node& node, const DriverKey& key, const std::string& name) {
    const auto words = words_of(key.words);
    const auto value = words.empty() ? reader_.whole(node, key.least, key.most)
                                     : reader_.whole(node, 1, INT32_MAX);
    params_[name] = value.value_or(0);
    if (!value || words.empty()) return;
    if (std::find(words.begin(), words.end(), std::to_string(*value)) != words.end()) return;
    reader_.wrong(node.place,
                  fmt::format("{} is not a rate that serial ports have: {}", *value, join(words)));
  }

  void check_holes(const std::string& key, const Node& node,
                   const std::vector<std::string>& arguments,
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

// The row of the table, by the driver's name and what the device is for; nullptr
// with a finding when there is none.
const DriverFacts* driver_of(Reader& reader, const Entry& entry, const Node& named,
                             const std::string& name, const Node* ability) {
  std::vector<const DriverFacts*> rows;
  for (const DriverFacts& row : driver_table()) {
    if (row.name == name) rows.push_back(&row);
  }
  if (rows.empty()) {
    const auto names = driver_names();
    const std::string near = did_you_mean(name, names);
    reader.wrong(named.place, fmt::format("no driver '{}'{}", printable(name),
                                          near.empty() ? ": there are " + join(names) : near));
    return nullptr;
  }
  if (rows.size() == 1 && rows.front()->abilities.find(' ') != std::string_view::npos) {
    if (ability != nullptr)
      reader.wrong(ability->place, fmt::format("'{}' gives all its abilities: leave it out", name));
    return rows.front();
  }
  const std::string wanted = ability == nullptr ? entry.key : reader.text(*ability).value_or("");
  std::vector<std::string> possible;
  for (const DriverFacts* row : rows) {
    if (row->abilities == (wanted == hub ? "power" : wanted)) return row;
    possible.emplace_back(row->abilities);
  }
  if (wanted.empty()) return nullptr;
  reader.wrong(ability == nullptr ? entry.place : ability->place,
               fmt::format("driver '{}' gives {}, not '{}'{}", name, join(possible, " or "),
                           printable(wanted),
                           ability == nullptr ? ": name the device so, or say 'ability:'" : ""));
  return nullptr;
}

LabDevice read_device(Reader& reader, const Entry& entry) {
  LabDevice device;
  device.name = entry.key;
  device.place = entry.place;
  Keys keys(reader, entry.value, "a device");
  const Node* driver = keys.need("driver");
  const Node* ability = keys.find("ability");
  if (driver == nullptr) return device;
  const auto name = reader.text(*driver, "a driver");
  if (!name) return device;
  const DriverFacts* row = driver_of(reader, entry, *driver, *name, ability);
  if (row == nullptr) return device;
  device.driver = *name;
  device.host = row->host;
  for (const std::string_view one : split(row->abilities, ' ')) device.abilities.emplace_back(one);
  const bool is_hub = ability == nullptr
                          ? entry.key == hub
                          : ability->kind == Node::Kind::scalar && ability->text == hub;
  if (is_hub) device.abilities = {std::string(hub)};
  DeviceReader settings(reader, keys);
  for (const DriverKey& key : keys_of(*row)) settings.setting(key);
  if (!row->one_of.empty())
    settings.need_one(entry.place, *name, DeviceReader::words_of(row->one_of));
  keys.done();
  // With a command of its own to read back.
  if (row->name == "command" && settings.has("read")) device.abilities.emplace_back("flash.read");
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
  if (const Node* golden = keys.find("golden")) {
    board.golden = reader.text(*golden, "a file").value_or("");
    if (!board.golden.starts_with('/'))
      reader.wrong(golden->place,
                   fmt::format("'{}' is not an absolute path", printable(board.golden)));
  }
  keys.done();
  return board;
}

}  // namespace

std::vector<std::string> LabBoard::abilities() const {
  std::set<std::string> all;
  for (const LabDevice& device : devices)
    all.insert(device.abilities.begin(), device.abilities.end());
  all.erase(std::string(hub));
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
