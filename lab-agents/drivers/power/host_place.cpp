#include "drivers/power/host_place.hpp"

#include <algorithm>
#include <cctype>

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
