// Messages in an append-only file, as spools and segments keep their events:
// [u32 length][u32 CRC-32][message], little endian. Thread-safe: free functions.
#pragma once

#include <cstdint>
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

}  // namespace assay::wire
