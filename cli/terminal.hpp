// Lines for people: tones, widths, and the two kinds of output there are, a
// terminal that can be redrawn and anything else. Lines are values; only
// LiveArea and print() write. Not thread-safe.
#pragma once

#include <cstdio>
#include <string>
#include <string_view>
#include <vector>

namespace assay::cli {

enum class Tone { plain, bold, dim, good, bad, warn };

struct Span {
  std::string text;  // printable, without line ends
  Tone tone = Tone::plain;
};
using Line = std::vector<Span>;
using Lines = std::vector<Line>;

struct Terminal {
  bool live = false;    // can be redrawn: a terminal that is not "dumb"
  bool colour = false;  // a terminal, and NO_COLOR is not set
  int width = 80;
  int height = 24;
};
// As it is now: the user may have resized it.
Terminal terminal_of(std::FILE*);

// Code points, as good a width as any without a font.
std::size_t width_of(std::string_view utf8);

// At most `width` columns (0: no limit), cut with "…".
std::string to_text(const Line&, std::size_t width, bool colour);

void print(std::FILE*, const Line&);
void print(std::FILE*, const Lines&);
// Cut to a terminal's width, whole elsewhere.
void print_cut(std::FILE*, const Lines&);

// Columns padded to the same width, two spaces between; trailing space cut.
Lines table(const std::vector<Line>& rows);

// Lines at the bottom of a terminal that are drawn again and again. Text printed
// in between goes above them: clear() first.
class LiveArea {
 public:
  explicit LiveArea(std::FILE* out) : out_(out) {}
  ~LiveArea() { clear(); }
  LiveArea(const LiveArea&) = delete;
  LiveArea& operator=(const LiveArea&) = delete;
  void draw(const Lines&, const Terminal&);
  void clear();
  // Leaves what is drawn where it is.
  void keep() { drawn_ = 0; }

 private:
  std::FILE* out_;
  std::size_t drawn_ = 0;
};

}  // namespace assay::cli
