#include "segments/segment.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include <array>
#include <cerrno>

#include "base/file.hpp"
#include "base/log.hpp"
#include "wire/event.hpp"
#include "wire/limits.hpp"

namespace assay::segments {

namespace {

constexpr std::size_t header_size = 8;

std::uint32_t checksum(ByteView bytes) {
  return static_cast<std::uint32_t>(crc32_z(0, bytes.data(), bytes.size()));
}

void put_u32(std::string& out, std::uint32_t value) {
  for (int shift = 0; shift < 32; shift += 8) out += static_cast<char>(value >> shift & 0xFF);
}

std::uint32_t get_u32(const std::uint8_t* p) {
  return std::uint32_t{p[0]} | std::uint32_t{p[1]} << 8 | std::uint32_t{p[2]} << 16 |
         std::uint32_t{p[3]} << 24;
}

// All of `into`, or how much of it there was.
Result<std::size_t> read_at(int fd, std::span<std::uint8_t> into, std::uint64_t offset) {
  std::size_t have = 0;
  while (have < into.size()) {
    const ssize_t n =
        ::pread(fd, into.data() + have, into.size() - have, static_cast<off_t>(offset + have));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return fail_errno("read");
    if (n == 0) break;
    have += static_cast<std::size_t>(n);
  }
  return have;
}

// The message of the record at `offset`; nullopt when there is no whole one.
Result<std::optional<Bytes>> read_record(int fd, std::uint64_t offset) {
  std::array<std::uint8_t, header_size> header{};
  if (TRY(read_at(fd, header, offset)) < header_size) return std::nullopt;
  const std::uint32_t length = get_u32(header.data());
  if (length == 0 || length > wire::max_message) return std::nullopt;
  Bytes message(length);
  if (TRY(read_at(fd, message, offset + header_size)) < length) return std::nullopt;
  if (checksum(message) != get_u32(header.data() + 4)) return std::nullopt;
  return message;
}

}  // namespace

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
  while (true) {
    const auto message = TRY(read_record(fd.get(), size_));
    if (!message) break;
    auto event = wire::decode_event(*message);
    if (!event || event->seq != last_ + 1) break;
    if (auto* ended = std::get_if<evidence::AttemptEnded>(&event->body)) ended_ = std::move(*ended);
    size_ += header_size + message->size();
    ++last_;
  }
  if (static_cast<std::uint64_t>(info.st_size) > size_) {
    spdlog::warn("{}: {} bytes after event {} (offset {}) are no whole record: cut off",
                 path_.string(), static_cast<std::uint64_t>(info.st_size) - size_, last_, size_);
    if (ftruncate(fd.get(), static_cast<off_t>(size_)) != 0) return fail_errno("truncate");
  }
  // What a killed assayd wrote but did not sync counts as stored from now on.
  if (fdatasync(fd.get()) != 0) return fail_errno("sync");
  fd_ = std::move(fd);
  return {};
}

Result<> SegmentFile::create() {
  TRY(make_folders(path_.parent_path()));
  UniqueFd fd(::open(path_.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644));
  if (!fd) return fail_errno("open");
  TRY(sync_folder(path_.parent_path()));
  TRY(sync_folder(path_.parent_path().parent_path()));
  fd_ = std::move(fd);
  return {};
}

// Past the limit console bytes are left out. Their events stay, empty, so that
// the numbers have no gap; the first becomes a note that says so (and once more
// after a restart).
Result<std::string> SegmentFile::record(const evidence::Event& event, std::uint64_t at) {
  if (at > limit_ * 2 && !std::holds_alternative<evidence::AttemptEnded>(event.body)) {
    return fail(Cause::exhausted, "event {}: the attempt's events are larger than {} bytes",
                event.seq, limit_ * 2);
  }
  const auto* console = std::get_if<evidence::ConsoleBytes>(&event.body);
  evidence::Event less;
  if (console != nullptr && at > limit_) {
    less = {event.seq, event.at, event.role, event.board,
            evidence::ConsoleBytes{console->offset, console->sent, {}}};
    if (!leaving_out_) {
      less.body = evidence::Note{fmt::format(
          "console bytes from here on are not kept: this attempt's events reached {} bytes",
          limit_)};
    }
    leaving_out_ = true;
  }
  const std::string message = wire::encode(less.seq != 0 ? less : event);
  std::string out;
  out.reserve(header_size + message.size());
  put_u32(out, static_cast<std::uint32_t>(message.size()));
  put_u32(out, checksum(as_bytes(message)));
  return out + message;
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
    records += TRY(record(event, size_ + records.size()));
    if (const auto* end = std::get_if<evidence::AttemptEnded>(&event.body)) ended = *end;
    last = event.seq;
  }
  if (records.empty()) return {};
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
  std::size_t done = 0;
  while (done < records.size()) {
    const ssize_t n = ::pwrite(fd_.get(), records.data() + done, records.size() - done,
                               static_cast<off_t>(size_ + done));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) {
      auto error = fail_errno("write");
      // Gives the space back; should that fail, opening anew cuts it off.
      if (ftruncate(fd_.get(), static_cast<off_t>(size_)) != 0)
        spdlog::warn("{}: cannot truncate", path_.string());
      return error;
    }
    done += static_cast<std::size_t>(n);
  }
  if (fdatasync(fd_.get()) != 0) {
    auto error = fail_errno("sync");
    if (ftruncate(fd_.get(), static_cast<off_t>(size_)) != 0)
      spdlog::warn("{}: cannot truncate", path_.string());
    return error;
  }
  return {};
}

Result<std::vector<evidence::Event>> SegmentFile::read(Cursor& cursor, std::size_t bytes) const {
  std::vector<evidence::Event> events;
  if (!fd_ || cursor.seq >= last_) return events;
  Cursor at = cursor.offset == 0 ? Cursor{} : cursor;
  std::size_t taken = 0;
  while (at.seq < last_ && (events.empty() || taken < bytes)) {
    std::array<std::uint8_t, header_size> header{};
    if (at.seq < cursor.seq) {  // skips what is not asked for
      if (TRY(read_at(fd_.get(), header, at.offset)) < header_size) break;
      at = {at.seq + 1, at.offset + header_size + get_u32(header.data())};
      continue;
    }
    const auto message = TRY(read_record(fd_.get(), at.offset));
    if (!message) {
      return fail(Cause::io, "{}: event {} at offset {} is damaged", path_.string(), at.seq + 1,
                  at.offset);
    }
    auto event = TRY(wire::decode_event(*message));
    if (!events.empty() && taken + message->size() > bytes) break;
    taken += message->size();
    at = {at.seq + 1, at.offset + header_size + message->size()};
    events.push_back(std::move(event));
  }
  cursor = at;
  return events;
}

}  // namespace assay::segments
