#include <algorithm>
#include <array>

#include "images/mcuboot.hpp"

namespace assay::images::tlv {
namespace {

struct Known {
  std::uint16_t type;
  std::string_view name;
};

constexpr Known known[] = {
    {key_hash, "KEYHASH"},
    {public_key, "PUBKEY"},
    {sha256, "SHA256"},
    {sha384, "SHA384"},
    {sha512, "SHA512"},
    {rsa2048_pss, "RSA2048_PSS"},
    {ecdsa224, "ECDSA224"},
    {ecdsa_sig, "ECDSA_SIG"},
    {rsa3072_pss, "RSA3072_PSS"},
    {ed25519, "ED25519"},
    {sig_pure, "SIG_PURE"},
    {0x30, "ENC_RSA2048"},
    {0x31, "ENC_KW"},
    {0x32, "ENC_EC256"},
    {0x33, "ENC_X25519"},
    {0x34, "ENC_X25519_SHA512"},
    {0x40, "DEPENDENCY"},
    {0x50, "SEC_CNT"},
    {0x60, "BOOT_RECORD"},
    {0x70, "DECOMP_SIZE"},
    {0x71, "DECOMP_SHA"},
    {0x72, "DECOMP_SIGNATURE"},
    {0x73, "COMP_DEC_SIZE"},
    // imgtool 2.2 writes the identifiers as 0x74 and 0x75, others as 0x80 and 0x81.
    {0x74, "UUID_VID"},
    {0x75, "UUID_CID"},
    {0x80, "UUID_VID"},
    {0x81, "UUID_CID"},
};

}  // namespace

std::string name(std::uint16_t type) {
  const auto found = std::ranges::find(known, type, &Known::type);
  if (found != std::end(known)) return std::string(found->name);
  // MCUboot leaves xxA0 to xxFF to vendors.
  if ((type & 0xff) >= 0xa0 && type != 0xffff) return fmt::format("vendor 0x{:04x}", type);
  return fmt::format("unknown 0x{:04x}", type);
}

bool is_signature(std::uint16_t type) {
  return type >= rsa2048_pss && type <= ed25519;
}

bool is_hash(std::uint16_t type) {
  return type >= sha256 && type <= sha512;
}

}  // namespace assay::images::tlv
