#include "../unit/images/image_builder.hpp"
#include "fuzz.hpp"
#include "images/load.hpp"

using namespace assay;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  (void)images::parse_intel_hex({data, size}, "input", 1 << 20);
  return 0;
}

std::vector<std::string> fuzz::seeds() {
  images::Segments two;
  two.all = {{0x1000, Bytes(70, 0x11)}, {0x2'0000, Bytes(33, 0x22)}};
  return {images::test::intel_hex(two), images::test::intel_hex(two, 32),
          images::test::hex_record(2, 0, Bytes{0x10, 0x00}) +
              images::test::hex_record(0, 0, Bytes{1, 2, 3}) +
              images::test::hex_record(5, 0, Bytes{0, 0, 1, 0}) +
              images::test::hex_record(1, 0, {})};
}
