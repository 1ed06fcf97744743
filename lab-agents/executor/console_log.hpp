// One role's console during one attempt: every byte as evidence, SMP packets
// for the client, lines for expectations, and the cursor over them.
//
// An actuation marks the cursor before it acts; a match moves the cursor behind
// its line; so a stale line never satisfies a new expectation. `never` markers
// are held against every line from the start, whatever the cursor.
//
// feed() belongs to the console's reader thread, the rest to the attempt's.
// Nothing is emitted after close() has returned. Offsets and sizes in bytes.
#pragma once

#include <deque>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "abilities/ability.hpp"
#include "executor/attempt.hpp"
#include "executor/console_lines.hpp"
#include "executor/matcher.hpp"
#include "executor/watch.hpp"
#include "protocols/smp.hpp"

namespace assay::executor {

inline constexpr std::size_t chunk_limit = 64 << 10;  // of one ConsoleBytes event
inline constexpr std::size_t kept_text = 16 << 20;    // of lines; older ones are forgotten
// Of the bytes a failed step points at: room for the SMP frames of an upload, and
// less than a reader of the events keeps (evidence/record.hpp).
inline constexpr std::uint64_t evidence_limit = 32 << 10;
inline constexpr std::size_t evidence_lines = 10;  // before the step that failed

// What stands there without a line end for so long is a prompt.
inline constexpr Duration prompt_after = std::chrono::milliseconds(500);

struct Match {
  Line line;
  std::string captured;
};

struct Region {
  std::uint64_t offset = 0;
  std::uint64_t length = 0;
};

class ConsoleLog {
 public:
  using OnNever = std::function<void(const plans::Marker&, const Line&)>;

  // Lines that began before `started` are evidence, but nothing is held against
  // them: they belong to whoever used the board before.
  ConsoleLog(Watch&, EventSink&, std::string role, std::string board, BootTime started,
             std::vector<Matcher> never, OnNever, smp::StreamTransport::Write write);

  void feed(const abilities::ConsoleChunk&);
  void close();

  // The board is about to be actuated: what was printed so far is stale. `what`
  // is for sentences ("power cycle"). `silent`: it is off, so that a half line
  // in hand ends here.
  void mark(const std::string& what, bool silent);
  [[nodiscard]] std::string last_actuation() const;

  // The first line behind the cursor that `matcher` takes, or what stands there as a
  // prompt; moves the cursor.
  Result<Match> expect(Matcher& matcher, const Wait&);
  // The latest line since the last actuation, waiting for one; leaves the cursor.
  Result<Match> latest(const plans::Marker&, const Wait&);

  // No byte for `quiet`.
  Result<> silence(Duration quiet, const Wait&);
  // The board is about to start: whether it lives is shown by what it says from
  // now on. `what` as in mark().
  void starts(const std::string& what);
  // It has said nothing since this ("power cycle", "attempt"); nullopt: it has.
  [[nodiscard]] std::optional<std::string> silent_since() const;
  // Until it says something since starts().
  Result<> speaks(const Wait&);

  // From now on the board is off (or on): lines later than `settle` are noted.
  void powered(bool on, Duration settle);
  [[nodiscard]] bool is_off() const;
  // Offset of the first line that came although the board was off.
  [[nodiscard]] std::optional<std::uint64_t> talked_while_off() const;

  [[nodiscard]] std::vector<Line> since_mark() const;
  [[nodiscard]] std::uint64_t cursor() const;
  // From `offset` to now, and the last lines before that since the last actuation:
  // a step that asks by SMP has none of its own. The end of it, should it be long.
  [[nodiscard]] Region evidence(std::uint64_t offset) const;

  // A new SMP client's way to the board and back: answers to an earlier client
  // are forgotten.
  smp::Transport& smp() {
    smp_.clear();
    return smp_;
  }

 private:
  Result<> send(ByteView, const Wait&);
  void emit(std::uint64_t offset, bool sent, ByteView);
  void add(std::vector<Line>&&);

  Watch& watch_;
  EventSink& sink_;
  const std::string role_, board_;
  const BootTime started_;
  const OnNever on_never_;
  const smp::StreamTransport::Write write_;
  smp::StreamTransport smp_;

  // Guarded by watch_.mutex.
  bool closed_ = false;
  std::uint64_t received_ = 0, sent_ = 0;
  LineBuilder builder_;
  std::deque<Line> lines_;
  std::uint64_t first_ = 0;  // running number of lines_.front()
  std::size_t text_ = 0;     // bytes in lines_
  bool forgot_ = false;
  std::vector<Matcher> never_;
  std::uint64_t mark_ = 0, cursor_ = 0;
  std::string actuation_;
  std::string start_ = "attempt";
  BootTime start_at_ = started_;
  bool spoke_ = false;  // since start_at_
  std::optional<BootTime> off_since_;
  std::optional<std::uint64_t> talked_;
};

}  // namespace assay::executor
