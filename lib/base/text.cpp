#include "base/text.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <numeric>

namespace assay {

// Edits from a to b, two neighbours swapped counting as one (optimal string alignment).
static std::size_t distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> before(b.size() + 1), row(b.size() + 1), next(b.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 1; i <= a.size(); ++i) {
    next[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      next[j] =
          std::min({row[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1), row[j] + 1, next[j - 1] + 1});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) {
        next[j] = std::min(next[j], before[j - 2] + 1);
      }
    }
    before.swap(row);
    row.swap(next);
  }
  return row.back();
}

std::string closest(std::string_view word, std::span<const std::string> known) {
  if (word.size() > 64) return "";
  std::string best;
  std::size_t best_distance = std::max<std::size_t>(1, word.size() / 3) + 1;
  for (const std::string& candidate : known) {
    const std::size_t d = distance(word, candidate);
    if (d < best_distance) {
      best_distance = d;
      best = candidate;
    }
  }
  return best;
}

std::string did_you_mean(std::string_view word, std::span<const std::string> known) {
  const std::string found = closest(word, known);
  return found.empty() ? "" : fmt::format(", did you mean '{}'?", found);
}

std::string join(std::span<const std::string> words, std::string_view between) {
  std::string all;
  for (const std::string& word : words) {
    if (!all.empty()) all += between;
    all += word;
  }
  return all;
}

std::vector<std::string_view> split(std::string_view text, char at) {
  std::vector<std::string_view> parts;
  while (true) {
    const auto i = text.find(at);
    parts.push_back(text.substr(0, i));
    if (i == std::string_view::npos) return parts;
    text.remove_prefix(i + 1);
  }
}

// The length of the valid UTF-8 sequence at the start of `text`, or 0.
static std::size_t utf8_length(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned lead = byte(0);
  std::size_t length = 0;
  unsigned least = 0;
  if (lead >= 0xC2 && lead <= 0xDF) length = 2, least = 0x80;
  if (lead >= 0xE0 && lead <= 0xEF) length = 3, least = 0x800;
  if (lead >= 0xF0 && lead <= 0xF4) length = 4, least = 0x10000;
  if (length == 0 || text.size() < length) return 0;
  unsigned code = lead & (0xFFu >> (length + 1));
  for (std::size_t i = 1; i < length; ++i) {
    if ((byte(i) & 0xC0) != 0x80) return 0;
    code = code << 6 | (byte(i) & 0x3F);
  }
  // C1 controls, bidirectional overrides and surrogates could disguise text.
  const bool disguise = (code >= 0x80 && code < 0xA0) || (code >= 0x202A && code <= 0x202E) ||
                        (code >= 0x2066 && code <= 0x2069) || (code >= 0xD800 && code <= 0xDFFF);
  return code < least || code > 0x10FFFF || disguise ? 0 : length;
}

std::string printable(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    const auto c = static_cast<unsigned char>(text[0]);
    std::size_t length = 1;
    if (c == '\t' || (c >= 0x20 && c < 0x7F)) {
      out += text[0];
    } else if (length = utf8_length(text); length > 0) {
      out += text.substr(0, length);
    } else {
      length = 1;
      out += fmt::format("\\x{:02x}", c);
    }
    text.remove_prefix(length);
  }
  return out;
}

}  // namespace assay
