#include "reports/embedded_json.hpp"

#include <fmt/format.h>

#include "wire/json.hpp"

namespace assay::reports {

namespace {

// U+2028 or U+2029 at the beginning.
bool is_line_end(std::string_view rest) {
  return rest.starts_with("\xE2\x80\xA8") || rest.starts_with("\xE2\x80\xA9");
}

// What must not stand in a script element. Returns how many bytes it took, 0: none.
std::size_t escape(std::string_view rest, std::string& out) {
  const char c = rest[0];
  if (c == '<' || c == '>' || c == '&') {
    out += c == '<' ? "\\u003c" : c == '>' ? "\\u003e" : "\\u0026";
    return 1;
  }
  if (c != '\xE2' || !is_line_end(rest)) return 0;
  out += rest[2] == '\xA8' ? "\\u2028" : "\\u2029";
  return 3;
}

void append_quoted(std::string_view text, std::string& out) {
  out += '"';
  for (std::size_t i = 0; i < text.size();) {
    if (const std::size_t took = escape(text.substr(i), out); took > 0) {
      i += took;
      continue;
    }
    const char c = text[i++];
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (static_cast<unsigned char>(c) < 0x20 || c == '\x7f') {
      fmt::format_to(std::back_inserter(out), "\\u{:04x}", static_cast<unsigned>(c));
    } else {
      out += c;
    }
  }
  out += '"';
}

// As proto JSON has it: 0, 3, 6 or 9 digits behind the point.
void append_duration(Duration at, std::string& out) {
  const auto seconds = at.count() / 1'000'000'000, nanos = at.count() % 1'000'000'000;
  auto to = std::back_inserter(out);
  if (nanos == 0) {
    fmt::format_to(to, "\"{}s\"", seconds);
  } else if (nanos % 1'000'000 == 0) {
    fmt::format_to(to, "\"{}.{:03}s\"", seconds, nanos / 1'000'000);
  } else if (nanos % 1'000 == 0) {
    fmt::format_to(to, "\"{}.{:06}s\"", seconds, nanos / 1'000);
  } else {
    fmt::format_to(to, "\"{}.{:09}s\"", seconds, nanos);
  }
}

}  // namespace

Result<std::string> embedded_json(const google::protobuf::Message& message) {
  const std::string json = TRY(wire::to_json(message));
  // Outside of JSON's strings there is none of what is escaped.
  std::string out;
  out.reserve(json.size());
  for (std::size_t i = 0; i < json.size();) {
    const std::size_t took = escape(std::string_view(json).substr(i), out);
    if (took == 0) out += json[i];
    i += std::max<std::size_t>(took, 1);
  }
  return out;
}

std::string embedded_json(const ConsoleLine& line) {
  std::string out = "{";
  if (!line.text.empty()) {
    out += R"("text":)";
    append_quoted(line.text, out);
    out += ',';
  }
  out += R"("at":)";
  append_duration(line.at, out);
  if (line.open) out += R"(,"open":true)";
  if (line.left_out > 0)
    fmt::format_to(std::back_inserter(out), R"(,"leftOut":"{}")", line.left_out);
  out += '}';
  return out;
}

std::string embedded_json(std::string_view text) {
  std::string out;
  append_quoted(text, out);
  return out;
}

}  // namespace assay::reports
