// Numbers in little-endian bytes. The caller has checked that they are there.
// Thread-safe: free functions.
#pragma once

#include <cstdint>

#include "base/bytes.hpp"

namespace assay {

inline std::uint16_t u16_at(ByteView bytes, std::size_t at) {
  return static_cast<std::uint16_t>(bytes[at] | bytes[at + 1] << 8);
}
inline std::uint32_t u32_at(ByteView bytes, std::size_t at) {
  return u16_at(bytes, at) | static_cast<std::uint32_t>(u16_at(bytes, at + 2)) << 16;
}
inline void put_u16(Bytes& bytes, std::uint16_t value) {
  bytes.push_back(static_cast<std::uint8_t>(value));
  bytes.push_back(static_cast<std::uint8_t>(value >> 8));
}
inline void put_u32(Bytes& bytes, std::uint32_t value) {
  put_u16(bytes, static_cast<std::uint16_t>(value));
  put_u16(bytes, static_cast<std::uint16_t>(value >> 16));
}

}  // namespace assay
