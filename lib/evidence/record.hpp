// Events folded into what a person asks of an attempt: its steps and how each
// went. Not thread-safe: a value with one owner.
//
// Memory is bounded: of each role's console only the last 64 KiB are kept until
// the step that points into it has ended, of steps the first 10,000.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/bytes.hpp"
#include "evidence/event.hpp"

namespace assay::evidence {

inline constexpr std::size_t kept_console = 64U << 10;  // bytes a role
inline constexpr std::size_t shown_lines = 40;          // console lines a step
inline constexpr std::size_t shown_columns = 400;       // bytes a line

struct StepRecord {
  std::uint32_t index = 0;
  std::string id, role, text, place;
  std::optional<StepState> state;  // none while it runs
  std::string sentence;
  std::vector<Finding> findings;
  Duration started_at{};
  Duration took{};
  // What the console showed, as StepEnded points at it: printable lines without
  // colours and SMP frames, oldest first.
  std::vector<std::string> console;
  std::uint64_t progress_done = 0, progress_total = 0;
  std::string progress_doing;
  std::uint64_t version = 0;  // AttemptRecord::version() when it last changed
};

// What an attempt did to one board, as its life is counted.
struct Wear {
  std::uint64_t power_switches = 0;  // edges, on and off
  std::uint64_t flash_cycles = 0;    // flashes and updates that wrote, whether they passed or not
};

class AttemptRecord {
 public:
  // Events in order, each once. An event that makes no sense (a step that ends
  // without having begun) is taken as far as it can be.
  void add(const Event&);

  [[nodiscard]] const std::vector<StepRecord>& steps() const { return steps_; }
  [[nodiscard]] const std::optional<AttemptStarted>& started() const { return started_; }
  [[nodiscard]] const std::optional<AttemptEnded>& ended() const { return ended_; }
  [[nodiscard]] std::uint64_t last() const { return last_; }  // sequence number, 0: none
  // Grows with everything but console bytes: whoever shows steps looks at it.
  [[nodiscard]] std::uint64_t version() const { return version_; }
  // By board.
  [[nodiscard]] const std::map<std::string, Wear>& wear() const { return wear_; }
  // About how much memory it takes: for caches.
  [[nodiscard]] std::size_t bytes() const;

 private:
  struct Console {
    std::uint64_t offset = 0;  // of bytes[0] in the stream received from the board
    std::string bytes;
    // Regions of steps that ended before their bytes came: those of a console that
    // says much follow at the end.
    struct Pending {
      std::uint32_t step = 0;
      std::uint64_t from = 0, to = 0;
    };
    std::deque<Pending> pending = {};
  };
  void resolve(Console&);
  static std::vector<std::string> lines(const Console&, std::uint64_t from, std::uint64_t to);
  // Of which something is about to change.
  StepRecord* step(std::uint32_t index);
  void take(const Event&, const StepStarted&);
  void take(const Event&, const StepEnded&);
  void take(const Event&, const StepEnded&, StepRecord&);
  void take(const Event&, const ConsoleBytes&);
  void count_wear(const Event&);

  std::vector<StepRecord> steps_;
  std::optional<AttemptStarted> started_;
  std::optional<AttemptEnded> ended_;
  std::map<std::string, Console> consoles_;  // by role
  std::map<std::string, Wear> wear_;
  std::uint64_t last_ = 0;
  std::uint64_t version_ = 0;
  std::size_t step_bytes_ = 0;  // what steps_ hold beside themselves
};

// Without the control sequences that begin with ESC [ (ECMA-48, 5.4), which set
// colours and move the cursor.
std::string without_colours(std::string_view line);

// Where an SMP frame begins in a line, or the line's size. It ends with the line;
// text may stand before it.
std::size_t smp_frame(std::string_view line);

// Printable lines of raw console bytes: line ends, ANSI sequences and SMP frames
// (lines that begin with 06 09 or 04 14) left out, at most `shown_lines`, the last.
std::vector<std::string> console_lines(std::string_view);

}  // namespace assay::evidence
