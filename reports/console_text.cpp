#include "reports/console_text.hpp"

#include <algorithm>

#include "base/text.hpp"
#include "evidence/record.hpp"
#include "reports/gaps.hpp"

namespace assay::reports {

namespace {

std::string_view without_returns(std::string_view line) {
  while (!line.empty() && line.back() == '\r') line.remove_suffix(1);
  return line;
}

// Most lines: eight bytes at a time.
bool is_printable_ascii(std::string_view text) {
  constexpr std::uint64_t ones = 0x0101010101010101, high = 0x8080808080808080;
  std::size_t i = 0;
  for (; i + 8 <= text.size(); i += 8) {
    std::uint64_t word = 0;
    std::memcpy(&word, text.data() + i, sizeof word);
    // A byte below 0x20 borrows into its high bit; above 0x7F has it.
    if (((word | (word - ones * 0x20)) & high) != 0) return false;
  }
  return std::all_of(text.begin() + static_cast<std::ptrdiff_t>(i), text.end(),
                     [](char c) { return static_cast<unsigned char>(c) - 0x20U < 0x60U; });
}

// The cut at max_line may have divided a character.
std::string_view without_half_character(std::string_view line) {
  if (line.size() != max_line) return line;
  for (std::size_t back = 1; back <= 3; ++back) {
    const auto c = static_cast<unsigned char>(line[line.size() - back]);
    if ((c & 0xC0) == 0x80) continue;
    const std::size_t wanted = c >= 0xF0 ? 4 : c >= 0xE0 ? 3 : c >= 0xC0 ? 2 : 1;
    return wanted > back ? line.substr(0, line.size() - back) : line;
  }
  return line;
}

}  // namespace

std::string shown_text(std::string_view raw) {
  const std::string_view line = without_returns(without_half_character(raw));
  if (is_printable_ascii(line)) return std::string(line);
  return replace_non_utf8(without_returns(line.substr(0, evidence::smp_frame(line))));
}

void append_searched(std::string_view raw, std::string& out) {
  const std::string_view line = without_returns(raw);
  if (is_printable_ascii(line)) {
    out += line;
  } else {
    out += evidence::without_colours(shown_text(raw));
  }
}

void LineText::clear() {
  view_ = {};
  kept_.clear();
  size_ = returns_ = 0;
}

void LineText::add(std::string_view more) {
  if (more.empty()) return;
  const auto last = more.find_last_not_of('\r');
  returns_ = last == std::string_view::npos ? returns_ + more.size() : more.size() - 1 - last;
  size_ += more.size();
  settle();
  if (kept_.empty()) {
    view_ = more.substr(0, max_line);
  } else {
    kept_ += more.substr(0, max_line - kept_.size());
  }
}

void LineText::settle() {
  if (view_.empty()) return;
  kept_.assign(view_);
  view_ = {};
}

std::uint64_t LineText::left_out() const {
  const std::uint64_t text = size_ - returns_;
  return text > max_line ? text - max_line : 0;
}

struct ConsoleText::Sink {
  ConsoleText& console;
  Duration at;
  const OnLine& on_line;

  void begin(std::size_t index) {
    console.text_.clear();
    console.line_at_ = index == LineSplitter::earlier ? console.last_at_ : at;
    ++console.lines_;
  }
  void text(std::string_view more) { console.text_.add(more); }
  void end() { on_line(console.line(false)); }
};

void ConsoleText::add(Duration at, std::string_view bytes, const OnLine& on_line) {
  if (bytes.empty()) return;
  Sink sink{*this, at, on_line};
  splitter_.feed(bytes, sink);
  text_.settle();
  last_at_ = at;
}

void ConsoleText::gap(std::uint64_t missing, const OnLine& on_line) {
  Sink sink{*this, last_at_, on_line};
  splitter_.cut(sink);
  ++lines_;
  on_line({gap_line(missing), last_at_, false, 0});
}

std::optional<ConsoleLine> ConsoleText::open() const {
  return splitter_.open() ? std::optional(line(true)) : std::nullopt;
}

ConsoleLine ConsoleText::line(bool open) const {
  return {shown_text(text_.raw()), line_at_, open, text_.left_out()};
}

}  // namespace assay::reports
