#include "hosts/console_hub.hpp"

#include <algorithm>
#include <vector>

namespace assay::hosts {

void ConsoleHub::deliver(abilities::ConsoleChunk&& chunk) {
  const std::scoped_lock lock(mutex_);
  deliver_backlog();
  std::vector<std::uint64_t> ids;
  for (const auto& [id, tap] : taps_) ids.push_back(id);
  for (const auto id : ids) {  // a tap may remove taps
    const auto found = taps_.find(id);
    if (found == taps_.end()) continue;
    const auto tap = found->second;
    (*tap)(chunk);
  }
  if (const auto sink = sink_) return (*sink)(chunk);
  backlog_bytes_ += chunk.bytes.size();
  backlog_.push_back(std::move(chunk));
  while (backlog_bytes_ > limit_) {
    auto& oldest = backlog_.front().bytes;
    const std::size_t cut = std::min(oldest.size(), backlog_bytes_ - limit_);
    oldest.erase(oldest.begin(), oldest.begin() + static_cast<std::ptrdiff_t>(cut));
    backlog_bytes_ -= cut;
    if (oldest.empty()) backlog_.pop_front();
  }
}

void ConsoleHub::deliver_backlog() {
  const std::scoped_lock lock(mutex_);
  while (sink_ && !backlog_.empty()) {
    const auto sink = sink_;  // lives on when it replaces itself
    const auto chunk = std::move(backlog_.front());
    backlog_.pop_front();
    backlog_bytes_ -= chunk.bytes.size();
    (*sink)(chunk);
  }
}

void ConsoleHub::listen(Sink sink) {
  const std::scoped_lock lock(mutex_);
  sink_ = sink ? std::make_shared<Sink>(std::move(sink)) : nullptr;
}

std::uint64_t ConsoleHub::add_tap(Sink sink) {
  const std::scoped_lock lock(mutex_);
  taps_[next_tap_] = std::make_shared<Sink>(std::move(sink));
  return next_tap_++;
}

void ConsoleHub::remove_tap(std::uint64_t id) {
  const std::scoped_lock lock(mutex_);
  taps_.erase(id);
}

}  // namespace assay::hosts
