#include "web/cursor.hpp"

#include <fmt/core.h>

#include "base/text.hpp"
#include "scheduler/types.hpp"
#include "web/request.hpp"

namespace assay::web {

Result<Cursor> parse_cursor(std::string_view text) {
  Cursor cursor;
  if (text.empty()) return cursor;
  if (text.size() > max_cursor)
    return fail(Cause::invalid, "a cursor has at most {} bytes", max_cursor);
  for (const auto one : split(text, ';')) {
    const auto slash = one.find('/');
    const auto equals = one.find('=');
    const auto lines =
        equals == std::string_view::npos ? std::nullopt : parse_number(one.substr(equals + 1));
    if (slash == std::string_view::npos || !lines || equals < slash + 2 || equals - slash > 65 ||
        !scheduler::parse_attempt(one.substr(0, slash))) {
      return fail(Cause::invalid, "'{}' is no cursor, which is like r17.1.1/dut=120;r17.1.2/dut=0",
                  printable(text.substr(0, 200)));
    }
    cursor[std::string(one.substr(0, equals))] = *lines;
  }
  return cursor;
}

std::string to_text(const Cursor& cursor) {
  std::string text;
  for (auto at = cursor.rbegin(); at != cursor.rend(); ++at) {
    const std::string one = fmt::format("{}={}", at->first, at->second);
    if (text.size() + one.size() + 1 > max_cursor) break;
    text = text.empty() ? one : one + ';' + text;
  }
  return text;
}

}  // namespace assay::web
