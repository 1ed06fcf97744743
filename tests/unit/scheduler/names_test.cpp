#include <gtest/gtest.h>

#include "scheduler/types.hpp"

namespace assay::scheduler {
namespace {

TEST(Names, GoThereAndBack) {
  EXPECT_EQ(to_string(AttemptId{{17, 1}, 2}), "r17.1.2");
  EXPECT_EQ(parse_attempt("r17.1.2"), (AttemptId{{17, 1}, 2}));
  EXPECT_EQ(parse_run("r17"), 17);
}

TEST(Names, OfOtherShapesAreNone) {
  for (const char* text :
       {"", "r", "r0", "17", "r1.", "r1.1", "r-1", "r01", "r1 ", "r99999999999999999999", "R1"}) {
    EXPECT_FALSE(parse_attempt(text)) << text;
    if (std::string_view(text) != "r1.1") {
      EXPECT_FALSE(parse_run(text)) << text;
    }
  }
  for (const char* text : {"r1.1.1.1", "r1.1.", "r1.0.1", "r1.1.x", "r1..1", "r1.99999999999.1"}) {
    EXPECT_FALSE(parse_attempt(text)) << text;
  }
}

}  // namespace
}  // namespace assay::scheduler
