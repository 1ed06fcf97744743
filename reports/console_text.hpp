// What a board said, as lines that a page can show: see LineSplitter and
// ConsoleLines of assay/v1/web.proto. Values with one owner. Sizes in bytes.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.hpp"
#include "reports/line_splitter.hpp"

namespace assay::reports {

inline constexpr std::size_t max_line = 4000;  // as received

struct ConsoleLine {
  std::string text;  // UTF-8, colours and other control characters included
  Duration at{};     // of its first byte
  bool open = false;
  std::uint64_t left_out = 0;  // bytes behind max_line
  friend bool operator==(const ConsoleLine&, const ConsoleLine&) = default;
};

// What is shown of a line as received: no \r at its end, no SMP frame behind its
// text, U+FFFD for what is not UTF-8.
std::string shown_text(std::string_view raw);
// And what a search looks at: that without colours; appended to `out`.
void append_searched(std::string_view raw, std::string& out);

// One line on its way. Looks at the bytes where they lie, until settle().
class LineText {
 public:
  void clear();
  void add(std::string_view more);
  // Copies what it looks at.
  void settle();

  // The first max_line bytes as received.
  [[nodiscard]] std::string_view raw() const { return kept_.empty() ? view_ : kept_; }
  [[nodiscard]] std::uint64_t left_out() const;

 private:
  std::string_view view_;  // only while kept_ is empty
  std::string kept_;
  std::uint64_t size_ = 0;
  std::uint64_t returns_ = 0;  // \r at its end
};

// Bytes received, in order, to whole lines.
class ConsoleText {
 public:
  using OnLine = std::function<void(ConsoleLine&&)>;

  void add(Duration at, std::string_view bytes, const OnLine&);
  // Bytes are missing here: the line ends.
  void gap(std::uint64_t missing, const OnLine&);
  // The line that has not ended.
  [[nodiscard]] std::optional<ConsoleLine> open() const;
  // None is on its way, nor may be.
  [[nodiscard]] bool between_lines() const { return splitter_.between_lines(); }
  // Lines that have begun.
  [[nodiscard]] std::uint64_t lines() const { return lines_; }

 private:
  struct Sink;
  [[nodiscard]] ConsoleLine line(bool open) const;

  LineSplitter splitter_;
  LineText text_;
  Duration line_at_{};  // of the line on its way
  Duration last_at_{};  // of the piece before
  std::uint64_t lines_ = 0;
};

}  // namespace assay::reports
