// The image itself, its slot's trailer, what is derived from it, what is said of it.
#include "../unit/images/image_builder.hpp"
#include "fuzz.hpp"
#include "images/derive.hpp"
#include "images/describe.hpp"

using namespace assay;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace images;
  const ByteView bytes(data, size);
  (void)parse_mcuboot(bytes);
  (void)parse_trailer(bytes, 8);
  (void)derive(bytes, {.region = Derivation::Region::tlv});
  const auto description = describe(bytes, "input");
  if (description) (void)describe_text(*description);
  return 0;
}

std::vector<std::string> fuzz::seeds() {
  using images::test::ImageBuilder;
  ImageBuilder plain;
  ImageBuilder full;
  full.protected_tlvs = {{0x50, Bytes(4, 1)}, {0x40, Bytes(12, 2)}};
  full.tlvs = {{0x01, Bytes(32, 3)}, {0x22, Bytes(70, 4)}};
  std::vector<std::string> all;
  for (const auto& image : {plain.build(), full.build()}) {
    all.emplace_back(as_text(image));
    all.emplace_back(as_text(images::test::slot_of(image, 2048, Bytes(64, 0x77))));
  }
  return all;
}
