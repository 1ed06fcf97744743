// Step results of attempts, folded from their stored events as they grow.
// Thread-safe; blocks for the disk. The latest used are kept, as many as fit into
// a budget of memory, so that asking for a running attempt again reads only what
// is new. One that is larger than all of it is kept while it is the latest.
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>

#include "base/result.hpp"
#include "evidence/record.hpp"
#include "segments/segments.hpp"

namespace assay::api {

class Records {
 public:
  explicit Records(segments::Segments& segments, std::size_t budget = 64U << 20)
      : segments_(segments), budget_(budget) {}

  // Calls `use` with all that is stored by now. It must not call back.
  Result<> read(const std::string& attempt,
                const std::function<void(const evidence::AttemptRecord&)>& use);
  // What is kept now, in bytes.
  [[nodiscard]] std::size_t kept();

 private:
  struct Entry {
    std::mutex mutex;
    evidence::AttemptRecord record;
    segments::Cursor cursor;
    // Guarded by Records::mutex_.
    std::uint64_t used = 0;
    std::size_t bytes = 0;
  };
  std::shared_ptr<Entry> entry(const std::string& attempt);
  void weigh(const std::string& attempt, Entry&, std::size_t bytes);

  segments::Segments& segments_;
  const std::size_t budget_;
  std::mutex mutex_;
  std::unordered_map<std::string, std::shared_ptr<Entry>> entries_;
  std::uint64_t uses_ = 0;
  std::size_t kept_ = 0;
};

}  // namespace assay::api
