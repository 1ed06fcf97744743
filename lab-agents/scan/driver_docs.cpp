#include "scan/driver_docs.hpp"

#include <fmt/core.h>

#include <algorithm>

#include "base/text.hpp"
#include "plans/driver_table.hpp"

namespace assay::scan {

namespace {

using plans::DriverFacts;
using plans::DriverKey;

// `|` ends a cell.
std::string cell(std::string_view text) {
  std::string escaped;
  for (const char c : text) escaped += c == '|' ? "\\|" : std::string(1, c);
  return escaped;
}

std::string words(std::string_view text, std::string_view between) {
  std::vector<std::string> all;
  for (const std::string_view word : split(text, ' ')) {
    if (!word.empty()) all.push_back(fmt::format("`{}`", word));
  }
  return join(all, between);
}

std::string value_of(const DriverKey& key) {
  using K = DriverKey::Kind;
  switch (key.kind) {
    case K::text:
      return "a text";
    case K::address:
      return "a number, also as `0x10000060`";
    case K::path:
      return "an absolute path";
    case K::whole: {
      if (!key.words.empty()) return words(key.words, ", ");
      return fmt::format("{} to {}", key.least, key.most);
    }
    case K::duration:
      return "a duration";
    case K::flag:
      return "`true` or `false`";
    case K::word:
      return words(key.words, ", ");
    case K::command: {
      std::string holes(key.words);
      holes.erase(std::remove(holes.begin(), holes.end(), '!'), holes.end());
      return "a command" + (holes.empty() ? "" : " with " + words(holes, ", "));
    }
    case K::texts:
      return "a list of texts";
  }
  return "";
}

std::string when_left_out(const DriverKey& key, const DriverFacts& row) {
  if (key.needed) return "must be there";
  for (const std::string_view one : split(row.one_of, ' ')) {
    if (one == key.name) return "one of " + words(row.one_of, ", ") + " must be there";
  }
  if (!key.otherwise.empty()) return fmt::format("`{}`", key.otherwise);
  if (key.kind == DriverKey::Kind::flag) return "`false`";
  if (key.kind == DriverKey::Kind::word) return words(key.words.substr(0, key.words.find(' ')), "");
  return "";
}

}  // namespace

std::string drivers_markdown() {
  std::string text =
      "| driver | gives | for | USB ids | proven with |\n"
      "|---|---|---|---|---|\n";
  for (const DriverFacts& row : plans::driver_table()) {
    text += fmt::format("| `{}` | {} | {} | {} | {} |\n", row.name, cell(row.abilities),
                        cell(row.about), words(row.usb, ", "),
                        row.proven.empty() ? "nothing yet: unproven" : cell(row.proven));
  }
  for (const DriverFacts& row : plans::driver_table()) {
    const auto keys = keys_of(row);
    const bool is_many =
        std::count_if(plans::driver_table().begin(), plans::driver_table().end(),
                      [&](const DriverFacts& o) { return o.name == row.name; }) > 1;
    text += fmt::format("\n### `{}`{}\n", row.name,
                        is_many ? fmt::format(" as {}", row.abilities) : "");
    if (keys.empty()) {
      text += "\nNo keys.\n";
      continue;
    }
    text += "\n| key | value | left out | |\n|---|---|---|---|\n";
    for (const DriverKey& key : keys) {
      text += fmt::format("| `{}` | {} | {} | {} |\n", key.name, cell(value_of(key)),
                          cell(when_left_out(key, row)), cell(key.about));
    }
  }
  return text;
}

}  // namespace assay::scan
