// The real firmware that ./dev fetches: MCUboot and Zephyr, built by others.
#include <cstdlib>
#include <filesystem>

#include "base/file.hpp"
#include "image_builder.hpp"
#include "images/derive.hpp"
#include "images/describe.hpp"

namespace assay::images {
namespace {

using test::must;

Bytes firmware(const std::string& name) {
  const char* cache = std::getenv("ASSAY_CACHE");
  const auto path = std::filesystem::path(cache != nullptr ? cache : ".cache") / "firmware" / name;
  if (!std::filesystem::exists(path)) {
    ADD_FAILURE() << path.string() << " is not there: run ./dev test, which fetches the firmware";
    return {};
  }
  return must(read_file(path, default_limit));
}

TEST(Firmware, TheTwoVersionsAndTheHangingOne) {
  for (const auto& [name, version] : {std::pair{"v1.bin", "1.0.0"}, std::pair{"v2.bin", "2.0.0"},
                                      std::pair{"v2-hang.bin", "2.0.1"}}) {
    const Bytes bytes = firmware(name);
    ASSERT_FALSE(bytes.empty());
    const auto image = must(parse_mcuboot(bytes));
    EXPECT_EQ(to_string(image.header.version), version);
    EXPECT_EQ(image.hash_state, HashState::verified);
    EXPECT_EQ(image.size, bytes.size());
    EXPECT_EQ(must(parse_mcuboot(must(derive(bytes, {})))).hash_state, HashState::mismatch);
  }
}

TEST(Firmware, TheChipsHexAndBinAgree) {
  const Bytes hex = firmware("base.hex");
  const Bytes bin = firmware("base.bin");
  ASSERT_FALSE(hex.empty() || bin.empty());
  const auto segments = must(parse(hex, "base.hex", 0));
  EXPECT_EQ(must(segments.flatten(0, bin.size())), bin);
  DescribeOptions options;
  options.slots = {{"slot 0", 0x8000, 0x1a000}, {"slot 1", 0x22000, 0x1a000}};
  const auto chip = must(describe(hex, "base.hex", options));
  ASSERT_EQ(chip.images.size(), 2U);
  ASSERT_TRUE(chip.images[0].image);
  EXPECT_EQ(to_string(chip.images[0].image->header.version), "1.0.0");
  EXPECT_EQ(chip.images[0].image->stored_hash, must(parse_mcuboot(firmware("v1.bin"))).stored_hash);
  EXPECT_EQ(chip.images[1].problem, "erased");
}

}  // namespace
}  // namespace assay::images
