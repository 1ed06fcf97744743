#include "segments/segment.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "base/fd.hpp"
#include "base/file.hpp"
#include "base/log.hpp"
#include "base/text.hpp"
#include "wire/console_view.hpp"
#include "wire/event.hpp"
#include "wire/limits.hpp"
#include "wire/record.hpp"

namespace assay::segments {

Result<SegmentFile> SegmentFile::open(std::filesystem::path path, std::uint64_t limit) {
  SegmentFile file(std::move(path), limit);
  if (auto loaded = file.load(); !loaded)
    return tl::unexpected(loaded.error().in(file.path_.string()));
  return file;
}

Result<> SegmentFile::load() {
  UniqueFd fd(::open(path_.c_str(), O_RDWR | O_CLOEXEC));
  if (!fd && errno == ENOENT) return {};
  if (!fd) return fail_errno("open");
  struct stat info {};
  if (fstat(fd.get(), &info) != 0) return fail_errno("stat");
  wire::RecordReader reader(
      [&](std::uint64_t offset, std::span<std::uint8_t> into) {
        return read_at(fd.get(), into, offset, "read");
      },
      0, wire::max_message);
  while (const auto message = TRY(reader.next())) {
    if (const auto console = wire::view_console(*message)) {
      if (console->seq != last_ + 1) break;
    } else {
      auto event = wire::decode_event(as_bytes(*message));
      if (!event || event->seq != last_ + 1) break;
      if (auto* ended = std::get_if<evidence::AttemptEnded>(&event->body))
        ended_ = std::move(*ended);
    }
    size_ = reader.offset();
    ++last_;
  }
  if (static_cast<std::uint64_t>(info.st_size) > size_) {
    spdlog::warn("{}: {} bytes after event {} (offset {}) are no whole record: cut off",
                 path_.string(), static_cast<std::uint64_t>(info.st_size) - size_, last_, size_);
    if (ftruncate(fd.get(), static_cast<off_t>(size_)) != 0) return fail_errno("truncate");
  }
  fd_ = std::move(fd);
  return {};
}

Result<> SegmentFile::sync() {
  if (!fd_ || synced_) return {};
  if (auto done = sync_all(); !done) return tl::unexpected(done.error().in(path_.string()));
  return {};
}

Result<> SegmentFile::sync_all() {
  if (distrusted_) TRY(write_again());
  if (fdatasync(fd_.get()) != 0) {
    distrusted_ = true;
    return fail_errno("sync");
  }
  distrusted_ = false;
  if (synced_) return {};
  // Whoever made the file may have been killed before its name was on disk.
  TRY(sync_folder(path_.parent_path()));
  TRY(sync_folder(path_.parent_path().parent_path()));
  synced_ = true;
  return {};
}

// In its place, so that the kernel has it to sync.
Result<> SegmentFile::write_again() {
  Bytes piece(1U << 20);
  for (std::uint64_t at = 0; at < size_;) {
    const std::size_t n = TRY(read_records(at, piece));
    if (n == 0) return fail(Cause::io, "the file became shorter than {} bytes", size_);
    TRY(write_at(fd_.get(), ByteView(piece).first(n), at, "write"));
    at += n;
  }
  return {};
}

Result<> SegmentFile::create() {
  TRY(make_folders(path_.parent_path()));
  UniqueFd fd(::open(path_.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644));
  if (!fd) return fail_errno("open");
  fd_ = std::move(fd);
  return {};
}

Result<> SegmentFile::append(std::span<const evidence::Event> events) {
  std::string records;
  std::uint64_t last = last_;
  std::optional<evidence::AttemptEnded> ended = ended_;
  for (const evidence::Event& event : events) {
    if (event.seq <= last) continue;
    if (event.seq != last + 1) {
      return fail(Cause::invalid, "event {} follows event {}: what is between is missing",
                  event.seq, last);
    }
    if (ended) return fail(Cause::invalid, "event {} follows the attempt's end", event.seq);
    const auto* end = std::get_if<evidence::AttemptEnded>(&event.body);
    // An agent bounds its consoles: this one is broken.
    if (end == nullptr && size_ + records.size() > limit_ * 2) {
      return fail(Cause::invalid,
                  "event {}: the attempt's events take more than {}, twice the limit that the "
                  "agent was told (assayd --attempt-limit)",
                  event.seq, human_size(limit_ * 2));
    }
    records += wire::make_record(wire::encode(event));
    if (end != nullptr) ended = *end;
    last = event.seq;
  }
  if (records.empty()) return sync();
  if (auto written = write(records); !written) {
    return tl::unexpected(written.error().in(path_.string()));
  }
  size_ += records.size();
  last_ = last;
  ended_ = std::move(ended);
  return {};
}

Result<> SegmentFile::write(const std::string& records) {
  if (!fd_) TRY(create());
  auto written = write_at(fd_.get(), as_bytes(records), size_, "write");
  if (written) written = sync_all();
  // Gives the space back; should that fail, opening anew cuts it off.
  if (!written && ftruncate(fd_.get(), static_cast<off_t>(size_)) != 0)
    spdlog::warn("{}: cannot truncate", path_.string());
  return written;
}

Result<std::vector<evidence::Event>> SegmentFile::read(Cursor& cursor, std::size_t bytes) const {
  std::vector<evidence::Event> events;
  if (!fd_ || cursor.seq >= last_) return events;
  Cursor at = cursor.offset == 0 ? Cursor{} : cursor;
  std::size_t taken = 0;
  while (at.seq < last_ && (events.empty() || taken < bytes)) {
    if (at.seq < cursor.seq) {  // skips what is not asked for
      const auto length = TRY(wire::record_length(fd_.get(), at.offset));
      if (!length) break;
      at = {at.seq + 1, at.offset + wire::record_header + *length};
      continue;
    }
    const auto message = TRY(wire::read_record(fd_.get(), at.offset, wire::max_message));
    if (!message) {
      return fail(Cause::io, "{}: event {} at offset {} is damaged", path_.string(), at.seq + 1,
                  at.offset);
    }
    auto event = TRY(wire::decode_event(*message));
    if (!events.empty() && taken + message->size() > bytes) break;
    taken += message->size();
    at = {at.seq + 1, at.offset + wire::record_header + message->size()};
    events.push_back(std::move(event));
  }
  cursor = at;
  return events;
}

Result<std::size_t> SegmentFile::read_records(std::uint64_t offset,
                                              std::span<std::uint8_t> into) const {
  if (!fd_ || offset >= size_) return 0;
  const std::size_t most = std::min<std::uint64_t>(into.size(), size_ - offset);
  return read_at(fd_.get(), into.first(most), offset, path_.string());
}

}  // namespace assay::segments
