// UF2: a file of 512-byte blocks, each with 256 bytes and the address they belong to,
// that a bootloader takes as it is copied to what looks like a disk.
// Source: "USB Flashing Format (UF2)", https://github.com/microsoft/uf2.
// Thread-safe: free functions.
#pragma once

#include <cstdint>

#include "base/bytes.hpp"
#include "images/segments.hpp"

namespace assay::drivers {

inline constexpr std::size_t uf2_block = 512, uf2_payload = 256;

// Whole pages of 256 bytes; what a page has not is `fill`. `family` tells a bootloader
// whether the file is for its kind of chip. Cause::invalid past 4 GiB.
Result<Bytes> to_uf2(const images::Segments&, std::uint32_t family, std::uint8_t fill);

}  // namespace assay::drivers
