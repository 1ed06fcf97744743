// What is wrong with a document and where: every finding at once, not only the
// first. Not thread-safe: values.
#pragma once

#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <vector>

#include "base/result.hpp"

namespace assay::plans {

// Where something stands in a file. Lines and columns count from 1, columns in bytes.
struct Place {
  std::string file;  // as the user named it
  int line = 0;      // 0: the file as a whole
  int column = 0;
  friend bool operator==(const Place&, const Place&) = default;
};
std::string to_string(const Place&);  // "ota.yaml:12:5", "ota.yaml"

struct Diagnostic {
  Place place;
  std::string text;  // the fact, and what to write instead
  friend bool operator==(const Diagnostic&, const Diagnostic&) = default;
};
std::string to_string(
    const Diagnostic&);  // "ota.yaml:12:5: unknown key 'buad', did you mean 'baud'?"

// Collects findings. At most `limit` are kept; the list says when there were more.
class Diagnostics {
 public:
  static constexpr std::size_t limit = 20;

  void add(const Place&, std::string text);
  void add(std::vector<Diagnostic>);
  [[nodiscard]] bool empty() const { return found_.empty(); }
  [[nodiscard]] std::size_t size() const { return found_.size(); }
  // By file (in the order of appearance), line and column, without repetitions.
  [[nodiscard]] std::vector<Diagnostic> take();

 private:
  std::vector<Diagnostic> found_;
};

// A value, or everything that is wrong with its source.
template <class T>
using Checked = tl::expected<T, std::vector<Diagnostic>>;

// One line a finding, without a line break at the end.
std::string to_string(const std::vector<Diagnostic>&);
// The same as an Error with Cause::invalid, for code that returns Result.
Error to_error(const std::vector<Diagnostic>&);

}  // namespace assay::plans
