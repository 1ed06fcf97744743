// Events of one attempt folded into what its timeline shows. A value with one
// owner. Memory is bounded, whatever comes: at most some MiB.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.hpp"
#include "evidence/event.hpp"
#include "reports/gaps.hpp"
#include "reports/line_splitter.hpp"

namespace assay::reports {

// Of each sort, so that none can push out another: steps; power edges and resets;
// progress, notes and measurements.
inline constexpr std::size_t max_step_marks = 10'000;
inline constexpr std::size_t max_edge_marks = 4'000;
inline constexpr std::size_t max_other_marks = 6'000;
inline constexpr std::size_t max_mark_text = 1'000;  // bytes
inline constexpr std::size_t max_progress = 200;     // marks a step
inline constexpr std::size_t max_spans = 1024;       // of a console
inline constexpr Duration first_span = std::chrono::milliseconds(10);

struct Mark {
  enum class Kind { power_on, power_off, reset, note, measurement, progress, step };
  Duration at{};
  Kind kind = Kind::note;
  std::string role, board;
  std::string text;  // a note, a measurement's name, or what is under way
  double value = 0, total = 0;
  std::string unit = {};
  std::uint32_t step = 0;
  bool verified = false;
  // Lines of each console that had begun, in the order of AttemptFold::consoles();
  // of power edges, resets and steps.
  std::vector<std::uint64_t> lines = {};
};

// What one role's board said.
class ConsoleFold {
 public:
  // The first line that begins in the piece at hand.
  struct Begun {
    std::uint64_t line = 0;  // its number
    std::size_t index = 0;   // of its first byte in the piece
  };
  // `offset`: of the first byte in the stream that the agent received.
  std::optional<Begun> add(Duration at, std::uint64_t offset, std::string_view bytes);

  [[nodiscard]] std::uint64_t lines() const { return lines_; }  // begun
  [[nodiscard]] std::uint64_t bytes() const { return bytes_; }  // at hand
  // That the agent or assayd left out, at least.
  [[nodiscard]] std::uint64_t missing() const { return missing_; }
  [[nodiscard]] const std::vector<std::uint32_t>& activity() const { return activity_; }
  [[nodiscard]] Duration span() const { return span_; }

 private:
  struct Sink;
  void count(Duration at, std::size_t bytes);

  LineSplitter splitter_;
  std::uint64_t lines_ = 0, bytes_ = 0, missing_ = 0;
  Gaps gaps_;
  std::vector<std::uint32_t> activity_;
  Duration span_ = first_span;
};

class AttemptFold {
 public:
  // Events in order, each once.
  void add(const evidence::Event&);
  // The same for console bytes at hand, without copying them. Nullopt also for
  // those that were sent, and past max_roles.
  std::optional<ConsoleFold::Begun> add_console(std::uint64_t seq, Duration at,
                                                std::string_view role, std::uint64_t offset,
                                                bool sent, std::string_view bytes);

  struct Console {
    std::string role;
    ConsoleFold fold;
  };
  [[nodiscard]] std::uint64_t last() const { return last_; }  // sequence number, 0: none
  [[nodiscard]] Duration length() const { return length_; }
  [[nodiscard]] bool ended() const { return ended_; }
  [[nodiscard]] std::int64_t started_unix_micros() const { return started_unix_micros_; }
  // As they came, which is almost the order of time.
  [[nodiscard]] const std::vector<Mark>& marks() const { return marks_; }
  [[nodiscard]] std::uint64_t marks_left_out() const { return left_out_; }
  // In the order in which they first spoke.
  [[nodiscard]] const std::vector<Console>& consoles() const { return consoles_; }
  [[nodiscard]] const ConsoleFold* console(std::string_view role) const;
  // About how much memory it takes: for caches.
  [[nodiscard]] std::size_t bytes() const;

 private:
  struct Progress {
    std::uint64_t kept = 0;  // value of the last mark that stays
    std::size_t marks = 0;
    std::size_t newest = 0;    // its index
    bool provisional = false;  // the newest is to be replaced by the next
  };
  void seen(std::uint64_t seq, Duration at);
  void add(const evidence::Event&, const evidence::StepProgress&);
  // nullptr: there are too many.
  Mark* mark(const evidence::Event&, Mark::Kind, std::string_view text = "");
  Console* console_of(std::string_view role);

  std::uint64_t last_ = 0;
  Duration length_{};
  bool ended_ = false;
  std::int64_t started_unix_micros_ = 0;
  std::vector<Mark> marks_;
  std::size_t mark_bytes_ = 0;
  std::size_t steps_ = 0, edges_ = 0, others_ = 0;
  std::uint64_t left_out_ = 0;
  std::map<std::uint32_t, Progress> progress_;
  std::vector<Console> consoles_;
};

}  // namespace assay::reports
