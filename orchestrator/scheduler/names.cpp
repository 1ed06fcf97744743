#include <charconv>

#include "scheduler/types.hpp"

namespace assay::scheduler {

std::string run_name(std::int64_t number) {
  return "r" + std::to_string(number);
}

std::string to_string(JobId id) {
  return run_name(id.run) + "." + std::to_string(id.index);
}

std::string to_string(AttemptId id) {
  return to_string(id.job) + "." + std::to_string(id.number);
}

// One decimal number without sign or leading zeros; `text` moves past it.
template <class T>
static std::optional<T> take_number(std::string_view& text) {
  T value = 0;
  if (text.empty() || text[0] < '1' || text[0] > '9') return std::nullopt;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc()) return std::nullopt;
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  return value;
}

static bool take(std::string_view& text, char c) {
  if (text.empty() || text[0] != c) return false;
  text.remove_prefix(1);
  return true;
}

std::optional<std::int64_t> parse_run(std::string_view text) {
  if (!take(text, 'r')) return std::nullopt;
  const auto number = take_number<std::int64_t>(text);
  return text.empty() ? number : std::nullopt;
}

std::optional<AttemptId> parse_attempt(std::string_view text) {
  if (!take(text, 'r')) return std::nullopt;
  const auto run = take_number<std::int64_t>(text);
  if (!run || !take(text, '.')) return std::nullopt;
  const auto job = take_number<std::int32_t>(text);
  if (!job || !take(text, '.')) return std::nullopt;
  const auto number = take_number<std::int32_t>(text);
  if (!number || !text.empty()) return std::nullopt;
  return AttemptId{{*run, *job}, *number};
}

}  // namespace assay::scheduler
