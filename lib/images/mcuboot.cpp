#include "images/mcuboot.hpp"

#include <openssl/evp.h>

#include <algorithm>
#include <array>

#include "base/little_endian.hpp"

namespace assay::images {
namespace {

constexpr std::size_t header_bytes = 32;
constexpr std::size_t tlv_info_bytes = 4;
constexpr std::size_t tlv_header_bytes = 4;
constexpr std::uint16_t tlv_magic = 0x6907;
constexpr std::uint16_t protected_tlv_magic = 0x6908;
constexpr std::uint32_t flag_encrypted = 0x4 | 0x8;

std::string what_it_is(ByteView bytes) {
  const std::uint32_t first = u32_at(bytes, 0);
  switch (first) {
    case 0x464c457f:
      return " (an ELF file)";
    case 0x04034b50:
      return " (a ZIP archive)";
    case 0xffffffff:
      return " (erased flash)";
    case 0x96f3b83c:
      return " (an MCUboot image of the old format 1)";
    default:
      break;
  }
  if ((first & 0xffff) == 0x8b1f) return " (a gzip file)";
  if (bytes[0] == ':') return " (an Intel HEX file)";
  // Initial stack pointer in RAM, then a Thumb address: a program before signing.
  if (bytes.size() >= 8 && first >> 28 == 2 && first % 4 == 0 && (bytes[4] & 1) == 1 &&
      u32_at(bytes, 4) < 0x20000000) {
    return " (a vector table: a program that is not signed)";
  }
  return "";
}

Bytes digest(std::uint16_t hash_type, ByteView covered) {
  const EVP_MD* algorithm = hash_type == tlv::sha256   ? EVP_sha256()
                            : hash_type == tlv::sha384 ? EVP_sha384()
                                                       : EVP_sha512();
  Bytes result(EVP_MAX_MD_SIZE);
  unsigned size = 0;
  EVP_Digest(covered.data(), covered.size(), result.data(), &size, algorithm, nullptr);
  result.resize(size);
  return result;
}

// The TLVs of one area: `area` starts with its info header, whose total has been
// checked against the bytes at hand.
Result<> read_tlvs(ByteView bytes, ByteRange area, bool is_protected,
                   std::vector<McubootTlv>& entries) {
  std::uint64_t at = area.offset + tlv_info_bytes;
  while (at < area.end()) {
    if (area.end() - at < tlv_header_bytes) {
      return fail(Cause::invalid,
                  "at byte 0x{:x}: {} bytes are left of the TLV area, a TLV takes 4", at,
                  area.end() - at);
    }
    const std::uint16_t type = u16_at(bytes, at);
    const std::uint16_t size = u16_at(bytes, at + 2);
    if (area.end() - at - tlv_header_bytes < size) {
      return fail(Cause::invalid,
                  "at byte 0x{:x}: TLV {} announces {} bytes, {} are left of the TLV area", at,
                  tlv::name(type), size, area.end() - at - tlv_header_bytes);
    }
    const ByteView value = bytes.subspan(at + tlv_header_bytes, size);
    entries.push_back({type, is_protected, at + tlv_header_bytes, {value.begin(), value.end()}});
    at += tlv_header_bytes + size;
  }
  return {};
}

// The area at `offset`, when its magic is there and it lies within the bytes.
Result<ByteRange> tlv_area(ByteView bytes, std::uint64_t offset, std::uint16_t magic) {
  if (bytes.size() < offset || bytes.size() - offset < tlv_info_bytes) {
    return fail(Cause::invalid,
                "the TLVs begin at byte 0x{:x}, the data ends at byte 0x{:x}: it is truncated",
                offset, bytes.size());
  }
  const std::uint16_t found = u16_at(bytes, offset);
  if (found != magic) {
    return fail(Cause::invalid, "at byte 0x{:x}: TLV magic is 0x{:04x}, expected 0x{:04x}", offset,
                found, magic);
  }
  const std::uint16_t size = u16_at(bytes, offset + 2);
  if (size < tlv_info_bytes) {
    return fail(Cause::invalid, "at byte 0x{:x}: a TLV area of {} bytes, at least 4 expected",
                offset + 2, size);
  }
  if (bytes.size() - offset < size) {
    return fail(Cause::invalid,
                "the TLVs end at byte 0x{:x}, the data ends at byte 0x{:x}: it is truncated",
                offset + size, bytes.size());
  }
  return ByteRange{offset, size};
}

void check_hash(ByteView bytes, McubootImage& image) {
  const auto stored = std::ranges::find_if(
      image.entries, [](const McubootTlv& entry) { return tlv::is_hash(entry.type); });
  if (stored == image.entries.end()) return;
  image.hash_type = stored->type;
  image.stored_hash = stored->value;
  image.computed_hash = digest(stored->type, bytes.first(image.tlvs.offset));
  // The flag stays set in the primary slot, where the image lies decrypted: compare first.
  if (image.computed_hash == image.stored_hash) {
    image.hash_state = HashState::verified;
  } else if (is_encrypted(image.header)) {
    image.hash_state = HashState::encrypted;
    image.computed_hash.clear();
  } else {
    image.hash_state = HashState::mismatch;
  }
}

}  // namespace

std::string to_string(const McubootVersion& version) {
  std::string text = fmt::format("{}.{}.{}", version.major, version.minor, version.revision);
  if (version.build != 0) text += fmt::format("+{}", version.build);
  return text;
}

std::string_view to_string(HashState state) {
  switch (state) {
    case HashState::verified:
      return "verified";
    case HashState::mismatch:
      return "mismatch";
    case HashState::missing:
      return "missing";
    case HashState::encrypted:
      return "encrypted";
  }
  return "unknown";
}

bool is_encrypted(const McubootHeader& header) {
  return (header.flags & flag_encrypted) != 0;
}

std::vector<std::string> flag_names(std::uint32_t flags) {
  static constexpr std::pair<std::uint32_t, std::string_view> known[] = {
      {0x001, "PIC"},
      {0x004, "ENCRYPTED_AES128"},
      {0x008, "ENCRYPTED_AES256"},
      {0x010, "NON_BOOTABLE"},
      {0x020, "RAM_LOAD"},
      {0x100, "ROM_FIXED"},
      {0x200, "COMPRESSED_LZMA1"},
      {0x400, "COMPRESSED_LZMA2"},
      {0x800, "COMPRESSED_ARM_THUMB"},
  };
  std::vector<std::string> names;
  for (const auto& [bit, name] : known) {
    if ((flags & bit) != 0) names.emplace_back(name);
    flags &= ~bit;
  }
  if (flags != 0) names.push_back(fmt::format("0x{:x}", flags));
  return names;
}

const McubootTlv* McubootImage::find(std::uint16_t type) const {
  const auto found = std::ranges::find(entries, type, &McubootTlv::type);
  return found == entries.end() ? nullptr : &*found;
}

Result<McubootHeader> parse_mcuboot_header(ByteView bytes) {
  if (bytes.size() < 4 || u32_at(bytes, 0) != mcuboot_magic) {
    if (bytes.size() < 4) {
      return fail(Cause::invalid, "not an MCUboot image: {} bytes in all, a header takes 32",
                  bytes.size());
    }
    return fail(Cause::invalid,
                "not an MCUboot image: the first four bytes are {:02x} {:02x} {:02x} {:02x}{}, "
                "expected 3d b8 f3 96; give the signed .bin",
                bytes[0], bytes[1], bytes[2], bytes[3], what_it_is(bytes));
  }
  if (bytes.size() < header_bytes) {
    return fail(Cause::invalid,
                "the MCUboot header takes 32 bytes, the file has {}: it is truncated",
                bytes.size());
  }
  McubootHeader header;
  header.load_address = u32_at(bytes, 4);
  header.header_size = u16_at(bytes, 8);
  header.protected_size = u16_at(bytes, 10);
  header.payload_size = u32_at(bytes, 12);
  header.flags = u32_at(bytes, 16);
  header.version = {bytes[20], bytes[21], u16_at(bytes, 22), u32_at(bytes, 24)};
  if (header.header_size < header_bytes) {
    return fail(Cause::invalid, "at byte 0x8: a header of {} bytes, at least 32 expected",
                header.header_size);
  }
  return header;
}

Result<McubootImage> parse_mcuboot(ByteView bytes) {
  McubootImage image;
  image.header = TRY(parse_mcuboot_header(bytes));
  image.payload = {image.header.header_size, image.header.payload_size};
  std::uint64_t at = image.payload.end();
  if (at > bytes.size()) {
    return fail(Cause::invalid,
                "the header announces {} bytes of payload up to byte 0x{:x}, the data ends at byte "
                "0x{:x}: it is truncated",
                image.payload.size, at, bytes.size());
  }
  if (image.header.protected_size != 0) {
    image.protected_tlvs = TRY(tlv_area(bytes, at, protected_tlv_magic));
    if (image.protected_tlvs.size != image.header.protected_size) {
      return fail(Cause::invalid,
                  "at byte 0x{:x}: {} bytes of protected TLVs, the header announces {}", at + 2,
                  image.protected_tlvs.size, image.header.protected_size);
    }
    TRY(read_tlvs(bytes, image.protected_tlvs, true, image.entries));
    at = image.protected_tlvs.end();
  }
  image.tlvs = TRY(tlv_area(bytes, at, tlv_magic));
  TRY(read_tlvs(bytes, image.tlvs, false, image.entries));
  image.size = image.tlvs.end();
  check_hash(bytes, image);
  return image;
}

}  // namespace assay::images
