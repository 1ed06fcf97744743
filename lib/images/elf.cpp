#include <array>

#include "base/little_endian.hpp"
#include "images/load.hpp"

namespace assay::images {
namespace {

constexpr std::size_t header_size = 52;
constexpr std::size_t program_header_size = 32;
constexpr std::uint32_t pt_load = 1;

struct ProgramHeader {
  std::uint32_t type, offset, address, file_size;
};

ProgramHeader program_header(ByteView bytes) {
  return {u32_at(bytes, 0), u32_at(bytes, 4), u32_at(bytes, 12), u32_at(bytes, 16)};
}

}  // namespace

Result<Segments> parse_elf(ByteView content, std::string_view name, std::uint64_t limit) {
  const auto bad = [&](std::uint64_t offset, const std::string& text) {
    return fail(Cause::invalid, "{}: byte 0x{:x}: {}", name, offset, text);
  };
  if (content.size() < header_size) {
    return bad(content.size(), fmt::format("the file ends within the ELF header, which takes {} "
                                           "bytes",
                                           header_size));
  }
  static constexpr std::array<std::uint8_t, 4> magic = {0x7f, 'E', 'L', 'F'};
  if (!std::equal(magic.begin(), magic.end(), content.begin())) {
    return bad(0, fmt::format("not an ELF file: it starts with {}", to_hex(content.first(4))));
  }
  if (content[4] != 1) return bad(4, "not a 32-bit ELF file (class 1)");
  if (content[5] != 1) return bad(5, "not a little-endian ELF file (data encoding 1)");

  const std::uint64_t table = u32_at(content, 28);
  const std::uint64_t entry_size = u16_at(content, 42);
  const std::uint64_t count = u16_at(content, 44);
  if (count == 0) {
    return bad(44, "no program headers: an object file must be linked before it can be flashed");
  }
  if (entry_size < program_header_size) {
    return bad(42, fmt::format("program headers of {} bytes, at least {} expected", entry_size,
                               program_header_size));
  }
  if (table + count * entry_size > content.size()) {
    return bad(
        28, fmt::format("{} program headers at 0x{:x} run past the end of the file", count, table));
  }

  std::vector<Segment> parts;
  std::uint64_t total = 0;
  for (std::uint64_t i = 0; i < count; ++i) {
    const std::uint64_t at = table + i * entry_size;
    const ProgramHeader header = program_header(content.subspan(at, program_header_size));
    if (header.type != pt_load || header.file_size == 0) continue;
    const std::uint64_t end = std::uint64_t{header.offset} + header.file_size;
    if (end > content.size()) {
      return bad(at, fmt::format("program header {} takes bytes 0x{:x} to 0x{:x}, the file has {} "
                                 "bytes: it is truncated",
                                 i, header.offset, end - 1, content.size()));
    }
    if (std::uint64_t{header.address} + header.file_size > std::uint64_t{1} << 32) {
      return bad(at, fmt::format("program header {} runs past the address 0xffffffff", i));
    }
    total += header.file_size;
    if (total > limit) {
      return fail(Cause::exhausted, "{}: byte 0x{:x}: more than {} bytes to load", name, at, limit);
    }
    const ByteView data = content.subspan(header.offset, header.file_size);
    parts.push_back({header.address, Bytes(data.begin(), data.end())});
  }
  if (parts.empty()) return bad(table, "no program header of type LOAD holds bytes");
  auto arranged = arrange(std::move(parts));
  if (!arranged) return bad(table, arranged.error().text + " by the program headers");
  return arranged;
}

}  // namespace assay::images
