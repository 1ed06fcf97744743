#include "executor/console_lines.hpp"

#include <utility>

namespace assay::executor {

std::string without_ansi(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '\x1b') {
      out.push_back(text[i]);
      continue;
    }
    if (i + 1 >= text.size()) break;
    const char kind = text[++i];
    if (kind == '[') {  // CSI: parameters, then one byte from @ to ~
      while (i + 1 < text.size() && (text[i + 1] < '@' || text[i + 1] > '~')) ++i;
      ++i;
    } else if (kind == ']') {  // OSC: up to BEL or ESC backslash
      while (i + 1 < text.size() && text[i + 1] != '\a' && text[i + 1] != '\x1b') ++i;
      ++i;
      if (i < text.size() && text[i] == '\x1b') ++i;
    }
  }
  return out;
}

void LineBuilder::take(std::string_view text, std::uint64_t offset, std::uint64_t end, BootTime at,
                       std::vector<Line>& lines) {
  const bool exact = text.size() == end - offset;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (!open_) {
      open_ = true;
      line_ = {exact ? offset + i : offset, 0, at, {}};
    }
    line_.end = exact ? offset + i + 1 : end;
    if (text[i] == '\n') {
      finish(lines);
    } else if (text[i] != '\r') {
      line_.text.push_back(text[i]);
      if (line_.text.size() >= line_limit) finish(lines);
    }
  }
}

void LineBuilder::cut(std::vector<Line>& lines) {
  if (open_) finish(lines);
}

std::optional<Line> LineBuilder::open_line() const {
  if (!open_) return std::nullopt;
  Line line = line_;
  line.text = without_ansi(line.text);
  return line;
}

void LineBuilder::finish(std::vector<Line>& lines) {
  line_.text = without_ansi(line_.text);
  lines.push_back(std::exchange(line_, {}));
  open_ = false;
}

}  // namespace assay::executor
