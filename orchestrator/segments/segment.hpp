// One attempt's events in one append-only file. Records are
// [u32 length][u32 CRC-32 of the message][assay.v1.Event], little endian; record
// n holds the event with sequence number n.
//
// Not thread-safe: Segments guards it. Offsets and sizes in bytes.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/fd.hpp"
#include "base/result.hpp"
#include "evidence/event.hpp"

namespace assay::segments {

// Where a reader stands. {after, 0}: behind event `after`, wherever that is.
struct Cursor {
  std::uint64_t seq = 0;     // of the last event read
  std::uint64_t offset = 0;  // of the record after it; 0: not known yet
};

class SegmentFile {
 public:
  // Reads the file from end to end, if there is one. What follows the last whole
  // record was never acknowledged: it is cut off. The rest may not be on disk yet.
  static Result<SegmentFile> open(std::filesystem::path, std::uint64_t limit);

  // Events that are stored already are dropped; a gap, anything after the
  // AttemptEnded, or more than twice the limit but for that one, is refused. On disk when it
  // returns; after an error nothing of it is acknowledged, and the object must be opened anew.
  Result<> append(std::span<const evidence::Event>);

  // What was read when it was opened counts as stored from now on: a killed assayd
  // may have written it without a sync. Readers need none, and files are opened often.
  Result<> sync();

  // A sync failed. What it was about may not be on disk though a later one succeeds,
  // as the kernel gives such pages up: whoever opens the file anew says so to it.
  [[nodiscard]] bool distrusted() const { return distrusted_; }
  void distrust() { distrusted_ = true; }

  // Up to `bytes` of messages, at least one event unless there are none.
  Result<std::vector<evidence::Event>> read(Cursor&, std::size_t bytes) const;

  // Stored records as they lie in the file: how much of `into` there was.
  Result<std::size_t> read_records(std::uint64_t offset, std::span<std::uint8_t> into) const;

  [[nodiscard]] std::uint64_t last() const { return last_; }
  [[nodiscard]] const std::optional<evidence::AttemptEnded>& ended() const { return ended_; }

 private:
  SegmentFile(std::filesystem::path path, std::uint64_t limit)
      : path_(std::move(path)), limit_(limit) {}
  Result<> load();
  Result<> create();
  Result<> write(const std::string& records);
  Result<> write_again();
  Result<> sync_all();

  std::filesystem::path path_;
  std::uint64_t limit_;
  UniqueFd fd_;             // none until there is a file
  std::uint64_t size_ = 0;  // of what is whole
  std::uint64_t last_ = 0;
  bool synced_ = false;  // all of that is on disk, and the file's name
  bool distrusted_ = false;
  std::optional<evidence::AttemptEnded> ended_;
};

}  // namespace assay::segments
