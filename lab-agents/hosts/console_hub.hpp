// Where a board's console bytes go: one listener, with a backlog while there is
// none, and any number of taps.
//
// Thread-safe. Everything but deliver() may be called from within a sink; after
// it returned, the sink that it replaced is not called again.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <mutex>

#include "abilities/ability.hpp"

namespace assay::hosts {

class ConsoleHub {
 public:
  using Sink = abilities::Console::Sink;
  explicit ConsoleHub(std::size_t backlog_limit) : limit_(backlog_limit) {}

  void deliver(abilities::ConsoleChunk&&);  // on the reader's thread
  void deliver_backlog();                   // on the reader's thread
  void listen(Sink);
  std::uint64_t add_tap(Sink);
  void remove_tap(std::uint64_t);

 private:
  // Recursive: held while sinks run, which may call listen() and the like.
  std::recursive_mutex mutex_;
  const std::size_t limit_;
  std::shared_ptr<Sink> sink_;
  std::map<std::uint64_t, std::shared_ptr<Sink>> taps_;
  std::uint64_t next_tap_ = 1;
  std::deque<abilities::ConsoleChunk> backlog_;
  std::size_t backlog_bytes_ = 0;
};

}  // namespace assay::hosts
