// One attempt's stored events one after another, where they lie in a buffer: for
// whoever looks at all of a large console. Not thread-safe; Segments may go on
// appending. Blocks for the disk.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "segments/segments.hpp"
#include "wire/record.hpp"

namespace assay::segments {

class Scan {
 public:
  // From behind `from`, whose offset is known (or which is the start).
  Scan(Segments&, const std::string& attempt, Cursor from = {});

  struct Record {
    Cursor before;             // reads this record next
    std::string_view message;  // assay.v1.Event; valid until the next call
  };
  // nullopt: nothing more is stored by now. Cause::io: it is damaged.
  Result<std::optional<Record>> next();
  [[nodiscard]] Cursor cursor() const { return {seq_, reader_.offset()}; }
  void seek(Cursor to);

 private:
  Segments& segments_;
  const std::string attempt_;
  std::uint64_t seq_;
  wire::RecordReader reader_;
};

}  // namespace assay::segments
