#include "queries/console_search.hpp"

#include <re2/re2.h>

#include <algorithm>

#include "base/text.hpp"
#include "reports/console_text.hpp"
#include "reports/gaps.hpp"
#include "segments/scan.hpp"
#include "wire/console_view.hpp"

namespace assay::queries {

namespace {

constexpr std::size_t max_text = 500;
constexpr std::uint32_t max_limit = 10'000;
constexpr std::size_t block_bytes = 256U << 10;

// Whether a pattern means the same in a block of lines as in each of them. \A and
// \z are those of the block; a flag may take (?m) back; \C is any byte.
bool is_same_in_block(const std::string& pattern) {
  static const RE2 tells_apart(R"(\\[AzC]|\(\?[a-zA-Z]*-)");
  return !RE2::PartialMatch(pattern, tells_apart);
}

class Sought {
 public:
  static Result<std::unique_ptr<Sought>> make(const SearchWanted& wanted) {
    if (wanted.text.empty()) return fail(Cause::invalid, "text: say what to search for");
    if (wanted.text.size() > max_text) {
      return fail(Cause::invalid, "text: {} bytes, at most {}", wanted.text.size(), max_text);
    }
    if (wanted.limit > max_limit)
      return fail(Cause::invalid, "limit: {}, at most {}", wanted.limit, max_limit);
    RE2::Options options(RE2::Quiet);
    options.set_case_sensitive(wanted.match_case);
    options.set_literal(!wanted.regex);
    options.set_never_nl(true);
    options.set_max_mem(16 << 20);
    auto sought =
        std::unique_ptr<Sought>(new Sought((wanted.regex ? "(?m)" : "") + wanted.text, options,
                                           !wanted.regex || is_same_in_block(wanted.text)));
    if (!sought->pattern_.ok()) {
      return fail(Cause::invalid, "text: '{}' is no pattern of RE2: {}", printable(wanted.text),
                  sought->pattern_.error());
    }
    return sought;
  }

  // `block` is whole lines, each with its \n; calls found(index) for each that matches.
  template <class Found>
  void in_block(std::string_view block, Found&& found) const {
    for (std::size_t at = 0, line = 0; at < block.size();) {
      const std::size_t until = by_block_ ? block.size() : block.find('\n', at);
      re2::StringPiece match;
      const bool matches = by_block_
                               ? pattern_.Match(piece(block), at, until, RE2::UNANCHORED, &match, 1)
                               : pattern_.Match(piece(block.substr(at, until - at)), 0, until - at,
                                                RE2::UNANCHORED, nullptr, 0);
      if (by_block_ && !matches) return;
      const std::size_t where =
          by_block_ ? static_cast<std::size_t>(match.data() - block.data()) : at;
      line += static_cast<std::size_t>(
          std::count(block.begin() + static_cast<std::ptrdiff_t>(at),
                     block.begin() + static_cast<std::ptrdiff_t>(where), '\n'));
      if (matches && where < block.size()) found(line);
      at = std::min(block.find('\n', where), block.size() - 1) + 1;
      ++line;
    }
  }

 private:
  Sought(const std::string& pattern, const RE2::Options& options, bool by_block)
      : pattern_(pattern, options), by_block_(by_block) {}
  static re2::StringPiece piece(std::string_view text) { return {text.data(), text.size()}; }

  const RE2 pattern_;
  const bool by_block_;
};

// Takes lines from a splitter and looks through them, a block at a time.
class Looking {
 public:
  Looking(const Sought& sought, std::uint32_t limit) : sought_(sought), limit_(limit) {
    block_.reserve(block_bytes + reports::max_line);
  }

  void begin(std::size_t) { line_.clear(); }
  void text(std::string_view more) { line_.add(more); }
  void end() {
    reports::append_searched(line_.raw(), block_);
    block_ += '\n';
    ++in_block_;
  }
  // After each piece, whose bytes are no longer there afterwards.
  void settle() {
    line_.settle();
    if (block_.size() >= block_bytes) look();
  }
  void look() {
    sought_.in_block(block_, [&](std::size_t line) {
      ++matches_.total;
      if (matches_.lines.size() < limit_) matches_.lines.push_back(before_ + line);
    });
    before_ += in_block_;
    in_block_ = 0;
    block_.clear();
  }
  Matches& matches() { return matches_; }

 private:
  const Sought& sought_;
  const std::uint32_t limit_;
  reports::LineText line_;
  std::string block_;
  std::uint64_t before_ = 0, in_block_ = 0;  // lines
  Matches matches_;
};

Result<> check(const Wait& wait) {
  if (wait.stop.stop_requested()) return fail(Cause::cancelled, "the search was called off");
  if (wait.until.passed())
    return fail(Cause::timeout, "the search took too long: look for a simpler pattern");
  return {};
}

}  // namespace

Result<Matches> search_console(segments::Segments& segments, const std::string& attempt,
                               const std::string& role, std::uint64_t last,
                               const SearchWanted& wanted, const Wait& wait) {
  const auto sought = TRY(Sought::make(wanted));
  Looking looking(*sought, wanted.limit);
  segments::Scan scan(segments, attempt);
  reports::LineSplitter splitter;
  reports::Gaps gaps;
  std::uint64_t checked = 0;
  while (scan.cursor().seq < last) {
    const auto record = TRY(scan.next());
    if (!record) break;
    if (record->before.offset - checked >= block_bytes) {
      checked = record->before.offset;
      TRY(check(wait));
    }
    const auto view = wire::view_console(record->message);
    if (!view || view->sent || view->role != role) continue;
    if (const std::uint64_t missing = gaps.before(view->offset, view->data.size()); missing > 0) {
      splitter.cut(looking);
      const std::string line = reports::gap_line(missing);
      looking.begin(0);
      looking.text(line);
      looking.end();
    }
    splitter.feed(view->data, looking);
    looking.settle();
  }
  if (splitter.open()) looking.end();
  looking.look();
  return std::move(looking.matches());
}

}  // namespace assay::queries
