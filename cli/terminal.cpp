#include "cli/terminal.hpp"

#include <fmt/core.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>

namespace assay::cli {
namespace {

std::string_view code(Tone tone) {
  switch (tone) {
    case Tone::bold:
      return "\x1b[1m";
    case Tone::dim:
      return "\x1b[2m";
    case Tone::good:
      return "\x1b[32m";
    case Tone::bad:
      return "\x1b[31m";
    case Tone::warn:
      return "\x1b[33m";
    case Tone::plain:
      break;
  }
  return "";
}

bool begins_code_point(char c) {
  return (static_cast<unsigned char>(c) & 0xC0) != 0x80;
}

// The first `columns` code points.
std::string_view cut(std::string_view text, std::size_t columns) {
  std::size_t seen = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (begins_code_point(text[i]) && seen++ == columns) return text.substr(0, i);
  }
  return text;
}

}  // namespace

Terminal terminal_of(std::FILE* out) {
  Terminal terminal;
  if (isatty(fileno(out)) == 0) return terminal;
  const char* kind = std::getenv("TERM");
  const char* plain = std::getenv("NO_COLOR");
  terminal.live = kind != nullptr && std::string_view(kind) != "dumb";
  terminal.colour = terminal.live && (plain == nullptr || *plain == '\0');
  winsize size{};
  if (ioctl(fileno(out), TIOCGWINSZ, &size) == 0 && size.ws_col > 0) {
    terminal.width = size.ws_col;
    terminal.height = size.ws_row;
  }
  return terminal;
}

std::size_t width_of(std::string_view utf8) {
  return static_cast<std::size_t>(std::count_if(utf8.begin(), utf8.end(), begins_code_point));
}

std::string to_text(const Line& line, std::size_t width, bool colour) {
  std::size_t whole = 0;
  for (const Span& span : line) whole += width_of(span.text);
  const bool cuts = width > 0 && whole > width;
  std::size_t left = cuts ? width - 1 : whole;
  std::string out;
  for (const Span& span : line) {
    if (left == 0 && cuts) break;
    const std::string_view text = cut(span.text, left);
    left -= width_of(text);
    const std::string_view on = colour ? code(span.tone) : "";
    out += on;
    out += text;
    if (!on.empty()) out += "\x1b[0m";
  }
  if (cuts) out += "…";
  return out;
}

void print(std::FILE* out, const Line& line) {
  fmt::print(out, "{}\n", to_text(line, 0, terminal_of(out).colour));
  std::fflush(out);
}

void print(std::FILE* out, const Lines& lines) {
  const bool colour = terminal_of(out).colour;
  for (const Line& line : lines) fmt::print(out, "{}\n", to_text(line, 0, colour));
  std::fflush(out);
}

void print_cut(std::FILE* out, const Lines& lines) {
  const Terminal terminal = terminal_of(out);
  const auto width = terminal.live ? static_cast<std::size_t>(terminal.width) : 0;
  for (const Line& line : lines) fmt::print(out, "{}\n", to_text(line, width, terminal.colour));
  std::fflush(out);
}

Lines table(const std::vector<Line>& rows) {
  std::vector<std::size_t> widths;
  for (const Line& row : rows) {
    widths.resize(std::max(widths.size(), row.size()));
    for (std::size_t i = 0; i < row.size(); ++i) {
      widths[i] = std::max(widths[i], width_of(row[i].text));
    }
  }
  Lines lines;
  for (Line row : rows) {
    while (!row.empty() && row.back().text.empty()) row.pop_back();
    for (std::size_t i = 0; i + 1 < row.size(); ++i) {
      row[i].text.append(widths[i] - width_of(row[i].text) + 2, ' ');
    }
    lines.push_back(std::move(row));
  }
  return lines;
}

void LiveArea::draw(const Lines& lines, const Terminal& terminal) {
  const std::size_t most = terminal.height > 2 ? static_cast<std::size_t>(terminal.height) - 1 : 1;
  const std::size_t first = lines.size() > most ? lines.size() - most : 0;
  // One write, so that nothing flickers.
  std::string all;
  if (drawn_ > 0) all += fmt::format("\x1b[{}A\r", drawn_);
  for (std::size_t i = first; i < lines.size(); ++i) {
    all +=
        to_text(lines[i], static_cast<std::size_t>(terminal.width), terminal.colour) + "\x1b[K\n";
  }
  all += "\x1b[J";
  drawn_ = lines.size() - first;
  std::fwrite(all.data(), 1, all.size(), out_);
  std::fflush(out_);
}

void LiveArea::clear() {
  if (drawn_ == 0) return;
  fmt::print(out_, "\x1b[{}A\r\x1b[J", drawn_);
  std::fflush(out_);
  drawn_ = 0;
}

}  // namespace assay::cli
