#include "evidence/record.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace assay::evidence {

using std::chrono::milliseconds;
using testing::ElementsAre;
using testing::IsEmpty;

namespace {

class Fold : public testing::Test {
 protected:
  void add(Body body, Duration at = {}, std::string role = "dut") {
    record_.add({++seq_, at, std::move(role), "vz-1", std::move(body)});
  }
  void prints(std::string_view text, std::string role = "dut") {
    const ByteView bytes = as_bytes(text);
    std::uint64_t& offset = offsets_[role];
    add(ConsoleBytes{offset, false, Bytes(bytes.begin(), bytes.end())}, {}, role);
    offset += bytes.size();
  }
  void ends(std::uint32_t step, std::uint64_t offset, std::uint64_t length) {
    add(StepEnded{step, StepState::failed, "not seen", {}, offset, length});
  }

  AttemptRecord record_;
  std::uint64_t seq_ = 0;
  std::map<std::string, std::uint64_t> offsets_;
};

}  // namespace

TEST_F(Fold, KeepsWhatStepsSay) {
  add(AttemptStarted{1, "lab-a", {{"qemu", "7.2"}}}, {}, "");
  add(StepStarted{0, "install", "update", "ota.yaml:3:1"}, milliseconds(10));
  add(StepProgress{0, 5, 10, "bytes", "writing"});
  EXPECT_EQ(record_.steps().at(0).state, std::nullopt);
  EXPECT_EQ(record_.steps().at(0).progress_done, 5U);
  add(StepEnded{0, StepState::passed, "", {{"smp", "a", "a", Finding::Says::agrees}}, 0, 0},
      milliseconds(35));
  add(AttemptEnded{Verdict::passed, "", -1, false}, {}, "");
  const StepRecord& step = record_.steps().at(0);
  EXPECT_EQ(step.id, "install");
  EXPECT_EQ(step.role, "dut");
  EXPECT_EQ(step.text, "update");
  EXPECT_EQ(step.place, "ota.yaml:3:1");
  EXPECT_EQ(step.state, StepState::passed);
  EXPECT_EQ(step.started_at, milliseconds(10));
  EXPECT_EQ(step.took, milliseconds(25));
  EXPECT_EQ(step.findings.size(), 1U);
  EXPECT_EQ(record_.started()->environment.at("qemu"), "7.2");
  EXPECT_EQ(record_.ended()->verdict, Verdict::passed);
  EXPECT_EQ(record_.last(), 5U);
}

// A console that says much: its end follows when all steps have ended.
TEST_F(Fold, ShowsTheLinesThatCameAfterTheStep) {
  add(StepStarted{0, "", "expect", ""});
  prints("head\n");
  offsets_["dut"] = 1000;
  ends(0, 1010, 12);
  ends(1, 500, 10);  // in what is left out
  add(StepStarted{2, "", "power off", ""});
  EXPECT_THAT(record_.steps().at(0).console, IsEmpty());
  const std::uint64_t version = record_.version();
  prints("0123456789one\ntwo");
  EXPECT_EQ(record_.version(), version);
  prints("th");
  prints("ree\nfour\n");
  EXPECT_THAT(record_.steps().at(0).console, ElementsAre("one", "twothree"));
  EXPECT_THAT(record_.steps().at(1).console, IsEmpty());
  EXPECT_GT(record_.steps().at(0).version, version);
}

TEST_F(Fold, ShowsTheLinesThatAStepPointsAt) {
  prints("*** Booting\r\none\r\n");
  prints("\x1b[32mtw");
  prints("other board\n", "peer");
  prints("o\x1b[0m\r\nthree\r\n");
  add(StepStarted{0, "", "expect", ""});
  ends(0, 20, 19);  // begins inside a colour sequence
  EXPECT_THAT(record_.steps().at(0).console, ElementsAre("two", "three"));
}

TEST_F(Fold, BeginsAtTheStartOfALine) {
  prints("first\nhello world\nlast\n");
  ends(0, 12, 6);
  EXPECT_THAT(record_.steps().at(0).console, ElementsAre("hello world"));
}

TEST_F(Fold, LeavesOutSmpFrames) {
  prints(
      "boot\n\x06\x09"
      "AAAAaaaa\n\x04\x14"
      "BBBB\nlog \x06\x09"
      "CCCC\nready\n");
  ends(0, 0, 1000);
  EXPECT_THAT(record_.steps().at(0).console, ElementsAre("boot", "log ", "ready"));
  // A region that begins in the middle of a frame shows none of it.
  ends(1, 9, 1000);
  EXPECT_THAT(record_.steps().at(1).console, ElementsAre("log ", "ready"));
}

TEST_F(Fold, MakesBytesPrintable) {
  prints("bell\x07 bad\xff\n");
  ends(0, 0, 100);
  EXPECT_THAT(record_.steps().at(0).console, ElementsAre("bell\\x07 bad\\xff"));
}

TEST_F(Fold, ShowsTheLastLinesOnly) {
  for (int i = 0; i < 100; ++i) prints(std::to_string(i) + "\n");
  ends(0, 0, 1000);
  const auto& lines = record_.steps().at(0).console;
  ASSERT_EQ(lines.size(), shown_lines);
  EXPECT_EQ(lines.front(), "60");
  EXPECT_EQ(lines.back(), "99");
}

TEST_F(Fold, CountsWhatSwitchesAndFlashBear) {
  const auto runs = [&](std::uint32_t index, const std::string& text, StepState state) {
    add(StepStarted{index, "", text, "p.yaml:1:1"});
    add(StepEnded{index, state, "", {}, 0, 0});
  };
  runs(0, "flash base", StepState::passed);
  runs(1, "send update over SMP until pending, within 5 s", StepState::failed);
  runs(2, "flash base", StepState::skipped);
  runs(3, "flash base", StepState::lab_error);
  runs(4, "send a note", StepState::passed);
  runs(5, "flashing lights", StepState::passed);
  add(StepStarted{6, "", "flash base", "p.yaml:1:1"});
  add(StepEnded{6, StepState::passed, "already there", {}, 0, 0, true});
  add(PowerEdge{true, true});
  add(PowerEdge{false, true});
  record_.add({++seq_, {}, "peer", "vz-2", PowerEdge{true, false}});
  add(AttemptEnded{Verdict::passed, "", -1, false}, {}, "");
  ASSERT_EQ(record_.wear().size(), 2U);
  EXPECT_EQ(record_.wear().at("vz-1").power_switches, 2U);
  EXPECT_EQ(record_.wear().at("vz-1").flash_cycles, 2U);
  EXPECT_EQ(record_.wear().at("vz-2").power_switches, 1U);
  EXPECT_EQ(record_.wear().at("vz-2").flash_cycles, 0U);
}

TEST_F(Fold, StandsAFlood) {
  const std::string piece = std::string(60'000, 'x') + "\n";
  for (int i = 0; i < 50; ++i) prints(piece);
  prints("the end\n");
  ends(0, offsets_["dut"] - 8, 8);
  EXPECT_THAT(record_.steps().at(0).console, ElementsAre("the end"));
  ends(1, 0, 10);  // forgotten long since
  EXPECT_THAT(record_.steps().at(1).console, IsEmpty());
}

TEST_F(Fold, StandsNonsense) {
  prints("abc\n");
  ends(7, UINT64_MAX, UINT64_MAX);
  ends(8, 2, UINT64_MAX);
  EXPECT_THAT(record_.steps().at(1).console, ElementsAre("abc"));
  add(ConsoleBytes{1'000, false, {'z', '\n'}});
  ends(9, 1'000, 2);
  EXPECT_THAT(record_.steps().at(2).console, ElementsAre("z"));
  for (std::uint32_t i = 0; i < 10'100; ++i) add(StepStarted{i, "", "", ""});
  EXPECT_EQ(record_.steps().size(), 10'000U);
}

}  // namespace assay::evidence
