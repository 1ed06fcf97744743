// Small files of every kind that lib/images reads, made in memory.
#pragma once

#include <gtest/gtest.h>

#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "images/mcuboot.hpp"
#include "images/segments.hpp"

namespace assay::images::test {

using TlvList = std::vector<std::pair<std::uint16_t, Bytes>>;

// An MCUboot image. As built it has one SHA256 TLV, which matches.
struct ImageBuilder {
  std::uint16_t header_size = 0x20;
  std::uint32_t load_address = 0;
  std::uint32_t flags = 0;
  McubootVersion version{1, 2, 3, 0};
  Bytes payload = Bytes(100, 0x5a);
  TlvList protected_tlvs = {};
  std::uint16_t hash_type = tlv::sha256;  // 0: no hash
  TlvList tlvs = {};                      // after the hash

  [[nodiscard]] Bytes build() const;
};

// A slot of `size` bytes: `image` at `offset`, then erased, then these last bytes.
Bytes slot_of(ByteView image, std::size_t size, ByteView last, std::size_t offset = 0);

// Intel HEX with `width` data bytes a record and type 04 records as needed.
std::string intel_hex(const Segments&, std::size_t width = 16);
// One record, its checksum computed.
std::string hex_record(std::uint8_t type, std::uint16_t offset, ByteView data);

// A 32-bit little-endian ELF file with one PT_LOAD a segment.
Bytes elf(const std::vector<Segment>&);

// The value, or the test fails with the error's text.
template <class T>
T must(Result<T> result) {
  if (!result) throw std::runtime_error(result.error().text);
  return std::move(*result);
}

// The error's text after checking its cause.
template <class T>
std::string error_of(const Result<T>& result, Cause cause = Cause::invalid) {
  if (result) return "(no error)";
  EXPECT_EQ(result.error().cause, cause) << result.error().text;
  return result.error().text;
}

}  // namespace assay::images::test
