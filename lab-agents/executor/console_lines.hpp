// Console text to lines. Not thread-safe. Offsets count the raw bytes of the
// role's console stream, SMP frames included.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.hpp"

namespace assay::executor {

// Longer lines are cut: what follows is a line of its own.
inline constexpr std::size_t line_limit = 4096;

struct Line {
  std::uint64_t offset = 0;  // of its first byte
  std::uint64_t end = 0;     // behind its line feed
  BootTime at;               // when its first byte was read
  std::string text;          // without line end, carriage returns and ANSI sequences
  friend bool operator==(const Line&, const Line&) = default;
};

std::string without_ansi(std::string_view);

class LineBuilder {
 public:
  // `text` was found in the raw bytes [offset, end): the same bytes, or fewer
  // when frames were taken out. Whole lines are appended to `lines`.
  void take(std::string_view text, std::uint64_t offset, std::uint64_t end, BootTime at,
            std::vector<Line>& lines);
  // What is there of a line ends here: the machine that printed it is gone.
  void cut(std::vector<Line>& lines);
  // What is there of a line, or nullopt.
  [[nodiscard]] std::optional<Line> open_line() const;

 private:
  void finish(std::vector<Line>& lines);

  bool open_ = false;
  Line line_;
};

}  // namespace assay::executor
