// A console event looked at where it lies: most of a segment's bytes are such, and
// decode_event() would copy them twice. Thread-safe: free functions.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "base/clock.hpp"

namespace assay::wire {

struct ConsoleView {
  std::uint64_t seq = 0;
  Duration at{};
  std::string_view role, board;
  std::uint64_t offset = 0;
  bool sent = false;
  std::string_view data;
};

// Points into `message`. nullopt: another event, or one that encode() would not
// write like this; decode_event() knows. What is returned, decode_event() takes too.
std::optional<ConsoleView> view_console(std::string_view message);

}  // namespace assay::wire
