#include "spool/console_tail.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <limits>

#include "base/file.hpp"
#include "wire/event.hpp"
#include "wire/limits.hpp"
#include "wire/record.hpp"

namespace assay::spool {

Result<ConsoleTail> ConsoleTail::make(const std::filesystem::path& file, std::uint64_t capacity) {
  UniqueFd fd(::open(file.c_str(), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));
  if (!fd) return fail_errno(file.string());
  if (::unlink(file.c_str()) != 0) return fail_errno(file.string());
  return ConsoleTail(std::move(fd), capacity);
}

void ConsoleTail::leave_out(const Kept& kept) {
  if (left_out_.bytes == 0) left_out_.from = kept.at;
  left_out_.bytes += kept.bytes;
  left_out_.to = kept.at;
}

// For a record there; whatever begins there is the oldest.
void ConsoleTail::make_room(std::uint64_t from, std::uint64_t to) {
  while (!kept_.empty() && kept_.front().offset >= from && kept_.front().offset < to) {
    leave_out(kept_.front());
    kept_.pop_front();
  }
}

Result<> ConsoleTail::push(evidence::Event event) {
  const auto bytes =
      static_cast<std::uint32_t>(std::get<evidence::ConsoleBytes>(event.body).bytes.size());
  event.seq = 1;  // any: an event without a number cannot be read back
  const std::string record = wire::make_record(wire::encode(event));
  if (record.size() > capacity_) {
    make_room(0, std::numeric_limits<std::uint64_t>::max());
    leave_out({0, bytes, event.at});
    return {};
  }
  if (end_ + record.size() > capacity_) {
    make_room(end_, capacity_);
    end_ = 0;
  }
  make_room(end_, end_ + record.size());
  if (auto written = write_at(fd_.get(), as_bytes(record), end_, "console tail"); !written) {
    leave_out({0, bytes, event.at});
    return written;
  }
  kept_.push_back({end_, bytes, event.at});
  end_ += record.size();
  return {};
}

Result<std::optional<evidence::Event>> ConsoleTail::pop() {
  if (kept_.empty()) return std::nullopt;
  const Kept kept = kept_.front();
  kept_.pop_front();
  const auto message = TRY(wire::read_record(fd_.get(), kept.offset, wire::max_message));
  if (!message) return fail(Cause::io, "console tail: byte {}: damaged", kept.offset);
  return TRY(wire::decode_event(*message));
}

}  // namespace assay::spool
