#include "wire/record.hpp"

#include <zlib.h>

#include <algorithm>
#include <array>

#include "base/fd.hpp"

namespace assay::wire {

namespace {

using Header = std::array<std::uint8_t, record_header>;

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

Result<std::optional<Header>> read_header(int fd, std::uint64_t offset) {
  Header header{};
  if (TRY(read_at(fd, header, offset, "read")) < record_header) return std::nullopt;
  return header;
}

}  // namespace

std::string make_record(std::string_view message) {
  std::string out;
  out.reserve(record_header + message.size());
  put_u32(out, static_cast<std::uint32_t>(message.size()));
  put_u32(out, checksum(as_bytes(message)));
  return out.append(message);
}

Result<std::optional<Bytes>> read_record(int fd, std::uint64_t offset, std::size_t longest) {
  const auto header = TRY(read_header(fd, offset));
  if (!header) return std::nullopt;
  const std::uint32_t length = get_u32(header->data());
  if (length == 0 || length > longest) return std::nullopt;
  Bytes message(length);
  if (TRY(read_at(fd, message, offset + record_header, "read")) < length) return std::nullopt;
  if (checksum(message) != get_u32(header->data() + 4)) return std::nullopt;
  return message;
}

Result<std::optional<std::uint32_t>> record_length(int fd, std::uint64_t offset) {
  const auto header = TRY(read_header(fd, offset));
  return header ? std::optional(get_u32(header->data())) : std::nullopt;
}

Result<bool> RecordReader::have(std::size_t bytes) {
  if (end_ - begin_ >= bytes) return true;
  constexpr std::size_t piece = 256U << 10;
  if (buffer_.size() < bytes) buffer_.resize(std::max(bytes, piece));
  std::copy(buffer_.begin() + static_cast<std::ptrdiff_t>(begin_),
            buffer_.begin() + static_cast<std::ptrdiff_t>(end_), buffer_.begin());
  end_ -= begin_;
  begin_ = 0;
  end_ += TRY(read_(offset_ + end_, std::span(buffer_).subspan(end_)));
  return end_ >= bytes;
}

Result<std::optional<std::string_view>> RecordReader::next() {
  if (!TRY(have(record_header))) return std::nullopt;
  const std::uint32_t length = get_u32(&buffer_[begin_]);
  if (length == 0 || length > longest_) return std::nullopt;
  if (!TRY(have(record_header + length))) return std::nullopt;
  const ByteView message = ByteView(buffer_).subspan(begin_ + record_header, length);
  if (checksum(message) != get_u32(&buffer_[begin_ + 4])) return std::nullopt;
  begin_ += record_header + length;
  offset_ += record_header + length;
  return as_text(message);
}

void RecordReader::seek(std::uint64_t offset) {
  if (offset >= offset_ && offset - offset_ <= end_ - begin_) {
    begin_ += offset - offset_;
  } else {
    begin_ = end_ = 0;
  }
  offset_ = offset;
}

}  // namespace assay::wire
