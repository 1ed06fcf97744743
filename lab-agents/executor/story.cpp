#include "executor/story.hpp"

#include <fmt/core.h>

#include "base/text.hpp"

namespace assay::executor {

std::string plain(const std::string& line) {
  std::string_view text = line;
  if (text.size() > 3 && text[1] == ':' && text[2] == ' ' &&
      std::string_view("EWID").find(text[0]) != std::string_view::npos) {
    text.remove_prefix(3);
  }
  constexpr std::size_t enough = 120;
  return text.size() > enough ? printable(text.substr(0, enough)) + "..." : printable(text);
}

std::string story(const RoleState& role) {
  std::vector<Matcher> markers;
  for (const auto& marker : role.profile().markers) {
    if (auto matcher = Matcher::make(marker)) markers.push_back(*std::move(matcher));
  }
  const auto lines = role.console->since_mark();
  const auto what = role.console->last_actuation();
  if (lines.empty()) {
    return what.empty() ? "the console said nothing"
                        : fmt::format("after the {} the console said nothing", what);
  }

  std::string version, started, last;
  for (const auto& line : lines) {
    for (auto& matcher : markers) {
      const auto captured = matcher.take(line, lines.front().offset, 0);
      if (!captured) continue;
      const auto& name = matcher.marker().name;
      if (name == "boot.version") version = printable(*captured);
      if (name == "boot.start") version = started = "";
      if (name == "boot.jump") started = plain(line.text);
      last = fmt::format("{} was seen (\"{}\")", name, plain(line.text));
    }
  }
  if (!started.empty()) {
    if (!version.empty() && version[0] != 'v') version.insert(0, "v");
    return fmt::format("{} was started ({})", version.empty() ? "an image" : version, started);
  }
  if (last.empty()) last = fmt::format("the console last said \"{}\"", plain(lines.back().text));
  return what.empty() ? last : fmt::format("after the {} {}", what, last);
}

}  // namespace assay::executor
