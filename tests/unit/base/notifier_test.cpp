#include "base/notifier.hpp"

#include <gtest/gtest.h>

#include <optional>

namespace assay {

TEST(Notifier, CallsThoseWhoWatchTheName) {
  const Notifier notifier_of_nobody;
  notifier_of_nobody.notify("r1");
  Notifier notifier;
  int first = 0, second = 0, other = 0;
  const Watch a = notifier.watch("r1", [&] { ++first; });
  Watch b = notifier.watch("r1", [&] { ++second; });
  const Watch c = notifier.watch("r2", [&] { ++other; });
  notifier.notify("r1");
  b.reset();
  notifier.notify("r1");
  EXPECT_EQ(first, 2);
  EXPECT_EQ(second, 1);
  EXPECT_EQ(other, 0);
}

TEST(Notifier, ForgetsANameWithItsLastWatch) {
  Notifier notifier;
  for (int i = 0; i < 1000; ++i) {
    const Watch watch = notifier.watch("r" + std::to_string(i), [] {});
    EXPECT_EQ(notifier.size(), 1U);
  }
  EXPECT_EQ(notifier.size(), 0U);
  Watch a = notifier.watch("r1", [] {});
  Watch b = notifier.watch("r1", [] {});
  a.reset();
  EXPECT_EQ(notifier.size(), 1U);
  b.reset();
  EXPECT_EQ(notifier.size(), 0U);
}

TEST(Notifier, AWatchMayEndWithinItsCallAndOutliveTheNotifier) {
  auto notifier = std::make_optional<Notifier>();
  Watch ends;
  int calls = 0;
  ends = notifier->watch("r1", [&] {
    ++calls;
    ends.reset();
  });
  notifier->notify("r1");
  notifier->notify("r1");
  EXPECT_EQ(calls, 1);
  EXPECT_EQ(notifier->size(), 0U);
  Watch outlives = notifier->watch("r1", [] {});
  notifier.reset();
  outlives.reset();
}

}  // namespace assay
