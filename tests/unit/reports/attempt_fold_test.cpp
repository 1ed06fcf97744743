#include "reports/attempt_fold.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

#include "base/limits.hpp"
#include "reports/to_messages.hpp"

namespace assay::reports {
namespace {

using std::chrono::milliseconds;
using testing::ElementsAre;

class FoldTest : public testing::Test {
 protected:
  void add(Duration at, evidence::Body body, const std::string& role = "dut") {
    fold_.add({++seq_, at, role, "v1", std::move(body)});
  }
  void say(Duration at, const std::string& text, const std::string& role = "dut") {
    const ByteView bytes = as_bytes(text);
    add(at, evidence::ConsoleBytes{said_[role], false, Bytes(bytes.begin(), bytes.end())}, role);
    said_[role] += text.size();
  }
  v1::Timeline timeline() const {
    v1::Timeline out;
    fill("r1.1.1", fold_, &out);
    return out;
  }
  std::uint64_t total(const v1::ConsoleActivity& activity) {
    std::uint64_t sum = 0;
    for (const auto bytes : activity.bytes()) sum += bytes;
    return sum;
  }

  AttemptFold fold_;
  std::uint64_t seq_ = 0;
  std::map<std::string, std::uint64_t> said_;
};

TEST_F(FoldTest, EachSortOfMark) {
  add({}, evidence::AttemptStarted{17, "lab-a", {}}, "");
  add(milliseconds(1), evidence::StepStarted{3, "id", "flash base", "x.yaml:1:1"});
  add(milliseconds(2), evidence::PowerEdge{false, true});
  add(milliseconds(3), evidence::ResetPulse{});
  add(milliseconds(4), evidence::Measurement{"current", 1.5, "mA"});
  add(milliseconds(5), evidence::Note{"careful"});
  add(milliseconds(6), evidence::StepProgress{3, 5, 10, "bytes"});
  add(milliseconds(7), evidence::StepEnded{});
  add(milliseconds(8), evidence::AttemptEnded{});
  const auto out = timeline();
  ASSERT_EQ(out.marks_size(), 6);
  EXPECT_EQ(out.marks(0).kind(), v1::Mark::KIND_STEP);
  EXPECT_EQ(out.marks(0).step(), 3U);
  EXPECT_EQ(out.marks(1).kind(), v1::Mark::KIND_POWER_OFF);
  EXPECT_TRUE(out.marks(1).verified());
  EXPECT_EQ(out.marks(2).kind(), v1::Mark::KIND_RESET);
  EXPECT_EQ(out.marks(3).text(), "current");
  EXPECT_EQ(out.marks(3).value(), 1.5);
  EXPECT_EQ(out.marks(3).unit(), "mA");
  EXPECT_EQ(out.marks(4).text(), "careful");
  EXPECT_EQ(out.marks(5).value(), 5);
  EXPECT_EQ(out.marks(5).total(), 10);
  EXPECT_EQ(out.marks(5).role(), "dut");
  EXPECT_EQ(out.marks(5).board(), "v1");
  EXPECT_EQ(out.length().nanos(), 8'000'000);
  EXPECT_TRUE(out.ended());
  EXPECT_EQ(out.events(), 9U);
  EXPECT_EQ(out.started_unix_micros(), 17);
  EXPECT_EQ(out.cut(), "");
}

TEST_F(FoldTest, MarksKnowWhichLineComesNext) {
  say({}, "one\ntw");
  add({}, evidence::ResetPulse{});
  say({}, "o\n", "dut");
  say({}, "x\n", "aux");
  add({}, evidence::StepStarted{});
  const auto out = timeline();
  EXPECT_EQ(out.marks(0).lines().at("dut"), 2U);
  EXPECT_EQ(out.marks(0).lines().at("aux"), 0U);  // it had not spoken
  EXPECT_EQ(out.marks(1).lines().at("dut"), 2U);
  EXPECT_EQ(out.marks(1).lines().at("aux"), 1U);
}

TEST_F(FoldTest, ProgressIsThinnedAndKeepsTheNewest) {
  for (std::uint64_t done = 0; done <= 100'000; ++done)
    add(milliseconds(done), evidence::StepProgress{1, done, 100'000, "bytes"});
  EXPECT_LE(fold_.marks().size(), 102U);
  EXPECT_GE(fold_.marks().size(), 100U);
  EXPECT_EQ(fold_.marks().back().value, 100'000);
  // Without a total, and back again and again.
  for (std::uint64_t i = 0; i < 1000; ++i)
    add(milliseconds(200'000 + i), evidence::StepProgress{2, i % 7, 0, "bytes"});
  EXPECT_LE(fold_.marks().size(), 102U + max_progress);
  EXPECT_EQ(fold_.marks().back().value, 999 % 7);
  EXPECT_EQ(fold_.marks_left_out(), 0U);
}

TEST_F(FoldTest, ProgressSaysWhatIsDone) {
  for (std::uint64_t done = 0; done < 1000; ++done)
    add(milliseconds(done),
        evidence::StepProgress{1, 0, 0, "bytes", done % 2 == 0 ? "erasing" : "writing"});
  EXPECT_EQ(fold_.marks().size(), max_progress);
  EXPECT_EQ(timeline().marks(0).text(), "erasing");
  EXPECT_EQ(timeline().marks(1).text(), "writing");
  EXPECT_EQ(fold_.marks_left_out(), 0U);
}

TEST_F(FoldTest, MarksComeInOrderOfTime) {
  add(milliseconds(1), evidence::StepProgress{1, 0, 1000, ""});
  add(milliseconds(2), evidence::StepProgress{1, 1, 1000, ""});  // to be replaced
  add(milliseconds(3), evidence::ResetPulse{});
  add(milliseconds(4), evidence::StepProgress{1, 2, 1000, ""});
  const auto out = timeline();
  ASSERT_EQ(out.marks_size(), 3);
  EXPECT_EQ(out.marks(1).kind(), v1::Mark::KIND_RESET);
  EXPECT_EQ(out.marks(2).value(), 2);
}

TEST_F(FoldTest, NoSortOfMarkPushesOutAnother) {
  for (std::size_t i = 0; i < max_other_marks + 10; ++i)
    add(milliseconds(i), evidence::Note{std::string(3000, 'x')});
  for (std::size_t i = 0; i < max_edge_marks + 5; ++i)
    add(milliseconds(i), evidence::PowerEdge{true, true});
  add(milliseconds(7), evidence::StepStarted{});
  EXPECT_EQ(fold_.marks().size(), max_other_marks + max_edge_marks + 1);
  EXPECT_EQ(fold_.marks().back().kind, Mark::Kind::step);
  EXPECT_EQ(fold_.marks().front().text, std::string(max_mark_text, 'x') + "...");
  EXPECT_EQ(timeline().cut(), "15 marks are left out: there are too many to show");
  EXPECT_LT(fold_.bytes(), 16U << 20);
}

TEST_F(FoldTest, ActivityGrowsCoarserWithTime) {
  say(milliseconds(5), "0123456789");
  EXPECT_EQ(fold_.console("dut")->span(), first_span);
  for (int second = 0; second < 3600; ++second) say(std::chrono::seconds(second), "tick\n");
  const auto out = timeline();
  ASSERT_EQ(out.activity_size(), 1);
  EXPECT_LE(out.activity(0).bytes_size(), static_cast<int>(max_spans));
  EXPECT_GT(out.activity(0).bytes_size(), static_cast<int>(max_spans / 2));
  EXPECT_EQ(total(out.activity(0)), 10U + 5U * 3600U);
  // 10 ms doubled until an hour fits: 5.12 s, with six ticks in the first.
  EXPECT_EQ(out.activity(0).span().seconds(), 5);
  EXPECT_EQ(out.activity(0).bytes(0), 10U + 6U * 5U);
}

TEST_F(FoldTest, AnEventFarAwayCostsNoMemory) {
  say(std::chrono::hours(24 * 30), "late");
  say(milliseconds(1), "early");
  EXPECT_LE(fold_.console("dut")->activity().size(), max_spans);
  EXPECT_EQ(fold_.console("dut")->activity().front(), 5U);
  EXPECT_EQ(fold_.console("dut")->activity().back(), 4U);
}

TEST_F(FoldTest, RolesAreBounded) {
  for (std::size_t i = 0; i < max_roles + 3; ++i) say({}, "x", "role" + std::to_string(i));
  EXPECT_EQ(fold_.consoles().size(), max_roles);
  EXPECT_EQ(fold_.console("role17"), nullptr);
}

TEST_F(FoldTest, WhatAssayTypesIsNoConsole) {
  add({}, evidence::ConsoleBytes{0, true, Bytes{'x', '\n'}});
  EXPECT_EQ(fold_.console("dut"), nullptr);
  EXPECT_EQ(fold_.last(), 1U);
}

}  // namespace
}  // namespace assay::reports
