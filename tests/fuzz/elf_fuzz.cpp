#include "../unit/images/image_builder.hpp"
#include "fuzz.hpp"
#include "images/load.hpp"

using namespace assay;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  (void)images::parse_elf({data, size}, "input", 1 << 20);
  return 0;
}

std::vector<std::string> fuzz::seeds() {
  const auto file = images::test::elf({{0x1000, Bytes(70, 0x11)}, {0x2'0000, Bytes(33, 0x22)}});
  return {std::string(as_text(file))};
}
