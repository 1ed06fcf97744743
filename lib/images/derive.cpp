#include "images/derive.hpp"

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/x509.h>

#include <algorithm>
#include <memory>

#include "base/little_endian.hpp"
#include "images/load.hpp"
#include "images/mcuboot.hpp"

namespace assay::images {
namespace {

bool is_mcuboot(ByteView bytes) {
  return bytes.size() >= 4 && u32_at(bytes, 0) == mcuboot_magic;
}

struct FlipArea {
  ByteRange range;
  std::uint64_t fallback = 0;  // offset in the range when none is given
  std::string_view name;
};

Result<FlipArea> flip_area(ByteView bytes, Derivation::Region region) {
  if (!is_mcuboot(bytes)) {
    if (region != Derivation::Region::payload) {
      TRY(parse_mcuboot_header(bytes));  // its error says what the file is
    }
    return FlipArea{{0, bytes.size()}, bytes.size() / 2, "file"};
  }
  const McubootImage image = TRY(parse_mcuboot(bytes));
  switch (region) {
    case Derivation::Region::header:
      // The version's first byte: the middle of a header is padding.
      return FlipArea{{0, image.header.header_size}, 20, "header"};
    case Derivation::Region::tlv: {
      const ByteRange tlvs{image.payload.end(), image.size - image.payload.end()};
      return FlipArea{tlvs, tlvs.size / 2, "TLV area"};
    }
    case Derivation::Region::payload:
      break;
  }
  return FlipArea{image.payload, image.payload.size / 2, "payload"};
}

Result<Bytes> flip(ByteView image, const Derivation& how) {
  if (detect(image, "") == Container::intel_hex) {
    return fail(Cause::invalid,
                "a flipped bit in an Intel HEX file only breaks its checksum; flip one in the "
                "signed .bin");
  }
  if (how.bit > 7) return fail(Cause::invalid, "bit {}: a byte has bits 0 to 7", how.bit);
  const FlipArea area = TRY(flip_area(image, how.region));
  const std::uint64_t offset = how.offset.value_or(area.fallback);
  if (offset >= area.range.size) {
    return fail(Cause::invalid, "offset {} lies outside the {} of {} bytes", offset, area.name,
                area.range.size);
  }
  Bytes result(image.begin(), image.end());
  result[area.range.offset + offset] ^= static_cast<std::uint8_t>(1U << how.bit);
  return result;
}

Result<Bytes> truncate(ByteView image, const Derivation& how) {
  if (how.keep_bytes && how.keep_percent) {
    return fail(Cause::invalid, "truncate takes a number of bytes or a percentage, not both");
  }
  if (how.keep_percent && *how.keep_percent > 99) {
    return fail(Cause::invalid, "{} percent: truncate keeps 0 to 99 percent", *how.keep_percent);
  }
  const std::uint64_t percent = how.keep_percent.value_or(50);
  const std::uint64_t keep =
      how.keep_bytes.value_or(image.size() / 100 * percent + image.size() % 100 * percent / 100);
  if (keep >= image.size()) {
    return fail(Cause::invalid, "truncate to {} bytes: the file has only {}", keep, image.size());
  }
  return Bytes(image.begin(), image.begin() + static_cast<std::ptrdiff_t>(keep));
}

using Key = std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)>;

tl::unexpected<Error> fail_openssl(std::string_view what) {
  char text[256];
  ERR_error_string_n(ERR_get_error(), text, sizeof text);
  return fail(Cause::internal, "{}: {}", what, text);
}

Result<Bytes> public_half(EVP_PKEY* key) {
  unsigned char* der = nullptr;
  const int size = i2d_PUBKEY(key, &der);
  if (size <= 0) return fail_openssl("encode the public key");
  Bytes result(der, der + size);
  OPENSSL_free(der);
  return result;
}

Result<Bytes> ecdsa_sha256(EVP_PKEY* key, ByteView message) {
  const std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context(EVP_MD_CTX_new(),
                                                                        EVP_MD_CTX_free);
  std::size_t size = 0;
  if (EVP_DigestSignInit(context.get(), nullptr, EVP_sha256(), nullptr, key) != 1 ||
      EVP_DigestSign(context.get(), nullptr, &size, message.data(), message.size()) != 1) {
    return fail_openssl("sign");
  }
  Bytes signature(size);
  if (EVP_DigestSign(context.get(), signature.data(), &size, message.data(), message.size()) != 1) {
    return fail_openssl("sign");
  }
  signature.resize(size);
  return signature;
}

void put_tlv(Bytes& area, std::uint16_t type, ByteView value) {
  put_u16(area, type);
  put_u16(area, static_cast<std::uint16_t>(value.size()));
  area.insert(area.end(), value.begin(), value.end());
}

bool is_replaced(std::uint16_t type) {
  return tlv::is_hash(type) || tlv::is_signature(type) || type == tlv::key_hash ||
         type == tlv::public_key || type == tlv::sig_pure;
}

// Puts the new TLV area after `signed_part`. What follows the image in a slot
// (erased bytes, the trailer) stays where it is.
Result<Bytes> with_tlvs(ByteView image, const McubootImage& old, ByteView tlvs) {
  Bytes result(image.begin(), image.begin() + static_cast<std::ptrdiff_t>(old.tlvs.offset));
  result.insert(result.end(), tlvs.begin(), tlvs.end());
  if (old.size == image.size()) return result;
  const ByteView tail = image.subspan(old.size);
  const std::size_t growth = result.size() > old.size ? result.size() - old.size : 0;
  const bool fits = growth <= tail.size() &&
                    std::ranges::all_of(tail.first(growth), [](int byte) { return byte == 0xff; });
  if (!fits) {
    return fail(Cause::invalid,
                "the new signature needs {} bytes more after byte 0x{:x}, which are not erased",
                growth, old.size);
  }
  if (result.size() < old.size) result.resize(old.size, 0xff);
  const ByteView rest = tail.subspan(growth);
  result.insert(result.end(), rest.begin(), rest.end());
  return result;
}

}  // namespace

std::string describe(const Derivation& how) {
  switch (how.kind) {
    case Derivation::Kind::flip: {
      const std::string_view region = how.region == Derivation::Region::payload  ? "payload"
                                      : how.region == Derivation::Region::header ? "header"
                                                                                 : "TLV area";
      if (how.offset) {
        return fmt::format("bit {} flipped at offset {} of the {}", how.bit, *how.offset, region);
      }
      if (how.region == Derivation::Region::header) {
        return fmt::format("bit {} flipped in the header's version", how.bit);
      }
      return fmt::format("bit {} flipped in the middle of the {}", how.bit, region);
    }
    case Derivation::Kind::truncate:
      if (how.keep_bytes) return fmt::format("truncated to {} bytes", *how.keep_bytes);
      return fmt::format("truncated to {} percent", how.keep_percent.value_or(50));
    case Derivation::Kind::foreign_key:
      return "signed with a fresh key that nobody trusts";
  }
  return "unknown";
}

Result<Bytes> derive(ByteView image, const Derivation& how) {
  switch (how.kind) {
    case Derivation::Kind::flip:
      return flip(image, how);
    case Derivation::Kind::truncate:
      return truncate(image, how);
    case Derivation::Kind::foreign_key:
      return TRY(sign_with_fresh_key(image)).image;
  }
  return fail(Cause::internal, "unknown derivation");
}

Result<ForeignImage> sign_with_fresh_key(ByteView image) {
  const McubootImage old = TRY(parse_mcuboot(image));
  if (old.hash_state == HashState::encrypted) {
    return fail(Cause::invalid,
                "the image is encrypted: its signature covers the plain text; derive from the "
                "image before encryption");
  }
  const Key key(EVP_PKEY_Q_keygen(nullptr, nullptr, "EC", "P-256"), EVP_PKEY_free);
  if (!key) return fail_openssl("make an ECDSA P-256 key");

  const ByteView signed_part = image.first(old.tlvs.offset);
  ForeignImage result;
  result.public_key = TRY(public_half(key.get()));
  Bytes entries;
  put_tlv(entries, tlv::sha256, sha256(signed_part));
  put_tlv(entries, tlv::key_hash, sha256(result.public_key));
  put_tlv(entries, tlv::ecdsa_sig, TRY(ecdsa_sha256(key.get(), signed_part)));
  for (const McubootTlv& entry : old.entries) {
    if (!entry.is_protected && !is_replaced(entry.type)) put_tlv(entries, entry.type, entry.value);
  }
  if (entries.size() + 4 > UINT16_MAX) {
    return fail(Cause::invalid, "{} bytes of TLVs, an area holds 65535", entries.size() + 4);
  }
  Bytes tlvs;
  put_u16(tlvs, 0x6907);
  put_u16(tlvs, static_cast<std::uint16_t>(entries.size() + 4));
  tlvs.insert(tlvs.end(), entries.begin(), entries.end());
  result.image = TRY(with_tlvs(image, old, tlvs));
  return result;
}

}  // namespace assay::images
