// Step results of attempts, folded from their stored events as they grow.
// Thread-safe; blocks for the disk. The latest used are kept, as many as fit into
// a budget of memory, so that asking for a running attempt again reads only what
// is new. One that is larger than all of it is kept while it is the latest.
#pragma once

#include <functional>
#include <string>

#include "base/lru.hpp"
#include "base/result.hpp"
#include "evidence/record.hpp"
#include "segments/segments.hpp"

namespace assay::api {

class Records {
 public:
  explicit Records(segments::Segments& segments, std::size_t budget = 64U << 20)
      : segments_(segments), kept_(budget) {}

  // Calls `use` with all that is stored by now. It must not call back.
  Result<> read(const std::string& attempt,
                const std::function<void(const evidence::AttemptRecord&)>& use);
  // What is kept now, in bytes.
  [[nodiscard]] std::size_t kept() { return kept_.kept(); }

 private:
  struct Read {
    evidence::AttemptRecord record;
    segments::Cursor cursor;
  };
  segments::Segments& segments_;
  Lru<Read> kept_;
};

}  // namespace assay::api
