// Step results of attempts, folded from their stored events as they grow.
// Thread-safe; blocks for the disk. The latest used are kept, so that asking for
// a running attempt again reads only what is new.
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
  explicit Records(segments::Segments& segments, std::size_t kept = 256)
      : segments_(segments), kept_(kept) {}

  // Calls `use` with all that is stored by now. It must not call back.
  Result<> read(const std::string& attempt,
                const std::function<void(const evidence::AttemptRecord&)>& use);

 private:
  struct Entry {
    std::mutex mutex;
    evidence::AttemptRecord record;
    segments::Cursor cursor;
    std::uint64_t used = 0;  // guarded by Records::mutex_
  };
  std::shared_ptr<Entry> entry(const std::string& attempt);

  segments::Segments& segments_;
  const std::size_t kept_;
  std::mutex mutex_;
  std::unordered_map<std::string, std::shared_ptr<Entry>> entries_;
  std::uint64_t uses_ = 0;
};

}  // namespace assay::api
