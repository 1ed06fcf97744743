#include "formats/tap.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "base/text.hpp"
#include "reports.hpp"

namespace assay::formats {
namespace {

TEST(Tap, OneTestAJob) {
  EXPECT_EQ(to_tap(a_run()),
            "TAP version 13\n"
            "1..5\n"
            "# run r17, rev 4f2c1d\n"
            "ok 1 - ota-confirm on virtual-zephyr (boots=3)\n"
            "not ok 2 - ota-confirm on virtual-zephyr (boots=3) \\#2\n"
            "  ---\n"
            "  message: \"v1 runs, not <v2>\"\n"
            "  severity: failed\n"
            "  job: \"r17.2\"\n"
            "  attempts: 1\n"
            "  evidence:\n"
            "    - \"v1 runs, not <v2>\"\n"
            "    - \"step confirmed: assert running update (p.yaml:17:5)\"\n"
            "    - \"  console disagrees: 1.0.0 (expected 2.0.0)\"\n"
            "    - \"  smp agrees: 2.0.0\"\n"
            "    - \"  | I: Starting bootloader\"\n"
            "    - \"  | \\\\x1b[1mhello & bye\\\\x1b[0m\"\n"
            "  ...\n"
            "not ok 3 - ota-confirm on virtual-zephyr (boots=5)\n"
            "  ---\n"
            "  message: \"QEMU was killed\"\n"
            "  severity: lab-error\n"
            "  job: \"r17.3\"\n"
            "  attempts: 0\n"
            "  evidence:\n"
            "    - \"QEMU was killed\"\n"
            "  ...\n"
            "ok 4 - ota-confirm on desk-zephyr # SKIP cancelled\n"
            "not ok 5 - ota-confirm\n"
            "  ---\n"
            "  message: \"\"\n"
            "  severity: not-ended\n"
            "  job: \"r17.5\"\n"
            "  attempts: 0\n"
            "  evidence:\n"
            "    []\n"
            "  ...\n");
}

RC_GTEST_PROP(Tap, CountsAsManyTestsAsThereAreForAnyBytes,
              (const std::string& a, const std::string& b)) {
  RunReport run = a_run();
  run.plan = a;
  run.jobs[1].sentence = b;
  run.rev = b;
  int tests = 0;
  const std::string text = to_tap(run);
  for (const auto line : split(text, '\n')) {
    if (line.starts_with("ok ") || line.starts_with("not ok ")) ++tests;
    RC_ASSERT(printable(line) == std::string(line));
  }
  RC_ASSERT(tests == 5);
}

}  // namespace
}  // namespace assay::formats
