// Messages in an append-only file, as spools and segments keep their events:
// [u32 length][u32 CRC-32][message], little endian. Functions are thread-safe; a
// RecordReader has one owner.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "base/bytes.hpp"
#include "base/result.hpp"

namespace assay::wire {

inline constexpr std::size_t record_header = 8;

std::string make_record(std::string_view message);

// The message of the record at `offset`; nullopt when there is no whole one: the
// file ends, the length is 0 or above `longest`, or the checksum differs.
Result<std::optional<Bytes>> read_record(int fd, std::uint64_t offset, std::size_t longest);

// Only its message's length, unchecked; nullopt when the file ends before.
Result<std::optional<std::uint32_t>> record_length(int fd, std::uint64_t offset);

// One record after another, read in large pieces: for whole files.
class RecordReader {
 public:
  // Reads at an offset: how much of `into` there was before the end.
  using Read = std::function<Result<std::size_t>(std::uint64_t, std::span<std::uint8_t>)>;
  RecordReader(Read read, std::uint64_t offset, std::size_t longest)
      : read_(std::move(read)), offset_(offset), longest_(longest) {}

  // The next message, valid until the next call; nullopt as in read_record(), and
  // calling again then looks once more.
  Result<std::optional<std::string_view>> next();
  // Of the record that next() would return.
  [[nodiscard]] std::uint64_t offset() const { return offset_; }
  // What has been read ahead is kept where it helps.
  void seek(std::uint64_t offset);

 private:
  Result<bool> have(std::size_t bytes);  // from begin_ on

  Read read_;
  std::uint64_t offset_;
  std::size_t longest_;
  Bytes buffer_;
  std::size_t begin_ = 0, end_ = 0;  // of what is buffered from offset_ on
};

}  // namespace assay::wire
