// One console on its way into a report: its first and its last lines, as many as
// fit into its share of the file. A value with one owner. Sizes in bytes of JSON.
#pragma once

#include <cstdint>
#include <deque>
#include <string>
#include <vector>

#include "reports/console_text.hpp"

namespace assay::reports {

class ReportedConsole {
 public:
  void add(const ConsoleLine&);
  // What the lines at hand take in the file, with the commas between them.
  [[nodiscard]] std::size_t size() const { return head_size_ + tail_size_; }
  // From now on it takes at most this; what must go, goes from the middle.
  void shrink(std::size_t size);

  // As JSON. Where lines are missing, they do between the two.
  [[nodiscard]] const std::deque<std::string>& head() const { return head_; }
  [[nodiscard]] const std::deque<std::string>& tail() const { return tail_; }
  [[nodiscard]] std::uint64_t lines() const { return lines_; }
  [[nodiscard]] std::uint64_t missing() const { return lines_ - head_.size() - tail_.size(); }

 private:
  void trim();

  std::deque<std::string> head_, tail_;
  std::size_t head_size_ = 0, tail_size_ = 0;
  std::size_t limit_ = SIZE_MAX;
  std::uint64_t lines_ = 0;
};

// The same share for each, and what small ones leave for the large ones: the
// largest size at which all of them fit into `budget`.
std::size_t fair_size(std::vector<std::size_t> sizes, std::size_t budget);

}  // namespace assay::reports
