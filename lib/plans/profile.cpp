#include "plans/profile.hpp"

#include <fmt/core.h>
#include <re2/re2.h>

#include <algorithm>
#include <bit>

#include "base/text.hpp"
#include "plans/plan.hpp"
#include "plans/profile_like.hpp"
#include "plans/profile_recovery.hpp"
#include "plans/yaml.hpp"

namespace assay::plans {
namespace {

constexpr std::size_t max_pattern = 1000;

RE2::Options quiet() {
  // Latin-1, as the executor matches: a console is bytes.
  RE2::Options options(RE2::Latin1);
  options.set_log_errors(false);
  options.set_max_mem(1 << 20);
  return options;
}

void read_abilities(Reader& reader, const Node* node, Profile& profile) {
  if (node == nullptr || reader.sequence(*node, "a list of abilities") == nullptr) return;
  for (const Node& item : node->items) {
    const auto ability = read_ability(reader, item);
    if (!ability) continue;
    if (has_ability(profile, *ability)) {
      reader.wrong(item.place, fmt::format("'{}' is listed twice", *ability));
    } else {
      profile.abilities.push_back(*ability);
    }
  }
}

void read_slots(Reader& reader, const Node* node, Profile& profile) {
  if (node == nullptr || reader.map(*node, "slots (a map)") == nullptr) return;
  for (const Entry& entry : node->entries) {
    Slot slot;
    slot.name = entry.key;
    Keys keys(reader, entry.value, "a slot");
    const Node* address = keys.need("address");
    const Node* size = keys.need("size");
    const Node* offset = keys.find("image-offset");
    keys.done();
    if (address != nullptr) slot.address = reader.bytes(*address).value_or(0);
    if (size != nullptr) slot.size = reader.bytes(*size).value_or(0);
    if (offset != nullptr) slot.image_offset = reader.bytes(*offset).value_or(0);
    if (address == nullptr || size == nullptr) continue;
    if (profile.flash_size > 0 &&
        (slot.address < profile.flash_base ||
         slot.address + slot.size > profile.flash_base + profile.flash_size)) {
      reader.wrong(entry.place,
                   fmt::format("slot '{}' ends outside the flash, which is {:#x} to {:#x}",
                               printable(slot.name), profile.flash_base,
                               profile.flash_base + profile.flash_size));
    }
    if (offset != nullptr && slot.image_offset >= slot.size && slot.size > 0) {
      reader.wrong(offset->place, "the image would begin outside its slot");
    }
    profile.slots.push_back(std::move(slot));
  }
}

void read_flash(Reader& reader, const Node* node, Profile& profile) {
  if (node == nullptr) return;
  Keys keys(reader, *node, "'flash'");
  if (const Node* base = keys.need("base")) profile.flash_base = reader.bytes(*base).value_or(0);
  if (const Node* size = keys.need("size")) profile.flash_size = reader.bytes(*size).value_or(0);
  if (const Node* page = keys.need("page")) {
    profile.page_size = reader.bytes(*page).value_or(0);
    if (!std::has_single_bit(profile.page_size) && profile.page_size != 0) {
      reader.wrong(page->place, fmt::format("{} is not a power of two", profile.page_size));
    }
  }
  if (const Node* erased = keys.find("erased")) {
    const auto value = reader.bytes(*erased);
    if (value && *value > 0xFF) reader.wrong(erased->place, "an erased byte reads 0 to 0xFF");
    profile.erased = static_cast<std::uint8_t>(value.value_or(0xFF));
  }
  if (const Node* alignment = keys.find("write-alignment")) {
    profile.write_alignment = reader.bytes(*alignment).value_or(8);
    if (!std::has_single_bit(profile.write_alignment) || profile.write_alignment > 32) {
      reader.wrong(alignment->place,
                   fmt::format("{} is not 1, 2, 4, 8, 16 or 32", profile.write_alignment));
    }
  }
  if (const Node* powered = keys.find("needs-power"))
    profile.flash_needs_power = reader.truth(*powered).value_or(false);
  read_slots(reader, keys.find("slots"), profile);
  keys.done();
}

std::string read_pattern(Reader& reader, const Node& node) {
  auto text = reader.text(node, "a regular expression");
  if (!text) return "";
  const std::string fault = pattern_fault(*text);
  if (!fault.empty()) reader.wrong(node.place, fault);
  return *text;
}

// `app.ready: 'build time'`, or `{ line: ..., after: boot.start, is: test }`.
Marker read_marker(Reader& reader, const Entry& entry, const Node& all) {
  Marker marker;
  marker.name = entry.key;
  if (!looks_like_marker_name(entry.key)) {
    reader.wrong(
        entry.place,
        fmt::format(
            "'{}' is not a marker's name: lower-case words joined by dots, such as boot.start",
            printable(entry.key)));
  }
  if (entry.value.kind == Node::Kind::scalar) {
    marker.pattern = read_pattern(reader, entry.value);
    return marker;
  }
  Keys keys(reader, entry.value, "a marker");
  if (const Node* line = keys.need("line")) marker.pattern = read_pattern(reader, *line);
  const Node* after = keys.find("after");
  const Node* is = keys.find("is");
  keys.done();
  if (after != nullptr) {
    const auto text = reader.text(*after, "a marker or a regular expression");
    if (text && looks_like_marker_name(*text)) {
      const Node* other = all.find(*text);
      const Node* line =
          other != nullptr && other->kind == Node::Kind::map ? other->find("line") : other;
      if (line == nullptr) {
        std::vector<std::string> names;
        for (const Entry& one : all.entries) names.push_back(one.key);
        reader.wrong(after->place,
                     fmt::format("no marker '{}'{}", *text, did_you_mean(*text, names)));
      } else {
        marker.after = line->text;
      }
    } else if (text) {
      marker.after = read_pattern(reader, *after);
    }
  }
  if (is == nullptr) return marker;
  marker.is = reader.text(*is);
  if (after == nullptr)
    reader.wrong(is->place, "'is' needs 'after': of which lines must the first be this?");
  const RE2 pattern(marker.pattern, quiet());
  if (pattern.ok() && pattern.NumberOfCapturingGroups() < 1) {
    reader.wrong(is->place, "'is' compares the first group, and 'line' has none: add ( )");
  }
  return marker;
}

void read_markers(Reader& reader, const Node* node, Profile& profile) {
  if (node == nullptr || reader.map(*node, "markers (a map)") == nullptr) return;
  for (const Entry& entry : node->entries)
    profile.markers.push_back(read_marker(reader, entry, *node));
}

std::string read_marker_name(Reader& reader, const Node* node, const Profile& profile) {
  if (node == nullptr) return "";
  const auto name = reader.text(*node, "a marker's name");
  if (!name) return "";
  if (find_marker(profile, *name) != nullptr) return *name;
  std::vector<std::string> names;
  for (const Marker& marker : profile.markers) names.push_back(marker.name);
  reader.wrong(node->place,
               fmt::format("no marker '{}'{}", printable(*name), did_you_mean(*name, names)));
  return "";
}

}  // namespace

const std::vector<std::string>& known_abilities() {
  static const std::vector<std::string> all = {"power", "flash",   "flash.read", "console",
                                               "reset", "ota.smp", "mux"};
  return all;
}

std::optional<std::string> read_ability(Reader& reader, const Node& item) {
  auto ability = reader.text(item, "an ability");
  const auto& known = known_abilities();
  if (!ability || std::find(known.begin(), known.end(), *ability) != known.end()) return ability;
  const std::string near = did_you_mean(*ability, known);
  reader.wrong(item.place, fmt::format("unknown ability '{}'{}", printable(*ability),
                                       near.empty() ? ": there are " + join(known) : near));
  return std::nullopt;
}

bool has_ability(const Profile& profile, std::string_view ability) {
  return std::find(profile.abilities.begin(), profile.abilities.end(), ability) !=
         profile.abilities.end();
}

const Marker* find_marker(const Profile& profile, std::string_view name) {
  for (const Marker& marker : profile.markers) {
    if (marker.name == name) return &marker;
  }
  return nullptr;
}

const Slot* find_slot(const Profile& profile, std::string_view name) {
  for (const Slot& slot : profile.slots) {
    if (slot.name == name) return &slot;
  }
  return nullptr;
}

std::vector<std::string> abilities_of(const Profile& profile,
                                      const std::vector<std::string>& devices) {
  const auto gives = [&](std::string_view ability) {
    return std::find(devices.begin(), devices.end(), ability) != devices.end();
  };
  std::vector<std::string> abilities;
  for (const std::string& ability : profile.abilities) {
    if (gives(ability == "ota.smp" ? "console" : ability)) abilities.push_back(ability);
  }
  return abilities;
}

std::string pattern_fault(std::string_view pattern) {
  if (pattern.empty()) return "a regular expression that is empty matches every line";
  if (pattern.size() > max_pattern) {
    return fmt::format("a regular expression of {} characters: at most {}", pattern.size(),
                       max_pattern);
  }
  const RE2 expression(re2::StringPiece(pattern.data(), pattern.size()), quiet());
  if (expression.ok()) return "";
  return fmt::format("not a regular expression (RE2): {}", printable(expression.error()));
}

Checked<Profile> parse_profile(std::string_view text, std::string_view file,
                               const ProfileSource& source) {
  Diagnostics diagnostics;
  auto root = parse_yaml(text, file, diagnostics);
  if (!root) return tl::unexpected(diagnostics.take());
  *root = with_what_it_is_like(std::move(*root), source, diagnostics);
  Reader reader(diagnostics);
  Profile profile;
  Keys keys(reader, *root, "a board type");
  if (const Node* name = keys.need("profile"))
    profile.name = reader.name(*name, "-_.").value_or("");
  if (const Node* about = keys.find("about")) reader.text(*about);
  keys.find("like");  // has been followed
  read_abilities(reader, keys.need("abilities"), profile);
  read_flash(reader, keys.find("flash"), profile);
  read_markers(reader, keys.find("markers"), profile);
  profile.identity = read_marker_name(reader, keys.find("identity"), profile);
  profile.alive = read_marker_name(reader, keys.find("alive"), profile);
  if (const Node* factor = keys.find("deadline-factor")) {
    profile.deadline_factor = reader.number(*factor, 0.1, 100).value_or(1);
  }
  profile.power_off_time = std::chrono::seconds(1);
  if (const Node* off = keys.find("power-off-time")) {
    profile.power_off_time = reader.duration(*off).value_or(profile.power_off_time);
  }
  read_recovery(reader, keys.find("recovery"), profile);
  read_health(reader, keys.find("health"), profile);
  keys.done();
  if (has_ability(profile, "mux") && !has_ability(profile, "power")) {
    reader.wrong(root->find("abilities")->place,
                 "'mux' needs 'power': a disk is taken only from a board that is off");
  }
  if (const Marker* identity = find_marker(profile, profile.identity)) {
    const RE2 pattern(identity->pattern, quiet());
    if (pattern.ok() && pattern.NumberOfCapturingGroups() < 1) {
      reader.wrong(
          root->find("identity")->place,
          fmt::format("marker '{}' captures nothing: put ( ) around what names the program",
                      identity->name));
    }
  }
  if (!diagnostics.empty()) return tl::unexpected(diagnostics.take());
  return profile;
}

}  // namespace assay::plans
