#include "image_builder.hpp"

#include <openssl/evp.h>

#include <algorithm>

namespace assay::images::test {
namespace {

void put16(Bytes& out, std::uint64_t value) {
  out.push_back(static_cast<std::uint8_t>(value));
  out.push_back(static_cast<std::uint8_t>(value >> 8));
}
void put32(Bytes& out, std::uint64_t value) {
  put16(out, value);
  put16(out, value >> 16);
}
void append(Bytes& out, ByteView more) {
  out.insert(out.end(), more.begin(), more.end());
}

Bytes area(std::uint16_t magic, const TlvList& tlvs) {
  Bytes entries;
  for (const auto& [type, value] : tlvs) {
    put16(entries, type);
    put16(entries, value.size());
    append(entries, value);
  }
  Bytes out;
  put16(out, magic);
  put16(out, entries.size() + 4);
  append(out, entries);
  return out;
}

Bytes digest(std::uint16_t type, ByteView bytes) {
  const EVP_MD* md = type == tlv::sha256   ? EVP_sha256()
                     : type == tlv::sha384 ? EVP_sha384()
                                           : EVP_sha512();
  Bytes out(static_cast<std::size_t>(EVP_MD_get_size(md)));
  EVP_Digest(bytes.data(), bytes.size(), out.data(), nullptr, md, nullptr);
  return out;
}

}  // namespace

Bytes ImageBuilder::build() const {
  const Bytes guarded = protected_tlvs.empty() ? Bytes{} : area(0x6908, protected_tlvs);
  Bytes out;
  put32(out, mcuboot_magic);
  put32(out, load_address);
  put16(out, header_size);
  put16(out, guarded.size());
  put32(out, payload.size());
  put32(out, flags);
  out.push_back(version.major);
  out.push_back(version.minor);
  put16(out, version.revision);
  put32(out, version.build);
  out.resize(header_size, 0);
  append(out, payload);
  append(out, guarded);
  TlvList last;
  if (hash_type != 0) last.emplace_back(hash_type, digest(hash_type, out));
  last.insert(last.end(), tlvs.begin(), tlvs.end());
  append(out, area(0x6907, last));
  return out;
}

Bytes slot_of(ByteView image, std::size_t size, ByteView last, std::size_t offset) {
  Bytes slot(size, 0xff);
  std::ranges::copy(image, slot.begin() + static_cast<std::ptrdiff_t>(offset));
  std::ranges::copy(last, slot.end() - static_cast<std::ptrdiff_t>(last.size()));
  return slot;
}

std::string hex_record(std::uint8_t type, std::uint16_t offset, ByteView data) {
  Bytes bytes = {static_cast<std::uint8_t>(data.size()), static_cast<std::uint8_t>(offset >> 8),
                 static_cast<std::uint8_t>(offset), type};
  append(bytes, data);
  std::uint8_t sum = 0;
  for (const std::uint8_t byte : bytes) sum = static_cast<std::uint8_t>(sum + byte);
  bytes.push_back(static_cast<std::uint8_t>(-sum));
  return ":" + to_hex(bytes) + "\n";
}

std::string intel_hex(const Segments& segments, std::size_t width) {
  std::string text;
  std::uint64_t upper = 0;
  for (const Segment& segment : segments.all) {
    std::size_t done = 0;
    while (done < segment.bytes.size()) {
      const std::uint64_t address = segment.address + done;
      if (address >> 16 != upper) {
        upper = address >> 16;
        const Bytes value = {static_cast<std::uint8_t>(upper >> 8),
                             static_cast<std::uint8_t>(upper)};
        text += hex_record(4, 0, value);
      }
      const std::size_t count = std::min({width, segment.bytes.size() - done,
                                          static_cast<std::size_t>(0x10000 - address % 0x10000)});
      text += hex_record(0, static_cast<std::uint16_t>(address),
                         ByteView(segment.bytes).subspan(done, count));
      done += count;
    }
  }
  return text + ":00000001FF\n";
}

Bytes elf(const std::vector<Segment>& segments) {
  Bytes out = {0x7f, 'E', 'L', 'F', 1, 1, 1};
  out.resize(16, 0);
  put16(out, 2);   // executable
  put16(out, 40);  // ARM
  put32(out, 1);
  put32(out, 0);
  put32(out, 52);  // program headers follow
  put32(out, 0);
  put32(out, 0);
  put16(out, 52);
  put16(out, 32);
  put16(out, segments.size());
  out.resize(52, 0);
  std::size_t at = 52 + 32 * segments.size();
  for (const Segment& segment : segments) {
    put32(out, 1);  // PT_LOAD
    put32(out, at);
    put32(out, 0x20000000);  // where it runs, unlike where it is stored
    put32(out, segment.address);
    put32(out, segment.bytes.size());
    put32(out, segment.bytes.size() + 64);
    put32(out, 5);
    put32(out, 4);
    at += segment.bytes.size();
  }
  for (const Segment& segment : segments) append(out, segment.bytes);
  return out;
}

}  // namespace assay::images::test
