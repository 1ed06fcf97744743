// What a client asked, and the pure readers of what it may say: targets, ranges,
// entity tags, hosts. Everything here is untrusted input. Thread-safe: values and
// free functions. Source: RFC 9110, RFC 9112, RFC 3986.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.hpp"

namespace assay::web {

// One header each as it came, "" where there is none.
struct Request {
  std::string method, target;
  std::string host, origin, accept, accept_encoding, if_none_match, if_range, range, last_event_id;
  bool has_body = false;
};

struct Target {
  // Decoded, without the slashes: "/a/b%20c" is {"a", "b c"}; "/" is none.
  std::vector<std::string> path;
  // Decoded, each name once, in order.
  std::vector<std::pair<std::string, std::string>> query;
};
// Cause::invalid in words: a bad escape, text that is no UTF-8, control
// characters, "." or ".." as a part of the path, a parameter that comes twice.
Result<Target> parse_target(std::string_view);

// A Range header's wish for something of `size` bytes.
struct Wanted {
  enum class What { all, part, nothing } what = What::all;  // nothing: 416
  std::uint64_t first = 0, length = 0;                      // of a part
};
// What is no good range is none, as RFC 9110 wants it. Several ranges are
// answered with the whole: a client may always be given that, and a hundred
// overlapping ranges must not make a hundred answers.
Wanted parse_range(std::string_view header, std::uint64_t size);

// A Host that can only mean this machine: 127.0.0.1, localhost, [::1], any port.
// Whatever else is a name that somebody made point here (DNS rebinding).
bool is_our_host(std::string_view host);
// `origin` is http://HOST of the same request.
bool is_same_origin(std::string_view origin, std::string_view host);

// If-None-Match names `etag` (with its quotes), or its gzip variant, or is "*".
bool matches(std::string_view if_none_match, std::string_view etag);
// Accept-Encoding allows gzip.
bool accepts_gzip(std::string_view accept_encoding);
// Accept allows "type/subtype"; an empty one allows everything.
bool accepts(std::string_view accept, std::string_view type);

// Decimal, no sign, no more than fits; nullopt otherwise.
std::optional<std::uint64_t> parse_number(std::string_view);

}  // namespace assay::web
