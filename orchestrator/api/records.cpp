#include "api/records.hpp"

namespace assay::api {

static constexpr std::size_t piece = 1U << 20;

Result<> Records::read(const std::string& attempt,
                       const std::function<void(const evidence::AttemptRecord&)>& use) {
  const auto found = kept_.entry(attempt);
  const std::lock_guard lock(found->mutex);
  auto& [record, cursor] = found->value;
  while (true) {
    const auto events = TRY(segments_.read(attempt, cursor, piece));
    if (events.empty()) break;
    for (const evidence::Event& event : events) record.add(event);
  }
  kept_.weigh(attempt, *found, record.bytes());
  use(record);
  return {};
}

}  // namespace assay::api
