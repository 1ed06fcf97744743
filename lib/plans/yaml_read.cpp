#include <fmt/core.h>

#include <algorithm>
#include <charconv>
#include <cmath>

#include "base/text.hpp"
#include "plans/yaml.hpp"

namespace assay::plans {
namespace {

constexpr std::string_view write_a_duration = "write 10ms, 10s or 2min";

bool all_digits(std::string_view text) {
  return !text.empty() &&
         std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

std::optional<std::uint64_t> unsigned_number(std::string_view text, int base) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, base);
  if (text.empty() || error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

std::string an_or_list(std::span<const std::string> words) {
  std::string all;
  for (std::size_t i = 0; i < words.size(); ++i) {
    if (i > 0) all += i + 1 == words.size() ? " or " : ", ";
    all += words[i];
  }
  return all;
}

}  // namespace

std::optional<std::int64_t> parse_whole(std::string_view text, std::string& why_not) {
  std::string_view digits = text;
  const bool negative = digits.starts_with('-');
  if (negative) digits.remove_prefix(1);
  if (!all_digits(digits)) {
    why_not = fmt::format("expected a whole number, not '{}'", printable(text));
    return std::nullopt;
  }
  if (digits.size() > 1 && digits.front() == '0') {
    const auto stripped = digits.substr(std::min(digits.find_first_not_of('0'), digits.size() - 1));
    why_not = fmt::format("'{}' could be meant as octal: write {}{}", text, negative ? "-" : "",
                          stripped);
    return std::nullopt;
  }
  const auto value = unsigned_number(digits, 10);
  if (!value || *value > static_cast<std::uint64_t>(INT64_MAX)) {
    why_not = fmt::format("'{}' is too large", text);
    return std::nullopt;
  }
  const auto magnitude = static_cast<std::int64_t>(*value);
  return negative ? -magnitude : magnitude;
}

std::optional<Duration> parse_duration(std::string_view text, std::string& why_not) {
  const auto refuse = [&](std::string why) {
    why_not = std::move(why);
    return std::nullopt;
  };
  std::size_t end = 0;
  while (end < text.size() && ((text[end] >= '0' && text[end] <= '9') || text[end] == '.')) ++end;
  const std::string_view number = text.substr(0, end);
  std::string_view unit = text.substr(end);
  while (unit.starts_with(' ')) unit.remove_prefix(1);
  const auto dot = number.find('.');
  const std::string_view before = number.substr(0, dot);
  const std::string_view after =
      dot == std::string_view::npos ? std::string_view() : number.substr(dot + 1);
  const bool is_number = all_digits(before) && (dot == std::string_view::npos || all_digits(after));
  if (!is_number) {
    return refuse(
        fmt::format("expected a duration, not '{}': {}", printable(text), write_a_duration));
  }
  if (unit.empty()) {
    return refuse(fmt::format("'{}' has no unit: {}", printable(text), write_a_duration));
  }
  std::int64_t nanoseconds = 0;
  if (unit == "ms") nanoseconds = 1'000'000;
  if (unit == "s") nanoseconds = 1'000'000'000;
  if (unit == "min" || unit == "m") nanoseconds = 60'000'000'000;
  if (unit == "h") nanoseconds = 3'600'000'000'000;
  if (nanoseconds == 0) {
    return refuse(fmt::format("'{}' has the unknown unit '{}': {}", printable(text),
                              printable(unit), write_a_duration));
  }
  if (before.size() > 9 || after.size() > 6) {
    return refuse(fmt::format("'{}' has too many digits", printable(text)));
  }
  const double value = std::stod(std::string(number));
  if (value * static_cast<double>(nanoseconds) > 7.0 * 24 * 3.6e12) {
    return refuse(fmt::format("'{}' is longer than a week", printable(text)));
  }
  return Duration(std::llround(value * static_cast<double>(nanoseconds)));
}

void Reader::wrong(const Place& place, std::string text) {
  diagnostics_.add(place, std::move(text));
}

std::optional<std::string> Reader::text(const Node& node, std::string_view expected) {
  if (node.kind != Node::Kind::scalar) {
    wrong(node.place, fmt::format("expected {}, not {}", expected, what_is(node)));
    return std::nullopt;
  }
  if (variables_ == nullptr || node.text.find("${") == std::string::npos) return node.text;
  std::string out;
  bool known = true;
  std::string_view rest = node.text;
  while (true) {
    const auto at = rest.find("${");
    out += rest.substr(0, at);
    if (at == std::string_view::npos) break;
    // `$${` stands for a `${` as it is.
    if (at > 0 && rest[at - 1] == '$') {
      out += "{";
      rest.remove_prefix(at + 2);
      continue;
    }
    rest.remove_prefix(at + 2);
    const auto end = rest.find('}');
    if (end == std::string_view::npos) {
      wrong(node.place, "'${' without its '}'");
      return std::nullopt;
    }
    const std::string_view name = rest.substr(0, end);
    rest.remove_prefix(end + 1);
    const auto found = variables_->find(name);
    if (found == variables_->end()) {
      std::vector<std::string> names;
      for (const auto& variable : *variables_) names.push_back(variable.first);
      const std::string near = closest(name, names);
      wrong(node.place, fmt::format("'${{{}}}' is not defined{}", printable(name),
                                    near.empty() ? ": declare it under 'params'"
                                                 : fmt::format(", did you mean '${{{}}}'?", near)));
      return std::nullopt;
    }
    if (found->second) {
      out += *found->second;
    } else {
      known = false;
    }
  }
  if (!known) return std::nullopt;
  return out;
}

std::optional<std::int64_t> Reader::whole(const Node& node, std::int64_t least, std::int64_t most) {
  const auto value = text(node, "a whole number");
  if (!value) return std::nullopt;
  std::string why_not;
  const auto number = parse_whole(*value, why_not);
  if (!number) {
    wrong(node.place, std::move(why_not));
  } else if (*number < least || *number > most) {
    wrong(node.place, fmt::format("{} is out of range: {} to {}", *number, least, most));
    return std::nullopt;
  }
  return number;
}

std::optional<std::uint64_t> Reader::bytes(const Node& node) {
  const auto value = text(node, "a number of bytes");
  if (!value) return std::nullopt;
  std::string_view digits = *value;
  std::uint64_t unit = 1;
  int base = 10;
  if (digits.starts_with("0x")) {
    digits.remove_prefix(2);
    base = 16;
  } else if (digits.ends_with('K') || digits.ends_with('M')) {
    unit = digits.ends_with('K') ? 1 << 10 : 1 << 20;
    digits.remove_suffix(1);
  }
  if (base == 10 && digits.size() > 1 && digits.front() == '0' && all_digits(digits)) {
    wrong(node.place, fmt::format("'{}' could be meant as octal: write 0x... or no leading zero",
                                  printable(*value)));
    return std::nullopt;
  }
  const auto number = unsigned_number(digits, base);
  if (!number || *number > (std::uint64_t{1} << 40)) {
    wrong(node.place, fmt::format("expected a number of bytes such as 4096, 0x1000 or 4K, not '{}'",
                                  printable(*value)));
    return std::nullopt;
  }
  return *number * unit;
}

std::optional<double> Reader::number(const Node& node, double least, double most) {
  const auto value = text(node, "a number");
  if (!value) return std::nullopt;
  const auto dot = value->find('.');
  const bool is_number = value->size() <= 20 && all_digits(value->substr(0, dot)) &&
                         (dot == std::string::npos || all_digits(value->substr(dot + 1)));
  if (!is_number) {
    wrong(node.place, fmt::format("expected a number, not '{}'", printable(*value)));
    return std::nullopt;
  }
  const double parsed = std::stod(*value);
  if (parsed < least || parsed > most) {
    wrong(node.place, fmt::format("{} is out of range: {} to {}", *value, least, most));
    return std::nullopt;
  }
  return parsed;
}

std::optional<bool> Reader::truth(const Node& node) {
  const auto value = text(node, "true or false");
  if (!value) return std::nullopt;
  if (*value == "true") return true;
  if (*value == "false") return false;
  wrong(node.place, fmt::format("expected true or false, not '{}'", printable(*value)));
  return std::nullopt;
}

std::optional<Duration> Reader::duration(const Node& node) {
  const auto value = text(node, "a duration");
  if (!value) return std::nullopt;
  std::string why_not;
  const auto parsed = parse_duration(*value, why_not);
  if (!parsed) wrong(node.place, std::move(why_not));
  return parsed;
}

std::optional<std::string> Reader::one_of(const Node& node, std::span<const std::string> words) {
  const auto value = text(node, an_or_list(words));
  if (!value) return std::nullopt;
  if (std::find(words.begin(), words.end(), *value) != words.end()) return value;
  wrong(node.place, fmt::format("expected {}, not '{}'", an_or_list(words), printable(*value)));
  return std::nullopt;
}

std::optional<std::vector<std::string>> Reader::texts(const Node& node, std::string_view expected) {
  if (sequence(node, expected) == nullptr) return std::nullopt;
  std::vector<std::string> all;
  bool good = true;
  for (const Node& item : node.items) {
    auto value = text(item);
    good = good && value.has_value();
    if (value) all.push_back(std::move(*value));
  }
  if (!good) return std::nullopt;
  return all;
}

std::optional<std::string> Reader::name(const Node& node, std::string_view extra) {
  auto value = text(node, "a name");
  if (!value) return std::nullopt;
  const bool good = !value->empty() && value->size() <= 64 &&
                    std::all_of(value->begin(), value->end(), [&](char c) {
                      return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                             (c >= '0' && c <= '9') || extra.find(c) != std::string_view::npos;
                    });
  if (good) return value;
  std::string others;
  for (const char c : extra) others += fmt::format(" {}", c);
  wrong(node.place,
        fmt::format("{} is not a name: 1 to 64 letters, digits and{}", what_is(node), others));
  return std::nullopt;
}

std::vector<std::string> Reader::tags(const Node& node) {
  std::vector<std::string> all;
  if (sequence(node, "a list of tags") == nullptr) return all;
  if (node.items.size() > max_tags) wrong(node.place, fmt::format("at most {} tags", max_tags));
  for (const Node& item : node.items) {
    if (auto tag = name(item, "-_.=:/")) all.push_back(std::move(*tag));
  }
  return all;
}

const Node* Reader::map(const Node& node, std::string_view expected) {
  if (node.kind == Node::Kind::map) return &node;
  wrong(node.place, fmt::format("expected {}, not {}", expected, what_is(node)));
  return nullptr;
}

const Node* Reader::sequence(const Node& node, std::string_view expected) {
  if (node.kind == Node::Kind::sequence) return &node;
  wrong(node.place, fmt::format("expected {}, not {}", expected, what_is(node)));
  return nullptr;
}

Keys::Keys(Reader& reader, const Node& map, std::string_view what)
    : reader_(reader), map_(nullptr), place_(map.place), what_(what) {
  if (map.kind == Node::Kind::map) {
    map_ = &map;
  } else {
    reader.wrong(map.place, fmt::format("expected {} (a map), not {}", what, what_is(map)));
  }
}

const Node* Keys::find(std::string_view key) {
  known_.emplace_back(key);
  return map_ == nullptr ? nullptr : map_->find(key);
}

const Node* Keys::need(std::string_view key) {
  const Node* node = find(key);
  if (node == nullptr && map_ != nullptr) {
    reader_.wrong(place_, fmt::format("{} needs '{}'", what_, key));
  }
  return node;
}

void Keys::done() {
  if (map_ == nullptr) return;
  for (const Entry& entry : map_->entries) {
    if (std::find(known_.begin(), known_.end(), entry.key) != known_.end()) continue;
    const std::string near = did_you_mean(entry.key, known_);
    reader_.wrong(
        entry.place,
        fmt::format("unknown key '{}'{}", printable(entry.key),
                    near.empty() ? fmt::format("; {} takes {}", what_, join(known_)) : near));
  }
}

}  // namespace assay::plans
