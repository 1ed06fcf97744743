#include "reports/reported_console.hpp"

#include <gmock/gmock.h>
#include <google/protobuf/util/json_util.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "assay/v1/web.pb.h"
#include "base/text.hpp"
#include "reports/embedded_json.hpp"
#include "reports/to_messages.hpp"

namespace assay::reports {
namespace {

using testing::HasSubstr;
using testing::Not;

std::uint64_t number(const std::string& json) {
  v1::ConsoleLine line;
  EXPECT_TRUE(google::protobuf::util::JsonStringToMessage(json, &line).ok()) << json;
  return std::stoull(line.text());
}

}  // namespace

TEST(EmbeddedJson, HasNothingThatEndsItsElement) {
  v1::StaticReport report;
  const std::string hostile = "</script><script>alert(1)</script><!-- & \xE2\x80\xA8\xE2\x80\xA9";
  report.mutable_run()->set_sentence(hostile);
  const auto json = embedded_json(report);
  ASSERT_TRUE(json);
  for (const char* raw : {"<", ">", "&", "\xE2\x80\xA8", "\xE2\x80\xA9"}) {
    EXPECT_THAT(*json, Not(HasSubstr(raw)));
    EXPECT_THAT(embedded_json(std::string_view(hostile)), Not(HasSubstr(raw)));
    EXPECT_THAT(embedded_json(ConsoleLine{hostile}), Not(HasSubstr(raw)));
  }
  v1::StaticReport back;
  ASSERT_TRUE(google::protobuf::util::JsonStringToMessage(*json, &back).ok());
  EXPECT_EQ(back.run().sentence(), hostile);
}

// The same as protobuf's own, whatever a board says and when.
RC_GTEST_PROP(EmbeddedJson, OfALineIsProtoJson, ()) {
  const auto bytes = *rc::gen::container<std::string>(
      rc::gen::oneOf(rc::gen::arbitrary<char>(),
                     rc::gen::elementOf(std::string("<>&\"\\\x7f\n\t\xE2\x80\xA8\xA9"))));
  ConsoleLine line{replace_non_utf8(bytes)};
  line.at = Duration(*rc::gen::inRange<std::int64_t>(0, 3'000'000'000'000'000));
  const int digits = *rc::gen::inRange(0, 4);
  for (int i = 0; i < digits; ++i) line.at = line.at / 1000 * 1000;
  if (*rc::gen::arbitrary<bool>())
    line.at = std::chrono::duration_cast<std::chrono::milliseconds>(line.at);
  line.open = *rc::gen::arbitrary<bool>();
  line.left_out = *rc::gen::inRange<std::uint64_t>(0, 3);
  v1::ConsoleLine want, got;
  const std::string json = embedded_json(line);
  fill(ConsoleLine(line), &want);
  RC_ASSERT(google::protobuf::util::JsonStringToMessage(json, &got).ok());
  RC_ASSERT(got.SerializeAsString() == want.SerializeAsString());
  // No larger than what it stands for would be.
  const auto other = embedded_json(want);
  RC_ASSERT(json.size() <= other->size() + 4 * line.text.size());
}

// Whatever it is told to take, and when: it does not take more, keeps what it can of
// both ends, and knows what is missing.
RC_GTEST_PROP(ReportedConsole, NeverTakesMoreThanItMay, ()) {
  ReportedConsole console;
  std::size_t limit = SIZE_MAX, all = 0, longest = 0;
  std::uint64_t lines = 0;
  const int steps = *rc::gen::inRange(1, 12);
  for (int step = 0; step < steps; ++step) {
    for (int more = *rc::gen::inRange(0, 60); more > 0; --more) {
      const ConsoleLine line{std::string(static_cast<std::size_t>(*rc::gen::inRange(0, 30)), '0') +
                             std::to_string(lines++)};
      const std::size_t size = embedded_json(line).size() + 1;
      all += size;
      longest = std::max(longest, size);
      console.add(line);
      RC_ASSERT(console.size() <= limit);
    }
    if (*rc::gen::arbitrary<bool>()) {
      const auto size = static_cast<std::size_t>(*rc::gen::inRange(0, 4000));
      limit = std::min(limit, size);
      console.shrink(size);
      RC_ASSERT(console.size() <= limit);
    }
  }
  RC_ASSERT(console.lines() == lines);
  std::size_t size = 0;
  std::uint64_t next = 0;
  for (const auto& json : console.head()) {
    RC_ASSERT(number(json) == next++);
    size += json.size() + 1;
  }
  next = lines - console.tail().size();
  for (const auto& json : console.tail()) {
    RC_ASSERT(number(json) == next++);
    size += json.size() + 1;
  }
  RC_ASSERT(size == console.size());
  RC_ASSERT(console.missing() == lines - console.head().size() - console.tail().size());
  if (all <= limit) RC_ASSERT(console.missing() == 0U);
}

TEST(ReportedConsole, KeepsHalfOfItAtEitherEnd) {
  ReportedConsole console;
  for (int i = 0; i < 1000; ++i) console.add({std::to_string(i), std::chrono::milliseconds(i)});
  const std::size_t whole = console.size();
  EXPECT_EQ(console.missing(), 0U);
  // It fits, but there is no room for more: what comes is worth more than the middle.
  console.shrink(whole);
  EXPECT_EQ(console.missing(), 0U);
  for (int i = 1000; i < 3000; ++i) console.add({std::to_string(i), std::chrono::milliseconds(i)});
  EXPECT_LE(console.size(), whole);
  EXPECT_NEAR(static_cast<double>(console.head().size()), 500, 25);
  EXPECT_NEAR(static_cast<double>(console.tail().size()), 500, 25);
  EXPECT_EQ(number(console.head().front()), 0U);
  EXPECT_EQ(number(console.tail().back()), 2999U);
}

TEST(FairSize, GivesLargeOnesWhatSmallOnesLeave) {
  EXPECT_EQ(fair_size({10, 20, 30}, 100), SIZE_MAX);
  EXPECT_EQ(fair_size({10, 1000, 1000}, 110), 50U);
  EXPECT_EQ(fair_size({}, 5), SIZE_MAX);
}

}  // namespace assay::reports
