// The events of all attempts on assayd's disk: `folder`/RUN/ATTEMPT.seg.
//
// Thread-safe; calls block for the disk, so never call from a gRPC reaction.
// Watchers are called on the appending thread after the sync: they must only
// pass the word on. Causes: exhausted (disk or the attempt's limit is full;
// nothing of the batch was stored, try again once there is space), invalid
// (a gap, or events after the end), io.
#pragma once

#include <atomic>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/limits.hpp"
#include "base/notifier.hpp"
#include "base/result.hpp"
#include "evidence/event.hpp"
#include "segments/segment.hpp"

namespace assay::segments {

struct Limits {
  // What agents may send of one attempt; past twice of it all but the end is refused.
  std::uint64_t attempt_bytes = default_attempt_bytes;
  std::size_t open_files = 256;
};

struct Stored {
  std::uint64_t last = 0;  // sequence number of the last event; 0: none
  std::optional<evidence::AttemptEnded> ended;
};

// The greatest run that has events in `folder`: 17 of "r17"; 0: none. Callable
// before open(), and of a folder that does not exist.
Result<std::int64_t> highest_run(const std::filesystem::path& folder);

class Segments {
 public:
  static Result<std::unique_ptr<Segments>> open(std::filesystem::path folder, Limits = {});

  // What is stored afterwards, on disk: the acknowledgement. `attempt` is
  // "r17.1.2". Duplicates are dropped.
  Result<Stored> append(const std::string& attempt, std::span<const evidence::Event>);
  Result<Stored> stored(const std::string& attempt);
  // Moves the cursor. Empty: nothing more is stored yet.
  Result<std::vector<evidence::Event>> read(const std::string& attempt, Cursor&, std::size_t bytes);
  // Stored records as they lie in the file, from a record's offset on: how much of
  // `into` there was. scan.hpp takes them apart.
  Result<std::size_t> read_records(const std::string& attempt, std::uint64_t offset,
                                   std::span<std::uint8_t> into);
  Watch watch(const std::string& attempt, std::function<void()> on_append);
  [[nodiscard]] std::uint64_t attempt_bytes() const { return limits_.attempt_bytes; }
  // Attempts that are watched.
  [[nodiscard]] std::size_t watched() const { return appended_.size(); }

 private:
  struct Entry {
    std::mutex mutex;
    std::optional<SegmentFile> file;  // none: to be opened
    // SegmentFile::distrusted(), also of one that was closed: such an entry stays.
    std::atomic<bool> distrusted = false;
    std::uint64_t used = 0;  // guarded by Segments::mutex_
  };
  Segments(std::filesystem::path folder, Limits limits)
      : folder_(std::move(folder)), limits_(limits) {}
  Result<std::filesystem::path> path(const std::string& attempt) const;
  Result<std::shared_ptr<Entry>> entry(const std::string& attempt);
  Result<SegmentFile*> open_file(const std::string& attempt, Entry&);  // under its mutex

  const std::filesystem::path folder_;
  const Limits limits_;
  Notifier appended_;  // by attempt

  std::mutex mutex_;
  std::unordered_map<std::string, std::shared_ptr<Entry>> entries_;
  std::uint64_t uses_ = 0;
};

}  // namespace assay::segments
