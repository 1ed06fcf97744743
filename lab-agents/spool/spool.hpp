// The events of one attempt on the agent's disk, until assayd has them on its own.
//
// Thread-safe. append() numbers events from 1; acknowledge() forgets what is
// stored elsewhere. Records are [u32 length][u32 CRC-32][Event], little endian,
// written at once and not synced: they must outlive this process, not this
// machine, whose attempts end with it anyway. When the disk is full the rest is
// kept in memory (bounded) and `trouble()` says so, so that the attempt can end
// with an honest lab error. What cannot be read back is cut off: the attempt's end
// then says so.
//
// Console bytes are bounded, each role's alike. Once a console has said half of its
// share, the rest goes to a ring (console_tail.hpp), and what the ring holds in the
// end is appended before the attempt's end, with a note of what had to make room.
// So an event's `at` may be earlier than that of the one before, but a console's
// bytes stay in order.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <filesystem>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "base/fd.hpp"
#include "base/limits.hpp"
#include "base/result.hpp"
#include "evidence/event.hpp"
#include "spool/console_tail.hpp"

namespace assay::spool {

struct Limits {
  std::uint64_t attempt_bytes = default_attempt_bytes;  // of console events
  std::size_t roles = 1;                                // that share them
  std::uint64_t memory_bytes = 4ull << 20;              // kept when the disk is full
};

class Spool {
 public:
  // A new file; an old one of the same attempt is an error.
  static Result<std::unique_ptr<Spool>> create(const std::filesystem::path& folder,
                                               const std::string& attempt, Limits = {});
  // What a dead agent left behind; a torn last record is cut off.
  static Result<std::unique_ptr<Spool>> reopen(const std::filesystem::path& folder,
                                               const std::string& attempt);
  // Attempts with a spool in `folder`.
  static std::vector<std::string> list(const std::filesystem::path& folder);

  ~Spool() = default;

  // Numbers and keeps the event; calls `on_append` afterwards.
  std::uint64_t append(evidence::Event);
  // The consoles have said all: appends their tails, which may take seconds; others may
  // call meanwhile. Comes before the attempt's end, at the latest with it.
  void append_tails();
  // Events after `after`, about `bytes` of them, serialised, in order; an error only
  // when the first of them cannot be read back.
  Result<std::vector<std::string>> read(std::uint64_t after, std::size_t bytes);
  void acknowledge(std::uint64_t seq);
  // Forgets all events after `after`, which cannot be read back for the reason `why`.
  // None but the attempt's end is kept after that, made a lab error; when it was
  // among the forgotten, it stands again at once.
  void cut(std::uint64_t after, const std::string& why);

  [[nodiscard]] const std::string& attempt() const { return attempt_; }
  std::uint64_t last() const;
  std::uint64_t acknowledged() const;
  // The last event is AttemptEnded.
  bool complete() const;
  // Everything is acknowledged, the last event too.
  bool delivered() const;
  bool was_cut() const;
  // Why events are only in memory or lost, if they are.
  std::optional<std::string> trouble() const;
  void on_append(std::function<void()>);
  // Deletes the file; the object stays usable for nothing else.
  void remove();

 private:
  struct Record {
    std::uint64_t offset = 0;
    std::uint32_t length = 0;
    std::string memory;  // when it could not be written
  };
  Spool(std::filesystem::path file, std::string attempt, UniqueFd fd, Limits limits);
  Result<> load();
  void number(evidence::Event);
  void store(std::string bytes);
  bool take_console(evidence::Event&);
  bool append_next_of_tails();
  Result<std::string> read_back(const Record&);
  evidence::AttemptEnded end_of_cut() const;

  const std::filesystem::path file_;
  const std::string attempt_;
  const Limits limits_;
  const UniqueFd fd_;

  mutable std::mutex mutex_;
  std::deque<Record> records_;  // of events acknowledged_ + 1 ...
  std::uint64_t acknowledged_ = 0;
  std::uint64_t last_ = 0;
  std::uint64_t end_ = 0;  // of the file
  std::uint64_t memory_bytes_ = 0;
  struct Console {
    std::uint64_t head = 0;           // bytes of its events that were kept at once
    std::optional<ConsoleTail> tail;  // once that was enough
    std::string board;
    bool told = false;  // what its tail left out
  };
  std::map<std::string, Console> consoles_;  // by role
  bool complete_ = false;
  bool cut_ = false;
  std::optional<std::string> trouble_;
  std::function<void()> on_append_;
};

}  // namespace assay::spool
