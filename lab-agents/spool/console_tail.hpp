// The newest console events of one role, in a file without a name: when it is full
// the oldest make room. Not thread-safe; Spool guards it.
#pragma once

#include <cstdint>
#include <deque>
#include <filesystem>
#include <optional>

#include "base/fd.hpp"
#include "base/result.hpp"
#include "evidence/event.hpp"

namespace assay::spool {

class ConsoleTail {
 public:
  // `file` is made and at once unlinked: nothing of it outlives this process.
  static Result<ConsoleTail> make(const std::filesystem::path& file, std::uint64_t capacity);

  // ConsoleBytes only. One that is larger than all of it is left out.
  Result<> push(evidence::Event);
  // The oldest, which is then forgotten; its number is to be set. nullopt: no more.
  Result<std::optional<evidence::Event>> pop();

  // What had to make room.
  struct LeftOut {
    std::uint64_t bytes = 0;  // of the console
    Duration from{}, to{};    // Event::at of the first and the last
  };
  [[nodiscard]] const LeftOut& left_out() const { return left_out_; }

 private:
  struct Kept {
    std::uint64_t offset = 0;  // of its record
    std::uint32_t bytes = 0;   // of the console
    Duration at{};
  };
  ConsoleTail(UniqueFd fd, std::uint64_t capacity) : fd_(std::move(fd)), capacity_(capacity) {}
  void leave_out(const Kept&);
  void make_room(std::uint64_t from, std::uint64_t to);

  UniqueFd fd_;
  std::uint64_t capacity_;
  std::uint64_t end_ = 0;  // of the newest record
  std::deque<Kept> kept_;  // oldest first: from end_ to the file's end, then from its start
  LeftOut left_out_;
};

}  // namespace assay::spool
