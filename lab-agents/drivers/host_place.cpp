#include "drivers/host_place.hpp"

#include <algorithm>
#include <cctype>
#include <charconv>

#include "base/text.hpp"

namespace assay::drivers {

Result<std::string> host_param(const Json& params, std::string_view key) {
  auto host = TRY(text_param(params, key, ""));
  if (host.empty()) return fail(Cause::invalid, "'{}' is missing: a name or address", key);
  const bool plain = std::all_of(host.begin(), host.end(), [](unsigned char c) {
    return std::isalnum(c) != 0 ||
           std::string_view(".-_:[]").find(static_cast<char>(c)) != std::string_view::npos;
  });
  if (plain) return host;
  return fail(Cause::invalid, "'{}' is no name or address of a host: {}", key,
              "write it without http:// and without a path");
}

std::string HostPort::place() const {
  const bool brackets = host.find(':') != std::string::npos;
  return fmt::format("{}{}{}:{}", brackets ? "[" : "", host, brackets ? "]" : "", port);
}

Result<HostPort> host_and_port(const std::string& place, int otherwise) {
  HostPort out{place, otherwise};
  const auto colon = place.rfind(':'), bracket = place.rfind(']');
  const bool v6 = place.starts_with('[') && bracket != std::string::npos;
  const bool has_port =
      v6 ? colon == bracket + 1 : colon != std::string::npos && place.find(':') == colon;
  if (has_port) {
    const auto* begin = place.data() + colon + 1;
    const auto* end = place.data() + place.size();
    const auto read = std::from_chars(begin, end, out.port);
    if (read.ec != std::errc() || read.ptr != end) out.port = 0;
  }
  out.host = v6 ? place.substr(1, bracket - 1) : has_port ? place.substr(0, colon) : place;
  if (out.port >= 1 && out.port <= 65535 && !out.host.empty()) return out;
  return fail(Cause::invalid, "'{}' names no port: write HOST:PORT, the port from 1 to 65535",
              printable(place));
}

std::string plain_mac(std::string_view mac) {
  std::string plain;
  for (const unsigned char c : mac) {
    if (c != ':' && c != '-' && c != '.') plain += static_cast<char>(std::tolower(c));
  }
  return plain;
}

Result<> same_mac(std::string_view place, std::string_view wanted, std::string_view found) {
  if (wanted.empty() || plain_mac(wanted) == plain_mac(found)) return {};
  return fail(Cause::device,
              "{}: this is the device with the MAC '{}', not '{}': has its address "
              "changed?",
              place, printable(found), printable(wanted));
}

}  // namespace assay::drivers
