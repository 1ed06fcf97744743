// Windows of consoles, searches, raw bytes and timelines.
#include <gmock/gmock.h>

#include <fstream>

#include "console_fixture.hpp"
#include "queries/attempt_index.hpp"

namespace assay::queries::test {
namespace {

using testing::ElementsAre;

TEST_F(ConsoleTest, ShowsWhatABoardSaidSoFar) {
  EXPECT_THAT(texts(), ElementsAre());
  say("one\r\ntwo\nthr");
  EXPECT_THAT(texts(), ElementsAre("one", "two", "thr..."));
  say("ee\nfour\n");
  EXPECT_THAT(texts(), ElementsAre("one", "two", "three", "four"));
  EXPECT_THAT(texts(-1), ElementsAre("four"));
  EXPECT_THAT(texts(-100, 2), ElementsAre("one", "two"));
  EXPECT_THAT(texts(1, 2), ElementsAre("two", "three"));
  EXPECT_THAT(texts(99), ElementsAre());

  const auto all = lines(2, 1);
  EXPECT_EQ(all.from(), 2U);
  EXPECT_EQ(all.total(), 4U);
  EXPECT_EQ(all.bytes(), 20U);
  EXPECT_FALSE(all.ended());
  ASSERT_EQ(all.lines_size(), 1);
  EXPECT_EQ(all.lines(0).at().nanos(), 1'000'000);  // of its first byte
  EXPECT_EQ(lines(99, 1).from(), 4U);

  append({{++seq_, {}, "", "", evidence::AttemptEnded{evidence::Verdict::passed, "", -1, false}}});
  EXPECT_TRUE(lines(0, 1).ended());
}

TEST_F(ConsoleTest, HostileBytesStayWhatTheyAre) {
  say("</script><script>alert(1)</script>\n");
  say(std::string("nul \0 bell \a\n", 13));
  say("\x1b[31mred\x1b[0m text\n\xFF\xFE \xE2\x80\xA8 \xED\xA0\x80\n");
  EXPECT_THAT(texts(), ElementsAre("</script><script>alert(1)</script>",
                                   std::string("nul \0 bell \a", 12), "\x1b[31mred\x1b[0m text",
                                   "\xEF\xBF\xBD\xEF\xBF\xBD \xE2\x80\xA8 "
                                   "\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD"));
  // A reader sees no colours: nor does a search.
  EXPECT_THAT(search({.text = "RED text"}), ElementsAre(2U));
  EXPECT_THAT(search({.text = "RED text", .match_case = true}), ElementsAre());
  EXPECT_THAT(search({.text = "^red", .regex = true}), ElementsAre(2U));
  EXPECT_THAT(search({.text = "</script>"}), ElementsAre(0U));
}

TEST_F(ConsoleTest, ALongLineIsCutAndSaysSo) {
  say(std::string(3999, 'x') + "\xC3\xA4" + std::string(998, 'y') + "\r\nnext\n");
  const auto all = lines(0, 10);
  ASSERT_EQ(all.lines_size(), 2);
  EXPECT_EQ(all.lines(0).text(), std::string(3999, 'x'));  // not half a character
  EXPECT_EQ(all.lines(0).left_out(), 999U);
  EXPECT_EQ(all.lines(1).text(), "next");
}

TEST_F(ConsoleTest, WhatIsMissingEndsALineAndIsSaid) {
  say("begun ");
  offsets_["dut"] += 1000;
  say("afterwards\n");
  EXPECT_THAT(texts(), ElementsAre("begun ", "… 1000 B left out here …", "afterwards"));
  EXPECT_EQ(lines(0, 1).total(), 3U);
  EXPECT_EQ(lines(0, 1).cut(),
            "1000 B of this console are left out, where a line says so: it said more than is kept "
            "of an attempt");
  EXPECT_EQ(lines(0, 1).bytes(), 17U);
  EXPECT_THAT(search({.text = "left out"}), ElementsAre(1U));
  EXPECT_THAT(search({.text = "afterwards"}), ElementsAre(2U));
  EXPECT_EQ(*queries_->console_bytes(attempt, "dut", 0, 100), "begun afterwards\n");
}

// Wherever a window of a large console begins, the line of a gap has its number.
TEST_F(ConsoleTest, AGapHasALineInEveryWindow) {
  const auto many = [&](const std::string& word) {
    std::string piece;
    for (int i = 0; i < 900; ++i) {
      piece += word + std::string(100, '.') + std::to_string(i) + "\n";
      if (i % 30 == 29) say(std::exchange(piece, ""));
    }
  };
  many("head");
  offsets_["dut"] += 5U << 20;
  many("tail");
  std::vector<std::string> all;
  const auto whole = lines(0, 2000);
  for (const auto& line : whole.lines()) all.push_back(line.text());
  ASSERT_EQ(all.size(), 1801U);
  EXPECT_EQ(all[900], "… 5.0 MiB left out here …");
  for (int from = 0; from<1801; from += from> 880 && from < 920 ? 1 : 40) {
    const auto window = lines(from, 30);
    for (int i = 0; i < window.lines_size(); ++i)
      ASSERT_EQ(window.lines(i).text(), all[static_cast<std::size_t>(from + i)])
          << from << " " << i;
  }
  EXPECT_THAT(search({.text = "tail.*[^0-9]0$", .regex = true}), ElementsAre(901U));
}

TEST_F(ConsoleTest, RefusesWhatMakesNoSense) {
  v1::ConsoleLines lines;
  v1::ConsoleMatches matches;
  EXPECT_EQ(why_not(queries_->lines("r1.1.2", "dut", {}, &lines)), "no attempt 'r1.1.2'");
  EXPECT_EQ(why_not(queries_->lines("../x", "dut", {}, &lines)),
            "no attempt '../x'; attempts are named like r17.1.2");
  EXPECT_EQ(why_not(queries_->lines(attempt, "tub", {}, &lines)),
            "r1.1.1 has no role 'tub'; it has: aux, dut");
  EXPECT_EQ(why_not(queries_->lines(attempt, "dut", {0, 2001}, &lines)),
            "count: 2001, at most 2000");
  EXPECT_EQ(why_not(queries_->search(attempt, "dut", {}, &matches)),
            "text: say what to search for");
  EXPECT_EQ(why_not(queries_->search(attempt, "dut", {.text = "a(", .regex = true}, &matches)),
            "text: 'a(' is no pattern of RE2: missing ): (?m)a(");
  EXPECT_EQ(why_not(queries_->search(attempt, "dut", {.text = std::string(501, 'a')}, &matches)),
            "text: 501 bytes, at most 500");
  EXPECT_EQ(why_not(queries_->search(attempt, "dut", {.text = "a", .limit = 10'001}, &matches)),
            "limit: 10001, at most 10000");
}

TEST_F(ConsoleTest, CountsMatchesBeyondTheLimit) {
  std::string text;
  for (int i = 0; i < 500; ++i) text += "hit hit\nmiss\n";
  say(text);
  v1::ConsoleMatches out;
  ASSERT_TRUE(queries_->search(attempt, "dut", {.text = "hit", .limit = 3}, &out));
  EXPECT_THAT(out.lines(), ElementsAre(0U, 2U, 4U));
  EXPECT_EQ(out.total(), 500U);
}

TEST_F(ConsoleTest, GoesOnBehindWhatACrashCut) {
  say("whole\n");
  say("also whole\nbegun");
  const auto file = folder_.path() / "segments/r1/r1.1.1.seg";
  {
    std::ofstream damage(file, std::ios::app | std::ios::binary);
    damage << std::string("\x40\0\0\0half a record", 17);
  }
  open();
  EXPECT_THAT(texts(), ElementsAre("whole", "also whole", "begun..."));
  say(" and ended\n");
  EXPECT_THAT(texts(), ElementsAre("whole", "also whole", "begun and ended"));
}

TEST_F(ConsoleTest, TimelineKnowsWhatLineComesNext) {
  append(
      {{++seq_, milliseconds(1), "", "", evidence::AttemptStarted{1'700'000'000'000'000, "a", {}}},
       {++seq_, milliseconds(2), "dut", "v1", evidence::StepStarted{0, "", "flash", "x:1:1"}}});
  say("one\ntwo\nbeg");
  append({{++seq_, milliseconds(9), "dut", "v1", evidence::PowerEdge{true, true}}});
  v1::Timeline timeline;
  ASSERT_TRUE(queries_->timeline(attempt, &timeline));
  EXPECT_EQ(timeline.attempt(), attempt);
  EXPECT_EQ(timeline.events(), 4U);
  EXPECT_EQ(timeline.started_unix_micros(), 1'700'000'000'000'000);
  EXPECT_FALSE(timeline.ended());
  ASSERT_EQ(timeline.marks_size(), 2);
  EXPECT_EQ(timeline.marks(0).kind(), v1::Mark::KIND_STEP);
  EXPECT_EQ(timeline.marks(0).lines().at("dut"), 0U);
  EXPECT_EQ(timeline.marks(1).kind(), v1::Mark::KIND_POWER_ON);
  EXPECT_TRUE(timeline.marks(1).verified());
  EXPECT_EQ(timeline.marks(1).lines().at("dut"), 3U);
  ASSERT_EQ(timeline.activity_size(), 1);
  EXPECT_EQ(timeline.activity(0).bytes(0), 11U);
}

// One console is silent while another floods: its lines lie far apart.
TEST_F(ConsoleTest, AQuietConsoleBesideAFlood) {
  std::vector<evidence::Event> events;
  std::uint64_t flood = 0, quiet = 0;
  const std::string noise(60'000, 'n');
  for (int i = 0; i < 40; ++i) {
    const std::string half = "line " + std::to_string(i);
    events.push_back(console_event(++seq_, "aux", quiet, half));
    quiet += half.size();
    for (int n = 0; n < 3; ++n) {
      events.push_back(console_event(++seq_, "dut", flood, noise));
      flood += noise.size();
    }
    events.push_back(console_event(++seq_, "aux", quiet, "\n"));
    ++quiet;
    events.push_back(console_event(++seq_, "dut", flood, noise));
    flood += noise.size();
  }
  append(events);
  const auto all = lines(0, 100, "aux");
  ASSERT_EQ(all.lines_size(), 40);
  for (int i = 0; i < 40; ++i) EXPECT_EQ(all.lines(i).text(), "line " + std::to_string(i));
  EXPECT_EQ(queries_->console_bytes(attempt, "aux", 0, 1000)->size(), quiet);
  // The flood is one line that never ends.
  const auto one = lines(0, 10);
  ASSERT_EQ(one.lines_size(), 1);
  EXPECT_TRUE(one.lines(0).open());
  EXPECT_EQ(one.lines(0).text().size(), 4000U);
  EXPECT_EQ(one.lines(0).left_out(), flood - 4000);
}

TEST_F(ConsoleTest, AnIndexIsSmall) {
  std::string text;
  for (int i = 0; text.size() < 60'000; ++i)
    text += "a line of a console, number " + std::to_string(i) + "\n";
  std::vector<evidence::Event> events;
  std::uint64_t offset = 0;
  for (int i = 0; i < 200; ++i, offset += text.size())
    events.push_back(console_event(++seq_, "dut", offset, text));
  append(events);
  AttemptIndex index;
  ASSERT_TRUE(index.extend(*segments_, attempt));
  EXPECT_LT(index.bytes(), 64U << 10);  // for 12 MB
}

}  // namespace
}  // namespace assay::queries::test
