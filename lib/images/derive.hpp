// Broken and foreign images made from a good one, to prove that a device refuses
// them. Thread-safe: values and free functions.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/bytes.hpp"
#include "base/result.hpp"

namespace assay::images {

// Plain data, so that it can travel. Fields that the kind does not use are ignored.
struct Derivation {
  enum class Kind {
    flip,         // one bit
    truncate,     // cut off the end
    foreign_key,  // signed again, with a fresh ECDSA P-256 key that nobody trusts
  };
  // Where to flip. Files that are not MCUboot images are all payload.
  enum class Region { payload, header, tlv };

  Kind kind = Kind::flip;
  Region region = Region::payload;
  // In the region. Default: its middle; of a header, the version (the middle is padding).
  std::optional<std::uint64_t> offset = {};
  std::uint8_t bit = 0;  // 0 (least significant) to 7
  // What truncate keeps: one of them; neither means 50 percent.
  std::optional<std::uint64_t> keep_bytes = {};
  std::optional<std::uint8_t> keep_percent = {};  // 0 to 99

  friend bool operator==(const Derivation&, const Derivation&) = default;
};

// "bit 0 flipped in the middle of the payload", for reports.
std::string describe(const Derivation&);

// Cause::invalid when it cannot be done: an offset outside the region, a flip
// in an Intel HEX file (which would only break its checksum), a key for what is
// not an MCUboot image.
Result<Bytes> derive(ByteView image, const Derivation&);

struct ForeignImage {
  Bytes image;
  Bytes public_key;  // DER, SubjectPublicKeyInfo; its SHA-256 is the KEYHASH TLV
};
// Derivation::Kind::foreign_key, with the public half of the key for tests.
Result<ForeignImage> sign_with_fresh_key(ByteView image);

}  // namespace assay::images
