// What abilities::Console::listen() promises, for a driver that reads bytes:
// they go to the sink, or are kept (the last MiB) until there is one.
// Single-threaded.
#pragma once

#include <deque>

#include "abilities/ability.hpp"

namespace assay::drivers {

class ConsoleFeed {
 public:
  static constexpr std::size_t backlog = 1 << 20;  // bytes

  void listen(abilities::Console::Sink);
  void push(BootTime, ByteView);

 private:
  abilities::Console::Sink sink_;
  std::deque<abilities::ConsoleChunk> kept_;
  std::size_t kept_bytes_ = 0;
};

}  // namespace assay::drivers
