// What the bytes of an artifact are.
#include "base/limits.hpp"
#include "queries/cached.hpp"
#include "reports/artifact_facts.hpp"

namespace assay::queries {

Result<> Queries::artifact(const std::string& sha256, v1::ArtifactInfo* out) {
  const auto reader = TRY(backend_.parts.artifacts.get(sha256));
  const auto entry = cached_->artifacts.entry(sha256);
  const std::lock_guard lock(entry->mutex);
  if (entry->value.sha256().empty()) {
    v1::ArtifactInfo info;
    if (reader.size() > max_decoded_bytes) {
      info.set_sha256(sha256);
      info.set_size(reader.size());
      info.set_problem("larger than what is read");
    } else {
      // One at a time: each may take its 64 MiB and what it expands to.
      const std::lock_guard alone(cached_->reading_artifact);
      reports::fill(sha256, TRY(reader.read(0, reader.size())), &info);
    }
    // Damaged on disk, or not looked into: it may be there whole the next time.
    if (info.format().empty()) {
      *out = std::move(info);
      return {};
    }
    entry->value = std::move(info);
    cached_->artifacts.weigh(sha256, *entry, entry->value.SpaceUsedLong());
  }
  *out = entry->value;
  return {};
}

}  // namespace assay::queries
