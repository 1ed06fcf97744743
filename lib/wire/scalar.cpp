#include "wire/scalar.hpp"

#include <google/protobuf/duration.pb.h>

#include <algorithm>

#include "base/text.hpp"
#include "wire/limits.hpp"

namespace assay::wire {

bool is_utf8(std::string_view text) {
  while (!text.empty()) {
    const std::size_t length = utf8_sequence(text);
    if (length == 0) return false;
    text.remove_prefix(length);
  }
  return true;
}

std::string wire_text(std::string_view text, std::size_t limit) {
  std::string out;
  if (is_utf8(text)) {
    out = text;
  } else {
    for (const std::string_view line : split(text, '\n')) {
      if (line.data() != text.data()) out += '\n';
      out += printable(line);
    }
  }
  if (out.size() <= limit) return out;
  std::size_t end = limit < 3 ? 0 : limit - 3;
  while (end > 0 && (static_cast<unsigned char>(out[end]) & 0xC0) == 0x80) --end;
  out.resize(end);
  return out + "...";
}

Result<> check_name(std::string_view what, std::string_view name) {
  const bool good = !name.empty() && name.size() <= max_name && name[0] != '.' &&
                    std::all_of(name.begin(), name.end(), [](char c) {
                      return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                             (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.';
                    });
  if (good) return {};
  return fail(Cause::invalid,
              "{} '{}': 1 to {} letters, digits, '-', '_' and '.', not beginning with '.'", what,
              printable(name.substr(0, max_name)), max_name);
}

Result<> check_text(std::string_view what, std::string_view text, std::size_t limit) {
  if (text.size() <= limit) return {};
  return fail(Cause::invalid, "{}: {} bytes, at most {}", what, text.size(), limit);
}

Result<> check_count(std::string_view what, std::size_t count, std::size_t limit) {
  if (count <= limit) return {};
  return fail(Cause::invalid, "{}: {} of them, at most {}", what, count, limit);
}

void to_proto(Duration d, google::protobuf::Duration* out) {
  out->set_seconds(d.count() / 1'000'000'000);
  out->set_nanos(static_cast<std::int32_t>(d.count() % 1'000'000'000));
}

Duration duration_of(const google::protobuf::Duration& in) {
  return std::chrono::seconds(in.seconds()) + Duration(in.nanos());
}

Result<Duration> from_proto(std::string_view what, const google::protobuf::Duration& in) {
  constexpr auto most = std::chrono::duration_cast<std::chrono::seconds>(max_duration).count();
  const bool good = in.seconds() >= 0 && in.seconds() <= most && in.nanos() >= 0 &&
                    in.nanos() < 1'000'000'000 && (in.seconds() < most || in.nanos() == 0);
  if (!good) return fail(Cause::invalid, "{}: not a duration of 0 to {} s", what, most);
  return duration_of(in);
}

}  // namespace assay::wire
