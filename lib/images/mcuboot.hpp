// MCUboot images and slot trailers: bytes to facts. Nothing is judged here: an
// image whose hash does not match is parsed like any other and says so.
// Thread-safe: values and free functions. Offsets count from the image's first
// byte (header magic); sizes are in bytes.
// Source: MCUboot docs/design.md, boot/bootutil/include/bootutil/image.h.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.hpp"
#include "base/result.hpp"

namespace assay::images {

inline constexpr std::uint32_t mcuboot_magic = 0x96f3b83d;

struct McubootVersion {
  std::uint8_t major = 0;
  std::uint8_t minor = 0;
  std::uint16_t revision = 0;
  std::uint32_t build = 0;
  friend auto operator<=>(const McubootVersion&, const McubootVersion&) = default;
};
std::string to_string(const McubootVersion&);  // "1.2.3", with a build number "1.2.3+4"

struct ByteRange {
  std::uint64_t offset = 0;
  std::uint64_t size = 0;
  [[nodiscard]] std::uint64_t end() const { return offset + size; }
};

struct McubootHeader {
  std::uint32_t load_address = 0;
  std::uint16_t header_size = 0;
  std::uint16_t protected_size = 0;  // of the protected TLV area, its own header included
  std::uint32_t payload_size = 0;
  std::uint32_t flags = 0;
  McubootVersion version;
};
std::vector<std::string> flag_names(std::uint32_t flags);  // "RAM_LOAD", unknown bits "0x80000000"
bool is_encrypted(const McubootHeader&);

namespace tlv {
inline constexpr std::uint16_t key_hash = 0x01, public_key = 0x02, sha256 = 0x10, sha384 = 0x11,
                               sha512 = 0x12, rsa2048_pss = 0x20, ecdsa224 = 0x21, ecdsa_sig = 0x22,
                               rsa3072_pss = 0x23, ed25519 = 0x24, sig_pure = 0x25;
std::string name(std::uint16_t type);  // "SHA256", "vendor 0x00a0", "unknown 0x0090"
bool is_signature(std::uint16_t type);
bool is_hash(std::uint16_t type);
}  // namespace tlv

struct McubootTlv {
  std::uint16_t type = 0;
  bool is_protected = false;
  std::uint64_t offset = 0;  // of the value
  Bytes value;
};

enum class HashState {
  verified,
  mismatch,
  missing,    // no hash TLV: MCUboot refuses such an image
  encrypted,  // the hash is over the plain text, which is not at hand
};
std::string_view to_string(HashState);

struct McubootImage {
  McubootHeader header;
  ByteRange payload;
  ByteRange protected_tlvs;  // size 0 when there are none
  ByteRange tlvs;            // the unprotected area
  std::vector<McubootTlv> entries;
  std::uint64_t size = 0;  // header to the last TLV; more bytes may follow in a slot

  HashState hash_state = HashState::missing;
  std::uint16_t hash_type = 0;  // tlv::sha256, ...; 0 when missing
  Bytes stored_hash;            // the hash TLV: what SMP calls the image's hash
  Bytes computed_hash;          // over header, payload and protected TLVs; empty when not computed

  [[nodiscard]] const McubootTlv* find(std::uint16_t type) const;
};

// The header alone; Cause::invalid says what the bytes are instead.
Result<McubootHeader> parse_mcuboot_header(ByteView);
// The image at the start of `bytes`, which may be longer (a slot read back).
Result<McubootImage> parse_mcuboot(ByteView bytes);

// What the bootloader keeps at the end of a slot.
enum class TrailerMagic { good, bad, unset };
enum class TrailerFlag { set, bad, unset };
enum class SwapType { none, test, perm, revert };
std::string_view to_string(TrailerMagic);
std::string_view to_string(TrailerFlag);
std::string_view to_string(SwapType);

struct SlotTrailer {
  TrailerMagic magic = TrailerMagic::unset;
  SwapType swap_type = SwapType::none;
  std::uint8_t image_number = 0;
  TrailerFlag copy_done = TrailerFlag::unset;
  TrailerFlag image_ok = TrailerFlag::unset;
  std::optional<std::uint32_t> swap_size;  // nullopt when erased
};

// How the bootloader swaps, as far as the trailer shows it: swap using offset puts
// both images' unprotected TLV sizes where the others have the swap size, and the
// swap size below. `unknown` takes the one that can be a size.
enum class SwapAlgorithm { unknown, scratch_or_move, offset };

// The trailer of a whole slot. `write_alignment` is the flash's (1 to 32, a power
// of two); as in MCUboot, fields lie max(8, alignment) apart.
Result<SlotTrailer> parse_trailer(ByteView slot, unsigned write_alignment,
                                  SwapAlgorithm = SwapAlgorithm::unknown);

// What the bootloader will do at its next start, by both slots' trailers.
SwapType next_swap(const SlotTrailer& primary, const SlotTrailer& secondary);

}  // namespace assay::images
