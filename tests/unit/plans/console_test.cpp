// The markers of virtual-zephyr against what its firmware really prints:
// console/*.txt are boots of MCUboot and Zephyr as the emulated board showed them,
// without colours and SMP frames.
#include <gtest/gtest.h>
#include <re2/re2.h>

#include <set>
#include <sstream>

#include "base/file.hpp"
#include "support.hpp"

namespace assay::plans {
namespace {

// The names of the markers that a transcript satisfies, by the rules of Marker.
std::set<std::string> seen_in(const std::string& transcript) {
  const auto profile = parse_profile(read_text("board-profiles/virtual-zephyr.yaml").value_or(""),
                                     "virtual-zephyr.yaml");
  EXPECT_EQ(findings(profile), "");
  const auto text = read_text("tests/unit/plans/console/" + transcript + ".txt");
  EXPECT_TRUE(text.has_value()) << transcript;
  std::set<std::string> seen;
  for (const Marker& marker : profile->markers) {
    bool anchored = marker.after.empty();
    bool counted = false;
    std::istringstream lines(*text);
    for (std::string line; std::getline(lines, line);) {
      if (!marker.after.empty() && RE2::PartialMatch(line, marker.after)) {
        anchored = true;
        counted = false;
        continue;
      }
      std::string captured;
      const RE2 pattern(marker.pattern);
      const bool match = pattern.NumberOfCapturingGroups() > 0
                             ? RE2::PartialMatch(line, pattern, &captured)
                             : RE2::PartialMatch(line, pattern);
      if (!anchored || !match || (marker.is && counted)) continue;
      counted = true;
      if (!marker.is || captured == *marker.is) seen.insert(marker.name);
    }
  }
  return seen;
}

using Names = std::set<std::string>;

TEST(Console, FirstBoot) {
  EXPECT_EQ(seen_in("first"), (Names{"boot.start", "boot.swap.none", "boot.version", "boot.jump",
                                     "app.ready", "app.identity"}));
}

// MCUboot says `Swap type: revert` at the end of the boot that swaps an image in,
// and the program says `Swap type: none` and `test` before the reset.
TEST(Console, TestBootIsNoRevert) {
  EXPECT_EQ(seen_in("test"), (Names{"boot.start", "boot.swap.test", "boot.version", "boot.jump",
                                    "app.ready", "app.identity"}));
}

TEST(Console, Revert) {
  EXPECT_EQ(seen_in("revert"), (Names{"boot.start", "boot.swap.revert", "boot.version", "boot.jump",
                                      "app.ready", "app.identity"}));
}

TEST(Console, ConfirmedStays) {
  EXPECT_EQ(seen_in("confirmed"), (Names{"boot.start", "boot.swap.none", "boot.version",
                                         "boot.jump", "app.ready", "app.identity"}));
}

TEST(Console, BadImage) {
  EXPECT_EQ(seen_in("bad-image"),
            (Names{"boot.start", "boot.swap.test", "boot.bad-image", "boot.version", "boot.jump",
                   "app.ready", "app.identity"}));
}

TEST(Console, NoImage) {
  EXPECT_EQ(seen_in("no-image"), (Names{"boot.start", "boot.swap.none", "boot.no-image"}));
}

}  // namespace
}  // namespace assay::plans
