// One role's console: windows of its lines, search, raw bytes.
#include <algorithm>

#include "base/text.hpp"
#include "queries/cached.hpp"
#include "queries/console_search.hpp"
#include "reports/to_messages.hpp"
#include "wire/limits.hpp"

namespace assay::queries {

namespace {

constexpr std::uint32_t max_count = 2000;
constexpr std::size_t max_lines_bytes = 4U << 20;
constexpr std::size_t max_raw = 4U << 20;
constexpr Duration longest_search = std::chrono::seconds(10);

// One that the attempt has; it need not have spoken.
template <class Attempt>
Result<> check_role(const Attempt& attempt, const std::string& role) {
  if (attempt.row.boards().contains(role) || attempt.index.fold().console(role) != nullptr)
    return {};
  std::vector<std::string> roles;
  for (const auto& [known, board] : attempt.row.boards()) roles.push_back(known);
  std::sort(roles.begin(), roles.end());
  return fail(Cause::not_found, "{} has no role '{}'; it has: {}", attempt.id,
              printable(role.substr(0, wire::max_name)), join(roles));
}

}  // namespace

Result<> Queries::lines(const std::string& attempt, const std::string& role,
                        const LinesWanted& wanted, v1::ConsoleLines* out) {
  if (wanted.count > max_count)
    return fail(Cause::invalid, "count: {}, at most {}", wanted.count, max_count);
  return cached_->attempt(backend_, attempt, [&](const Cached::Attempt& known) -> Result<> {
    TRY(check_role(known, role));
    out->set_attempt(attempt);
    out->set_role(role);
    out->set_ended(known.ended);
    const reports::ConsoleFold* console = known.index.fold().console(role);
    if (console == nullptr) return {};
    const std::uint64_t total = console->lines();
    const std::uint64_t wish = static_cast<std::uint64_t>(wanted.from);
    const std::uint64_t from =
        wanted.from < 0 ? total - std::min(total, std::uint64_t{0} - wish) : std::min(wish, total);
    out->set_from(from);
    out->set_total(total);
    out->set_bytes(console->bytes());
    out->set_cut(reports::cut_of(*console));
    std::size_t taken = 0;
    return known.index.lines(backend_.parts.segments, attempt, role, from, wanted.count,
                             [&](reports::ConsoleLine&& line) {
                               taken += line.text.size();
                               if (taken > max_lines_bytes) return false;
                               reports::fill(std::move(line), out->add_lines());
                               return true;
                             });
  });
}

Result<> Queries::search(const std::string& attempt, const std::string& role,
                         const SearchWanted& wanted, v1::ConsoleMatches* out) {
  std::uint64_t last = 0;
  TRY(cached_->attempt(backend_, attempt, [&](const Cached::Attempt& known) -> Result<> {
    last = known.index.fold().last();
    return check_role(known, role);
  }));
  // Without the index's lock: others want to read meanwhile.
  const Matches matches = TRY(search_console(backend_.parts.segments, attempt, role, last, wanted,
                                             Wait::for_(longest_search)));
  out->mutable_lines()->Add(matches.lines.begin(), matches.lines.end());
  out->set_total(matches.total);
  return {};
}

Result<std::uint64_t> Queries::console_size(const std::string& attempt, const std::string& role) {
  std::uint64_t size = 0;
  TRY(cached_->attempt(backend_, attempt, [&](const Cached::Attempt& known) -> Result<> {
    TRY(check_role(known, role));
    const reports::ConsoleFold* console = known.index.fold().console(role);
    if (console != nullptr) size = console->bytes();
    return {};
  }));
  return size;
}

Result<std::string> Queries::console_bytes(const std::string& attempt, const std::string& role,
                                           std::uint64_t offset, std::size_t size) {
  if (size > max_raw) return fail(Cause::invalid, "size: {} bytes, at most {}", size, max_raw);
  std::string bytes;
  TRY(cached_->attempt(backend_, attempt, [&](const Cached::Attempt& known) -> Result<> {
    TRY(check_role(known, role));
    bytes = TRY(known.index.bytes(backend_.parts.segments, attempt, role, offset, size));
    return {};
  }));
  return bytes;
}

}  // namespace assay::queries
