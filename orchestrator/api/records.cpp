#include "api/records.hpp"

namespace assay::api {

static constexpr std::size_t piece = 1U << 20;
static constexpr std::size_t entry_bytes = 512;  // about what the cache's own take

std::shared_ptr<Records::Entry> Records::entry(const std::string& attempt) {
  const std::lock_guard lock(mutex_);
  auto& found = entries_[attempt];
  if (!found) found = std::make_shared<Entry>();
  found->used = ++uses_;
  return found;
}

void Records::weigh(const std::string& attempt, Entry& entry, std::size_t bytes) {
  const std::lock_guard lock(mutex_);
  // It may have been thrown out while it was read.
  const auto found = entries_.find(attempt);
  if (found == entries_.end() || found->second.get() != &entry) return;
  kept_ += bytes - entry.bytes;
  entry.bytes = bytes;
  while (kept_ > budget_ && entries_.size() > 1) {
    auto oldest = entries_.begin();
    for (auto i = entries_.begin(); i != entries_.end(); ++i) {
      if (i->second->used < oldest->second->used) oldest = i;
    }
    kept_ -= oldest->second->bytes;
    entries_.erase(oldest);
  }
}

std::size_t Records::kept() {
  const std::lock_guard lock(mutex_);
  return kept_;
}

Result<> Records::read(const std::string& attempt,
                       const std::function<void(const evidence::AttemptRecord&)>& use) {
  const auto found = entry(attempt);
  const std::lock_guard lock(found->mutex);
  while (true) {
    const auto events = TRY(segments_.read(attempt, found->cursor, piece));
    if (events.empty()) break;
    for (const evidence::Event& event : events) found->record.add(event);
  }
  weigh(attempt, *found, entry_bytes + found->record.bytes());
  use(found->record);
  return {};
}

}  // namespace assay::api
