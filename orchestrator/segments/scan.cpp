#include "segments/scan.hpp"

#include "wire/limits.hpp"

namespace assay::segments {

Scan::Scan(Segments& segments, const std::string& attempt, Cursor from)
    : segments_(segments),
      attempt_(attempt),
      seq_(from.seq),
      reader_(
          [this](std::uint64_t offset, std::span<std::uint8_t> into) {
            return segments_.read_records(attempt_, offset, into);
          },
          from.offset, wire::max_message) {}

Result<std::optional<Scan::Record>> Scan::next() {
  const Cursor before = cursor();
  // What is appended between the two looks is there at the second: only a record
  // that cannot be read although bytes follow is damaged.
  for (const bool bytes_follow : {false, true}) {
    if (const auto message = TRY(reader_.next())) {
      ++seq_;
      return Record{before, *message};
    }
    std::uint8_t byte = 0;
    if (bytes_follow) break;
    if (TRY(segments_.read_records(attempt_, before.offset, {&byte, 1})) == 0) return std::nullopt;
  }
  return fail(Cause::io, "{}: event {} at offset {} is damaged", attempt_, before.seq + 1,
              before.offset);
}

void Scan::seek(Cursor to) {
  seq_ = to.seq;
  reader_.seek(to.offset);
}

}  // namespace assay::segments
