// One marker against a stream of console lines: the rules of plans::Marker.
// Not thread-safe.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "base/result.hpp"
#include "executor/console_lines.hpp"
#include "plans/job_spec.hpp"

namespace re2 {
class RE2;
}

namespace assay::executor {

class Matcher {
 public:
  // Cause::invalid when an expression is not RE2.
  static Result<Matcher> make(const plans::Marker&);

  // The next line of the stream, oldest first. `mark` is where the board was
  // last actuated: what `after` asks for must not be older. `cursor`: lines that
  // begin before it are no match, but they are looked at for `after` and `is`.
  // Group 1 (or "") when the line is a match.
  std::optional<std::string> take(const Line&, std::uint64_t mark, std::uint64_t cursor);

  [[nodiscard]] const plans::Marker& marker() const { return marker_; }
  // With `is`: the line that counted and said something else.
  [[nodiscard]] const std::optional<Line>& instead() const { return instead_; }
  // Was the line that `after` asks for seen?
  [[nodiscard]] bool anchored() const { return anchored_; }

 private:
  explicit Matcher(plans::Marker marker) : marker_(std::move(marker)) {}

  plans::Marker marker_;
  std::shared_ptr<const re2::RE2> pattern_;
  std::shared_ptr<const re2::RE2> after_;  // null: anywhere
  std::optional<std::uint64_t> mark_;
  bool anchored_ = false;
  bool counted_ = false;  // the one line that counts has been there
  std::optional<Line> instead_;
};

}  // namespace assay::executor
