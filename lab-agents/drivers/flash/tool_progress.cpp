#include "drivers/flash/tool_progress.hpp"

#include <algorithm>
#include <charconv>
#include <numeric>
#include <utility>

namespace assay::drivers {

namespace {

constexpr std::size_t longest_line = 4096;
constexpr unsigned bar_length = 40;

// "37%", "37 %" or "37.25%": of the last one in the line; negative: there is none.
int percent_in(std::string_view line) {
  const auto sign = line.rfind('%');
  if (sign == std::string_view::npos) return -1;
  line = line.substr(0, sign);
  while (line.ends_with(' ')) line.remove_suffix(1);
  const auto begin = line.find_last_not_of("0123456789.");
  const auto number = line.substr(begin == std::string_view::npos ? 0 : begin + 1);
  int percent = -1;
  std::from_chars(number.data(), number.data() + number.size(), percent);
  return percent <= 100 ? percent : -1;
}

}  // namespace

void Percentages::operator()(std::string_view printed) {
  for (const char c : printed) {
    if (c == '\n' || c == '\r' || c == '\x1b') {
      look(line_);
      line_.clear();
    } else if (line_.size() < longest_line) {
      line_ += c;
    }
  }
  look(line_);  // a bar's line ends only when the next one is drawn over it
}

void Percentages::look(std::string_view line) {
  const int percent = percent_in(line);
  if (percent < 0) return;
  const auto phase = std::find_if(phases_.begin(), phases_.end(), [&](const Phase& one) {
    return line.find(one.printed) != std::string_view::npos;
  });
  if (phase == phases_.end()) return;
  order_.tell(
      {std::string(phase->doing), bytes_ * static_cast<std::uint64_t>(percent) / 100, bytes_});
}

PyocdBars::PyocdBars(std::vector<std::uint64_t> sizes, const abilities::Order& order)
    : sizes_(std::move(sizes)),
      order_(order),
      total_(std::accumulate(sizes_.begin(), sizes_.end(), std::uint64_t{0})) {}

// What it logs goes to the same pipe and may come in the middle of a bar.
void PyocdBars::operator()(std::string_view printed) {
  const unsigned drawn = drawn_;
  for (const char c : printed) {
    const char before = std::exchange(last_, c);
    if (!in_bar_) in_bar_ = c == '=' && before == '[';
    if (!in_bar_) continue;
    if (c == '=') ++drawn_;
    if (c != ']' || before != '=') continue;
    tell(bar_length);
    if (bars_ % 2 == 1 && bars_ / 2 < sizes_.size()) before_ += sizes_[bars_ / 2];
    ++bars_;
    drawn_ = 0;
    in_bar_ = false;
  }
  if (drawn_ != drawn && drawn_ != 0) tell(drawn_);
}

void PyocdBars::tell(unsigned drawn) {
  if (bars_ / 2 >= sizes_.size()) return;
  const bool erases = bars_ % 2 == 0;
  const auto done = before_ + sizes_[bars_ / 2] * std::min(drawn, bar_length) / bar_length;
  order_.tell({erases ? "erasing" : "writing", done, total_});
}

}  // namespace assay::drivers
