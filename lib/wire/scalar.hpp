// Strings and durations across the wire. Thread-safe: free functions.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "base/clock.hpp"
#include "base/result.hpp"

namespace google::protobuf {
class Duration;
}

namespace assay::wire {

bool is_utf8(std::string_view);

// Text that a proto string may hold: what is not UTF-8 becomes visible escapes,
// what is longer than `limit` bytes ends in "...". Other text stays as it is.
std::string wire_text(std::string_view, std::size_t limit);

// Letters, digits, '-', '_' and '.', 1 to 64 of them, no '.' first: safe as the
// name of a file. The error quotes it: "board id 'a/b': only letters, ...".
Result<> check_name(std::string_view what, std::string_view name);
// At most `limit` bytes.
Result<> check_text(std::string_view what, std::string_view text, std::size_t limit);
Result<> check_count(std::string_view what, std::size_t count, std::size_t limit);

void to_proto(Duration, google::protobuf::Duration*);
// Of a message that was made or checked on this side.
Duration duration_of(const google::protobuf::Duration&);
// 0 to max_duration.
Result<Duration> from_proto(std::string_view what, const google::protobuf::Duration&);

}  // namespace assay::wire
