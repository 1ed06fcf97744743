// Console bytes in pieces of any size to lines, as ConsoleLines of
// assay/v1/web.proto has them: a line ends at \n; one that begins with an SMP
// frame is none. A value with one owner; a few bytes of state.
//
// Whether a line that begins with 06 or 04 is one shows in its second byte: until
// then it has not begun.
#pragma once

#include <cstddef>
#include <cstring>
#include <string_view>

namespace assay::reports {

class LineSplitter {
 public:
  // Instead of an index: the line began with the last byte of an earlier piece.
  static constexpr std::size_t earlier = static_cast<std::size_t>(-1);

  // Calls sink.begin(index into `bytes` of the line's first byte), then
  // sink.text(more of it, its \r included) any number of times, then sink.end().
  template <class Sink>
  void feed(std::string_view bytes, Sink& sink) {
    for (std::size_t i = 0; i < bytes.size();) {
      if (at_ == At::start) {
        const char c = bytes[i];
        if (second_of_frame(c) != 0 && i + 1 == bytes.size()) {
          first_ = c;
          at_ = At::first;
          return;
        }
        if (second_of_frame(c) != 0 && bytes[i + 1] == second_of_frame(c)) {
          at_ = At::frame;
        } else {
          sink.begin(i);
          at_ = At::inside;
        }
      } else if (at_ == At::first) {
        if (bytes[i] == second_of_frame(first_)) {
          at_ = At::frame;
        } else {
          begin_with_first(sink);
        }
      }
      const void* found = std::memchr(bytes.data() + i, '\n', bytes.size() - i);
      const std::size_t end =
          found == nullptr
              ? bytes.size()
              : static_cast<std::size_t>(static_cast<const char*>(found) - bytes.data());
      if (at_ == At::inside && end > i) sink.text(bytes.substr(i, end - i));
      if (found == nullptr) return;
      if (at_ == At::inside) sink.end();
      at_ = At::start;
      i = end + 1;
    }
  }
  // Bytes are missing here: what follows begins a line.
  template <class Sink>
  void cut(Sink& sink) {
    if (at_ == At::first) begin_with_first(sink);
    if (at_ == At::inside) sink.end();
    at_ = At::start;
  }
  // A line has begun and not ended.
  [[nodiscard]] bool open() const { return at_ == At::inside; }
  // Neither has one, nor may what has been seen turn out to be its start.
  [[nodiscard]] bool between_lines() const { return at_ == At::start || at_ == At::frame; }

 private:
  enum class At : char { start, first, inside, frame };

  // SMP over console: 06 09 begins a frame, 04 14 goes on with it.
  static char second_of_frame(char c) { return c == '\x06' ? '\x09' : c == '\x04' ? '\x14' : '\0'; }
  template <class Sink>
  void begin_with_first(Sink& sink) {
    sink.begin(earlier);
    sink.text(std::string_view(&first_, 1));
    at_ = At::inside;
  }

  At at_ = At::start;
  char first_ = 0;
};

}  // namespace assay::reports
