// Bytes, SHA-256 and hexadecimal. Thread-safe: free functions and values.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"

namespace assay {

using Bytes = std::vector<std::uint8_t>;
using ByteView = std::span<const std::uint8_t>;

inline ByteView as_bytes(std::string_view text) {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}
inline std::string_view as_text(ByteView bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

using Sha256 = std::array<std::uint8_t, 32>;

// SHA-256 in pieces: update() any number of times, then finish() once.
class Sha256Stream {
 public:
  Sha256Stream();
  ~Sha256Stream();
  Sha256Stream(const Sha256Stream&) = delete;
  Sha256Stream& operator=(const Sha256Stream&) = delete;
  void update(ByteView);
  Sha256 finish();

 private:
  void* context_;
};

Sha256 sha256(ByteView);

std::string to_hex(ByteView);              // lower case, no separators
Result<Bytes> from_hex(std::string_view);  // even number of digits, either case
// 64 lower-case hexadecimal digits: the name of an artifact.
bool is_sha256_hex(std::string_view);

}  // namespace assay
