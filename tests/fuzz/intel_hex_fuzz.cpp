#include <cstddef>
#include <cstdint>

#include "images/load.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  (void)assay::images::parse_intel_hex({data, size}, "input", 1 << 20);
  return 0;
}
