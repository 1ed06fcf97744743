#include "drivers/disk/bmap.hpp"

#include <algorithm>
#include <charconv>
#include <pugixml.hpp>

#include "base/file.hpp"
#include "base/text.hpp"

namespace assay::drivers {

namespace {

constexpr std::uint64_t longest_map = 16 << 20;
constexpr std::uint64_t largest_image = std::uint64_t{1} << 44;  // 16 TiB

std::string_view trimmed(std::string_view text) {
  const auto begin = text.find_first_not_of(" \t\r\n");
  if (begin == std::string_view::npos) return "";
  return text.substr(begin, text.find_last_not_of(" \t\r\n") - begin + 1);
}

std::optional<std::uint64_t> number(std::string_view text) {
  text = trimmed(text);
  std::uint64_t value = 0;
  const auto [stop, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || stop != text.data() + text.size()) return std::nullopt;
  return value;
}

// The map's own checksum is over the map with zeros in the checksum's place.
bool is_whole(std::string_view text, std::string_view checksum) {
  const auto at = text.find(checksum);
  if (at == std::string_view::npos) return false;
  std::string zeroed(text);
  std::fill_n(zeroed.begin() + static_cast<std::ptrdiff_t>(at), checksum.size(), '0');
  return to_hex(sha256(as_bytes(zeroed))) == checksum;
}

}  // namespace

std::uint64_t BlockMap::bytes() const {
  std::uint64_t all = 0;
  for (const Extent& one : mapped) all += one.end - one.begin;
  return all;
}

Result<BlockMap> parse_block_map(std::string_view text, std::string_view name) {
  const auto wrong = [&](const std::string& what) {
    return fail(Cause::invalid, "{}: {}", printable(name), what);
  };
  pugi::xml_document document;
  const auto parsed = document.load_buffer(text.data(), text.size());
  if (!parsed) {
    return wrong(
        fmt::format("is no block map: {} at byte {}", parsed.description(), parsed.offset));
  }
  const auto root = document.child("bmap");
  if (!root) return wrong("is no block map: <bmap> is missing");
  const std::string_view version = root.attribute("version").value();
  if (!version.starts_with("1.") && !version.starts_with("2."))
    return wrong(fmt::format("its version '{}' is not known: 1 and 2 are", printable(version)));
  const auto field = [&](const char* key) { return trimmed(root.child_value(key)); };
  const auto size = number(field("ImageSize")), block = number(field("BlockSize"));
  if (!size || *size == 0 || *size > largest_image) return wrong("its ImageSize makes no sense");
  if (!block || *block < 512 || *block > 16 << 20 || *block % 512 != 0)
    return wrong("its BlockSize makes no sense");
  const std::string_view kind = field("ChecksumType");
  if (!kind.empty() && kind != "sha256")
    return wrong(fmt::format("its checksums are {}: only sha256 is taken", printable(kind)));
  if (const auto own = field("BmapFileChecksum"); !own.empty() && !is_whole(text, own))
    return wrong("is damaged: its own checksum does not fit");

  BlockMap map{.image_size = *size, .mapped = {}};
  for (const auto range : root.child("BlockMap").children("Range")) {
    const std::string_view said = trimmed(range.child_value());
    const auto dash = said.find('-');
    const auto first = number(said.substr(0, dash));
    const auto last = dash == std::string_view::npos ? first : number(said.substr(dash + 1));
    const bool good = first && last && *first <= *last && *last <= (*size - 1) / *block &&
                      (map.mapped.empty() || *first * *block >= map.mapped.back().end);
    if (!good) {
      return wrong(fmt::format("its range '{}' makes no sense: outside the image, or out of order",
                               printable(said)));
    }
    Extent extent{.begin = *first * *block, .end = std::min((*last + 1) * *block, *size)};
    const std::string_view sum = range.attribute("chksum").value();
    if (!sum.empty() && !is_sha256_hex(sum))
      return wrong(fmt::format("the checksum of its range '{}' is no SHA-256", printable(said)));
    if (!sum.empty()) {
      const auto bytes = from_hex(sum);
      extent.digest.emplace();
      std::copy(bytes->begin(), bytes->end(), extent.digest->begin());
    }
    map.mapped.push_back(std::move(extent));
  }
  if (map.mapped.empty()) return wrong("maps no block at all");
  return map;
}

Result<BlockMap> read_block_map(const std::filesystem::path& path) {
  const auto text = read_text(path, longest_map);
  if (!text) return fail(Cause::invalid, "{}", text.error().text);
  return parse_block_map(*text, path.filename().string());
}

}  // namespace assay::drivers
