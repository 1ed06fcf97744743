#include <cstddef>
#include <cstdint>

#include "images/derive.hpp"
#include "images/describe.hpp"

// The image itself, its slot's trailer, what is derived from it, what is said of it.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace assay::images;
  const assay::ByteView bytes(data, size);
  (void)parse_mcuboot(bytes);
  (void)parse_trailer(bytes, 8);
  (void)derive(bytes, {.region = Derivation::Region::tlv});
  const auto description = describe(bytes, "input");
  if (description) (void)describe_text(*description);
  return 0;
}
