// Words for people: suggestions, lists, and device bytes made safe to print.
// Thread-safe: free functions.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace assay {

// The closest of `known` when it is near enough to be a slip of the hand, else "".
std::string closest(std::string_view word, std::span<const std::string> known);
// ", did you mean 'baud'?" or "".
std::string did_you_mean(std::string_view word, std::span<const std::string> known);

std::string join(std::span<const std::string> words, std::string_view between = ", ");
std::vector<std::string_view> split(std::string_view text, char at);

// Untrusted bytes for a terminal or a report: control characters and bytes that
// are not UTF-8 become visible escapes (\x1b); tabs and printable text stay.
std::string printable(std::string_view);

// "1.2 GiB".
std::string human_size(std::uint64_t bytes);

// The length of the well-formed UTF-8 sequence at the start of `text`, which is
// not empty, or 0 (Unicode 15, table 3-7).
std::size_t utf8_sequence(std::string_view text);
// The same text; each byte that belongs to no such sequence becomes U+FFFD.
std::string replace_non_utf8(std::string_view);

}  // namespace assay
