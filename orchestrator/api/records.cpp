#include "api/records.hpp"

namespace assay::api {

static constexpr std::size_t piece = 1U << 20;

std::shared_ptr<Records::Entry> Records::entry(const std::string& attempt) {
  const std::lock_guard lock(mutex_);
  auto& found = entries_[attempt];
  if (!found) found = std::make_shared<Entry>();
  found->used = ++uses_;
  const auto result = found;
  while (entries_.size() > kept_) {
    auto oldest = entries_.begin();
    for (auto i = entries_.begin(); i != entries_.end(); ++i) {
      if (i->second->used < oldest->second->used) oldest = i;
    }
    entries_.erase(oldest);
  }
  return result;
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
  use(found->record);
  return {};
}

}  // namespace assay::api
