#include "web/parameters.hpp"

#include <algorithm>
#include <charconv>

#include "base/text.hpp"

namespace assay::web {

std::string Parameters::text(const std::string& name) {
  known_.push_back(name);
  for (const auto& [key, value] : target_.query) {
    if (key == name) return value;
  }
  return "";
}

bool Parameters::has(const std::string& name) const {
  return std::any_of(target_.query.begin(), target_.query.end(),
                     [&](const auto& one) { return one.first == name; });
}

Result<std::int64_t> Parameters::number(const std::string& name, std::int64_t otherwise,
                                        std::int64_t least, std::int64_t most) {
  const std::string word = text(name);
  if (!has(name)) return otherwise;
  std::int64_t value = 0;
  const auto read = std::from_chars(word.data(), word.data() + word.size(), value);
  if (word.empty() || read.ec != std::errc() || read.ptr != word.data() + word.size() ||
      value < least || value > most) {
    return fail(Cause::invalid, "{}={}: give a number from {} to {}", name,
                printable(word.substr(0, 100)), least, most);
  }
  return value;
}

Result<std::uint32_t> Parameters::count(const std::string& name, std::uint32_t otherwise,
                                        std::uint32_t least, std::uint32_t most) {
  return static_cast<std::uint32_t>(TRY(number(name, otherwise, least, most)));
}

Result<bool> Parameters::flag(const std::string& name) {
  return TRY(number(name, 0, 0, 1)) == 1;
}

Result<> Parameters::all_taken() const {
  for (const auto& [key, value] : target_.query) {
    if (std::find(known_.begin(), known_.end(), key) != known_.end()) continue;
    const std::string near = did_you_mean(key, known_);
    const std::string rest =
        known_.empty() ? "; this address takes none" : "; this address takes " + join(known_);
    return fail(Cause::invalid, "unknown parameter '{}'{}", printable(key.substr(0, 100)),
                near.empty() ? rest : near);
  }
  return {};
}

}  // namespace assay::web
