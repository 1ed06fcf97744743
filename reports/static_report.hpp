// A run's evidence as one HTML file that needs no server: the page that Vite
// builds (reports/pages/dist/report.html) with a StaticReport in it.
// Thread-safe: free functions; a ReportedConsole has one owner. Sizes in bytes.
#pragma once

#include <assay/v1/web.pb.h>

#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "reports/console_text.hpp"

namespace assay::reports {

// As proto JSON in which neither a tag nor a line end of JavaScript can stand:
// '<', '>', '&', U+2028 and U+2029 are escaped.
Result<std::string> embedded_json(const v1::StaticReport&);

// The template with `json` in its place. Cause::invalid when the template does not
// have that place exactly once.
Result<std::string> report_page(std::string_view page, std::string_view json);

// One console on its way into the file: its first and its last lines.
class ReportedConsole {
 public:
  ReportedConsole(std::string attempt, std::string role)
      : attempt_(std::move(attempt)), role_(std::move(role)) {}
  void add(ConsoleLine&&);
  // About what the lines take in the file.
  [[nodiscard]] std::size_t size() const { return head_size_ + tail_size_; }
  // Keeps half of it at either end.
  void shrink(std::size_t size);
  // What is at hand as one message, or two when lines are missing between.
  void fill(std::uint64_t bytes, bool ended, const std::string& cut, v1::StaticReport*) const;

  [[nodiscard]] const std::string& attempt() const { return attempt_; }
  [[nodiscard]] const std::string& role() const { return role_; }
  [[nodiscard]] std::uint64_t lines() const { return lines_; }
  // Left out between them.
  [[nodiscard]] std::uint64_t missing() const { return lines_ - head_.size() - tail_.size(); }

 private:
  static std::size_t size_of(const ConsoleLine&);

  std::string attempt_, role_;
  std::deque<ConsoleLine> head_, tail_;
  std::size_t head_size_ = 0, tail_size_ = 0;
  std::size_t half_ = SIZE_MAX / 2;
  std::uint64_t lines_ = 0;
};

// The same share for each, and what small ones leave for the large ones: the
// largest size at which all of them fit into `budget`.
std::size_t fair_size(std::vector<std::size_t> sizes, std::size_t budget);

}  // namespace assay::reports
