#include "executor/matcher.hpp"

#include <re2/re2.h>

namespace assay::executor {

namespace {

Result<std::shared_ptr<const re2::RE2>> compiled(const std::string& marker,
                                                 const std::string& expression) {
  // Latin-1: a console is bytes, and one that is no UTF-8 must not end a match.
  re2::RE2::Options options(re2::RE2::Latin1);
  options.set_log_errors(false);
  auto regex = std::make_shared<const re2::RE2>(expression, options);
  if (!regex->ok()) {
    return fail(Cause::invalid, "marker '{}': '{}' is not a regular expression (RE2): {}", marker,
                expression, regex->error());
  }
  return regex;
}

}  // namespace

Result<Matcher> Matcher::make(const plans::Marker& marker) {
  Matcher made(marker);
  made.pattern_ = TRY(compiled(marker.name, marker.pattern));
  if (!marker.after.empty()) made.after_ = TRY(compiled(marker.name, marker.after));
  return made;
}

std::optional<std::string> Matcher::take(const Line& line, std::uint64_t mark,
                                         std::uint64_t cursor) {
  if (mark_ != mark) {
    mark_ = mark;
    anchored_ = after_ == nullptr;
    counted_ = false;
    instead_.reset();
  }
  if (line.offset >= mark && after_ != nullptr && re2::RE2::PartialMatch(line.text, *after_)) {
    anchored_ = true;
    counted_ = false;
    instead_.reset();
    return std::nullopt;
  }
  if (!anchored_) return std::nullopt;

  re2::StringPiece groups[2];
  const int wanted = pattern_->NumberOfCapturingGroups() > 0 ? 2 : 1;
  if (!pattern_->Match(line.text, 0, line.text.size(), re2::RE2::UNANCHORED, groups, wanted)) {
    return std::nullopt;
  }
  std::string captured(groups[1].data() == nullptr ? "" : groups[1].as_string());
  if (marker_.is) {
    if (counted_) return std::nullopt;
    counted_ = true;
    if (captured != *marker_.is) {
      instead_ = line;
      return std::nullopt;
    }
  }
  if (line.offset < cursor) return std::nullopt;
  return captured;
}

}  // namespace assay::executor
