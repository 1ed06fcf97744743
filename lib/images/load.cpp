#include "images/load.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <string>

#include "base/file.hpp"

namespace assay::images {
namespace {

bool has_extension(std::string_view name, std::initializer_list<std::string_view> extensions) {
  const auto dot = name.rfind('.');
  if (dot == std::string_view::npos) return false;
  std::string end(name.substr(dot + 1));
  std::ranges::transform(end, end.begin(),
                         [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return std::ranges::find(extensions, end) != extensions.end();
}

// A colon and eight hexadecimal digits, as every record of the format begins.
bool looks_like_intel_hex(ByteView content) {
  if (content.size() < 11 || content[0] != ':') return false;
  return std::ranges::all_of(content.subspan(1, 8), [](int c) { return std::isxdigit(c) != 0; });
}

bool looks_like_elf(ByteView content) {
  static constexpr std::array<std::uint8_t, 4> magic = {0x7f, 'E', 'L', 'F'};
  return content.size() >= 4 && std::ranges::equal(content.first(4), magic);
}

}  // namespace

std::string_view to_string(Container container) {
  switch (container) {
    case Container::raw:
      return "raw binary";
    case Container::intel_hex:
      return "Intel HEX";
    case Container::elf:
      return "ELF";
  }
  return "unknown";
}

Container detect(ByteView content, std::string_view name) {
  if (looks_like_elf(content)) return Container::elf;
  if (looks_like_intel_hex(content)) return Container::intel_hex;
  if (has_extension(name, {"hex", "ihex", "ihx"})) return Container::intel_hex;
  if (has_extension(name, {"elf", "axf"})) return Container::elf;
  return Container::raw;
}

Result<Segments> parse(ByteView content, std::string_view name, std::uint64_t raw_base,
                       std::uint64_t limit) {
  if (content.empty()) return fail(Cause::invalid, "{}: the file is empty", name);
  switch (detect(content, name)) {
    case Container::intel_hex:
      return parse_intel_hex(content, name, limit);
    case Container::elf:
      return parse_elf(content, name, limit);
    case Container::raw:
      break;
  }
  if (content.size() > limit) {
    return fail(Cause::exhausted, "{}: {} bytes, at most {} are read", name, content.size(), limit);
  }
  if (raw_base > UINT64_MAX - content.size()) {
    return fail(Cause::invalid, "{}: {} bytes do not fit at address 0x{:x}", name, content.size(),
                raw_base);
  }
  Segments segments;
  segments.all.push_back({raw_base, Bytes(content.begin(), content.end())});
  return segments;
}

Result<Segments> load(const std::filesystem::path& path, std::uint64_t raw_base,
                      std::uint64_t limit) {
  const Bytes content = TRY(read_file(path, limit));
  return parse(content, path.string(), raw_base, limit);
}

}  // namespace assay::images
