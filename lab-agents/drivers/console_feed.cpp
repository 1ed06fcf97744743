#include "drivers/console_feed.hpp"

#include <utility>

namespace assay::drivers {

void ConsoleFeed::listen(abilities::Console::Sink sink) {
  sink_ = std::move(sink);
  if (!sink_) return;
  kept_bytes_ = 0;
  for (const auto& chunk : std::exchange(kept_, {})) sink_(chunk);
}

void ConsoleFeed::push(BootTime at, ByteView bytes) {
  abilities::ConsoleChunk chunk{at, {bytes.begin(), bytes.end()}};
  if (sink_) return sink_(chunk);
  kept_bytes_ += chunk.bytes.size();
  kept_.push_back(std::move(chunk));
  while (kept_bytes_ > backlog) {
    auto& oldest = kept_.front().bytes;
    const auto surplus = kept_bytes_ - backlog;
    if (oldest.size() > surplus) {
      oldest.erase(oldest.begin(), oldest.begin() + static_cast<std::ptrdiff_t>(surplus));
      kept_bytes_ = backlog;
    } else {
      kept_bytes_ -= oldest.size();
      kept_.pop_front();
    }
  }
}

}  // namespace assay::drivers
