// One attempt's stored events, gone through once: its timeline, and a sparse index
// by which a part of a large console is found again. Grows with the attempt; about
// 2 KiB of memory for each MiB of events. Not thread-safe; blocks for the disk.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "reports/attempt_fold.hpp"
#include "reports/console_text.hpp"
#include "segments/scan.hpp"
#include "segments/segments.hpp"
#include "wire/console_view.hpp"

namespace assay::queries {

class AttemptIndex {
 public:
  // Takes in what has been stored since the last time.
  Result<> extend(segments::Segments&, const std::string& attempt);

  [[nodiscard]] const reports::AttemptFold& fold() const { return fold_; }
  [[nodiscard]] std::size_t bytes() const;

  // Calls `use` for each line from number `from` on, `count` of them, the one that
  // has not ended included, until it returns false.
  using UseLine = std::function<bool(reports::ConsoleLine&&)>;
  Result<> lines(segments::Segments&, const std::string& attempt, std::string_view role,
                 std::uint64_t from, std::uint64_t count, const UseLine& use) const;
  // Of the bytes received; fewer than `size` where they end.
  Result<std::string> bytes(segments::Segments&, const std::string& attempt, std::string_view role,
                            std::uint64_t offset, std::size_t size) const;

 private:
  struct LinePlace {
    segments::Cursor before;  // the event with the line's first byte comes next
    std::uint64_t line = 0;
    std::uint32_t index = 0;  // of that byte among its bytes
  };
  struct BytePlace {
    segments::Cursor before;
    std::uint64_t offset = 0;  // of that event's first byte among all received
  };
  struct Console {
    std::vector<LinePlace> lines;
    std::vector<BytePlace> bytes;
  };
  void add_console(const segments::Cursor& before, const wire::ConsoleView&);

  segments::Cursor cursor_;
  reports::AttemptFold fold_;
  std::map<std::string, Console, std::less<>> consoles_;
};

}  // namespace assay::queries
