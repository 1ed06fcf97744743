#include "drivers/flash/uf2_file.hpp"

#include <map>

#include "base/little_endian.hpp"

namespace assay::drivers {

namespace {

constexpr std::uint32_t begin_magic = 0x0A324655, second_magic = 0x9E5D5157, end_magic = 0x0AB16F30;
constexpr std::uint32_t has_family = 0x2000;
constexpr std::size_t data_size = 476;

}  // namespace

Result<Bytes> to_uf2(const images::Segments& segments, std::uint32_t family, std::uint8_t fill) {
  constexpr std::uint64_t limit = std::uint64_t{1} << 32;
  if (segments.end() > limit) {
    return fail(Cause::invalid, "UF2 has addresses of 32 bits, but this file has bytes at {:#x}",
                segments.end() - 1);
  }
  std::map<std::uint64_t, Bytes> pages;
  for (const auto& segment : segments.all) {
    for (std::size_t i = 0; i < segment.bytes.size(); ++i) {
      const auto at = segment.address + i, in_page = at % uf2_payload;
      auto& page = pages.try_emplace(at - in_page, uf2_payload, fill).first->second;
      page[in_page] = segment.bytes[i];
    }
  }
  Bytes file;
  file.reserve(pages.size() * uf2_block);
  std::uint32_t number = 0;
  for (const auto& [address, page] : pages) {
    for (const auto word :
         {begin_magic, second_magic, has_family, static_cast<std::uint32_t>(address),
          static_cast<std::uint32_t>(uf2_payload), number++,
          static_cast<std::uint32_t>(pages.size()), family})
      put_u32(file, word);
    file.insert(file.end(), page.begin(), page.end());
    file.resize(file.size() + data_size - uf2_payload);
    put_u32(file, end_magic);
  }
  return file;
}

}  // namespace assay::drivers
