#include "web/request.hpp"

#include <algorithm>
#include <array>
#include <charconv>

#include "base/text.hpp"
#include "wire/scalar.hpp"

namespace assay::web {

namespace {

constexpr std::size_t max_parameters = 32;
constexpr std::size_t max_path_parts = 16;

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

// `plus`: a '+' is a space, as forms write it.
Result<std::string> decode(std::string_view text, bool plus) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    char c = text[i];
    if (c == '%') {
      const int high = i + 1 < text.size() ? hex_digit(text[i + 1]) : -1;
      const int low = i + 2 < text.size() ? hex_digit(text[i + 2]) : -1;
      if (high < 0 || low < 0) {
        return fail(Cause::invalid, "'{}': '%' must be followed by two hexadecimal digits",
                    printable(text.substr(0, 200)));
      }
      c = static_cast<char>(high * 16 + low);
      i += 2;
    } else if (plus && c == '+') {
      c = ' ';
    }
    if ((c >= 0 && c < ' ') || c == 0x7f) {
      return fail(Cause::invalid, "'{}': a control character is not allowed here",
                  printable(text.substr(0, 200)));
    }
    out += c;
  }
  if (!wire::is_utf8(out))
    return fail(Cause::invalid, "'{}': this is not UTF-8", printable(text.substr(0, 200)));
  return out;
}

std::string_view trim(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return out;
}

// "gzip;q=0" : refused.
bool has_zero_weight(std::string_view parameters) {
  for (const auto one : split(parameters, ';')) {
    const std::string word = lower(trim(one));
    if (!word.starts_with("q=")) continue;
    return word.find_first_not_of("0.", 2) == std::string::npos;
  }
  return false;
}

}  // namespace

std::optional<std::uint64_t> parse_number(std::string_view text) {
  std::uint64_t value = 0;
  if (text.empty() || text[0] < '0' || text[0] > '9') return std::nullopt;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), value);
  if (read.ec != std::errc() || read.ptr != text.data() + text.size()) return std::nullopt;
  return value;
}

Result<Target> parse_target(std::string_view text) {
  Target target;
  const auto question = text.find('?');
  const std::string_view path = text.substr(0, question);
  if (!path.starts_with('/')) {
    return fail(Cause::invalid, "'{}': an address begins with '/'", printable(path.substr(0, 200)));
  }
  if (path != "/") {
    for (const auto part : split(path.substr(1), '/')) {
      std::string word = TRY(decode(part, false));
      if (word == "." || word == ".." || word.find('/') != std::string::npos ||
          word.find('\\') != std::string::npos) {
        return fail(Cause::invalid, "'{}': '{}' is no part of an address",
                    printable(path.substr(0, 200)), printable(word));
      }
      if (target.path.size() == max_path_parts)
        return fail(Cause::invalid, "an address has at most {} parts", max_path_parts);
      target.path.push_back(std::move(word));
    }
  }
  if (question == std::string_view::npos || question + 1 == text.size()) return target;
  for (const auto pair : split(text.substr(question + 1), '&')) {
    const auto equals = pair.find('=');
    std::string name = TRY(decode(pair.substr(0, equals), true));
    std::string value =
        equals == std::string_view::npos ? "" : TRY(decode(pair.substr(equals + 1), true));
    for (const auto& [known, ignored] : target.query) {
      if (known == name)
        return fail(Cause::invalid, "'{}' comes twice; give it once", printable(name));
    }
    if (target.query.size() == max_parameters)
      return fail(Cause::invalid, "more than {} parameters", max_parameters);
    target.query.emplace_back(std::move(name), std::move(value));
  }
  return target;
}

Wanted parse_range(std::string_view header, std::uint64_t size) {
  header = trim(header);
  constexpr std::string_view unit = "bytes=";
  if (lower(header.substr(0, unit.size())) != unit) return {};
  const std::string_view range = trim(header.substr(unit.size()));
  const auto dash = range.find('-');
  if (dash == std::string_view::npos || range.find(',') != std::string_view::npos) return {};
  const std::string_view from = trim(range.substr(0, dash)), to = trim(range.substr(dash + 1));
  if (from.empty()) {  // the last so many
    const auto count = parse_number(to);
    if (!count) return {};
    if (*count == 0 || size == 0) return {.what = Wanted::What::nothing};
    const std::uint64_t length = std::min(*count, size);
    return {Wanted::What::part, size - length, length};
  }
  const auto first = parse_number(from);
  const auto last = to.empty() ? std::optional<std::uint64_t>(UINT64_MAX) : parse_number(to);
  if (!first || !last || *last < *first) return {};
  if (*first >= size) return {.what = Wanted::What::nothing};
  return {Wanted::What::part, *first, std::min(*last, size - 1) - *first + 1};
}

bool is_our_host(std::string_view host) {
  const std::string name = lower(host);
  for (const std::string_view ours : {"127.0.0.1", "localhost", "[::1]"}) {
    if (!name.starts_with(ours)) continue;
    const std::string_view rest = std::string_view(name).substr(ours.size());
    if (rest.empty()) return true;
    if (rest[0] != ':') continue;
    const auto port = parse_number(rest.substr(1));
    return port && *port <= 65535;
  }
  return false;
}

bool is_same_origin(std::string_view origin, std::string_view host) {
  return lower(origin) == "http://" + lower(host);
}

bool matches(std::string_view if_none_match, std::string_view etag) {
  if (etag.size() < 2 || if_none_match.empty()) return false;
  if (trim(if_none_match) == "*") return true;
  const std::string zipped = std::string(etag.substr(0, etag.size() - 1)) + "-gz\"";
  for (auto one : split(if_none_match, ',')) {
    one = trim(one);
    if (one.starts_with("W/")) one.remove_prefix(2);  // compared weakly
    if (one == etag || one == zipped) return true;
  }
  return false;
}

bool accepts_gzip(std::string_view accept_encoding) {
  for (const auto one : split(accept_encoding, ',')) {
    const auto semicolon = one.find(';');
    const std::string name = lower(trim(one.substr(0, semicolon)));
    if (name != "gzip" && name != "*") continue;
    return semicolon == std::string_view::npos || !has_zero_weight(one.substr(semicolon + 1));
  }
  return false;
}

bool accepts(std::string_view accept, std::string_view type) {
  if (trim(accept).empty()) return true;
  const std::string family = std::string(type.substr(0, type.find('/'))) + "/*";
  for (const auto one : split(accept, ',')) {
    const auto semicolon = one.find(';');
    const std::string name = lower(trim(one.substr(0, semicolon)));
    if (name != type && name != family && name != "*/*") continue;
    if (semicolon == std::string_view::npos || !has_zero_weight(one.substr(semicolon + 1)))
      return true;
  }
  return false;
}

}  // namespace assay::web
