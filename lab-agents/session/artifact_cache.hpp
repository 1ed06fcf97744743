// Artifacts by SHA-256 on the agent's disk: fetched once, resumed by offset,
// verified, bounded; running attempts pin what they use.
// Thread-safe; fetch() blocks its caller (an attempt's thread) alone.
#pragma once

#include <condition_variable>
#include <filesystem>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "assay/v1/artifact.grpc.pb.h"
#include "base/clock.hpp"
#include "base/result.hpp"

namespace assay::session {

class ArtifactCache {
 public:
  ArtifactCache(std::filesystem::path folder, std::uint64_t limit);

  // A pinned file: stays on disk while this lives.
  class Pin {
   public:
    Pin(ArtifactCache& cache, std::string sha256) : cache_(&cache), sha256_(std::move(sha256)) {}
    Pin(Pin&& other) noexcept
        : cache_(std::exchange(other.cache_, nullptr)), sha256_(std::move(other.sha256_)) {}
    Pin& operator=(Pin&&) = delete;
    ~Pin() {
      if (cache_ != nullptr) cache_->unpin(sha256_);
    }
    [[nodiscard]] std::filesystem::path file() const { return cache_->path(sha256_); }

   private:
    ArtifactCache* cache_;
    std::string sha256_;
  };

  // Cause::not_found when assayd has no such artifact; io, exhausted, timeout,
  // cancelled as named; unavailable after all retries within `wait`.
  Result<Pin> fetch(v1::ArtifactService::Stub&, const std::string& sha256, std::uint64_t size,
                    const Wait&);

 private:
  [[nodiscard]] std::filesystem::path path(const std::string& sha256) const;
  Result<> download(v1::ArtifactService::Stub&, const std::string& sha256, std::uint64_t size,
                    const Wait&);
  void unpin(const std::string& sha256);
  void make_room(std::uint64_t size);

  const std::filesystem::path folder_;
  const std::uint64_t limit_;
  std::mutex mutex_;
  std::condition_variable_any fetched_;
  std::map<std::string, int> pins_;  // never 0
  std::set<std::string> fetching_;
};

}  // namespace assay::session
