#include "plans/diagnostics.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <map>
#include <tuple>

#include "base/text.hpp"

namespace assay::plans {

std::string to_string(const Place& place) {
  if (place.line == 0) return printable(place.file);
  return fmt::format("{}:{}:{}", printable(place.file), place.line, place.column);
}

std::string to_string(const Diagnostic& diagnostic) {
  return fmt::format("{}: {}", to_string(diagnostic.place), diagnostic.text);
}

std::string to_string(const std::vector<Diagnostic>& all) {
  std::string lines;
  for (const Diagnostic& one : all) {
    if (!lines.empty()) lines += '\n';
    lines += to_string(one);
  }
  return lines;
}

Error to_error(const std::vector<Diagnostic>& all) {
  return {Cause::invalid, to_string(all)};
}

void Diagnostics::add(const Place& place, std::string text) {
  // A step that is repeated says the same each time.
  Diagnostic one{place, printable(text)};  // a document may come from anywhere
  if (found_.size() < 50 * limit && std::find(found_.begin(), found_.end(), one) == found_.end()) {
    found_.push_back(std::move(one));
  }
}

void Diagnostics::add(std::vector<Diagnostic> more) {
  for (Diagnostic& one : more) add(one.place, std::move(one.text));
}

std::vector<Diagnostic> Diagnostics::take() {
  std::map<std::string, std::size_t> files;
  for (const Diagnostic& one : found_) files.emplace(one.place.file, files.size());
  std::stable_sort(found_.begin(), found_.end(), [&](const Diagnostic& a, const Diagnostic& b) {
    return std::tuple(files.at(a.place.file), a.place.line, a.place.column) <
           std::tuple(files.at(b.place.file), b.place.line, b.place.column);
  });
  if (found_.size() > limit) {
    const std::size_t more = found_.size() - limit;
    found_.resize(limit);
    found_.push_back({{found_.back().place.file, 0, 0}, fmt::format("and {} more", more)});
  }
  return std::move(found_);
}

}  // namespace assay::plans
