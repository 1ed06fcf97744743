// The cursor and the anchors, on a real bootloader's words and against a naive
// reference.
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>
#include <re2/re2.h>

#include "executor/console_log.hpp"

namespace assay::executor::test {

namespace {

class NoEvents final : public EventSink {
 public:
  void emit(const std::string&, const std::string&, evidence::Body) override {}
};

struct Rig {
  Watch watch;
  NoEvents sink;
  ConsoleLog log{watch, sink, "dut", "b1", BootTime{0}, {}, {}, {}};

  void feed(std::string_view text) {
    log.feed({BootTime::now(), {as_bytes(text).begin(), as_bytes(text).end()}});
  }
  // The line that is there now, or "".
  std::string now(const plans::Marker& marker) {
    auto matcher = Matcher::make(marker);
    const auto seen = log.expect(*matcher, Wait::for_(Duration::zero()));
    return seen ? seen->line.text : "";
  }
};

// A recorded boot of MCUboot that swaps v2 in for a test.
constexpr std::string_view swap_boot =
    "*** Booting MCUboot ee39e2d694bd ***\r\n"
    "I: Starting bootloader\r\n"
    "I: Image index: 0, Swap type: test\r\n"
    "I: Primary image: magic=unset, swap_type=0x1, copy_done=0x3, image_ok=0x3\r\n"
    "I: Secondary image: magic=good, swap_type=0x1, copy_done=0x3, image_ok=0x3\r\n"
    "I: Boot source: none\r\n"
    "I: Image index: 0, Swap type: test\r\n"
    "I: Image index: 0, Swap type: test\r\n"
    "I: Image index: 0, Swap type: test\r\n"
    "I: Starting swap using offset algorithm.\r\n"
    "I: Image index: 0, Swap type: none\r\n"
    "I: Image index: 0, Swap type: revert\r\n"
    "I: Bootloader chainload address offset: 0x8000\r\n"
    "I: Image version: v2.0.0\r\n"
    "I: Jumping to the first image slot\r\n"
    "*** Booting Zephyr OS build 684c9e8f32e4 ***\r\n"
    "[00:00:00.003,049] \x1b[0m<inf> smp_sample: build time: Jul  1 2026 12:00:00\x1b[0m\r\n";

plans::Marker swap_type(const std::string& is) {
  return {"boot.swap." + is, R"(Image index: 0, Swap type: (\w+))", "^I: Starting bootloader", is};
}

}  // namespace

TEST(Markers, FirstSwapTypeOfARealBootCounts) {
  for (const std::string is : {"test", "revert", "none", "perm"}) {
    Rig rig;
    rig.feed(swap_boot);
    EXPECT_EQ(rig.now(swap_type(is)), is == "test" ? "I: Image index: 0, Swap type: test" : "")
        << is;
  }
}

TEST(Markers, ProgramsOwnSwapTypeBeforeTheBootDoesNotCount) {
  Rig rig;
  rig.feed("[00:00:01.000,000] <inf> mcuboot_util: Image index: 0, Swap type: test\r\n");
  EXPECT_EQ(rig.now(swap_type("test")), "");
  rig.log.mark("reset", false);
  rig.feed("[00:00:01.100,000] <inf> mcuboot_util: Image index: 0, Swap type: test\r\n");
  EXPECT_EQ(rig.now(swap_type("test")), "");
  rig.feed(swap_boot);
  EXPECT_NE(rig.now(swap_type("test")), "");
}

TEST(Markers, AnchorMayLieBeforeTheCursorButNotBeforeTheActuation) {
  Rig rig;
  rig.log.mark("reset", false);
  rig.feed("I: Starting bootloader\r\n");
  EXPECT_NE(rig.now({"boot.start", "Starting bootloader", "", {}}), "");  // the cursor is behind it
  rig.feed("I: Image index: 0, Swap type: test\r\n");
  EXPECT_NE(rig.now(swap_type("test")), "");
  rig.feed("I: Image version: v2.0.0\r\n");
  rig.log.mark("reset", false);
  rig.feed("I: Image version: v1.0.0\r\n");
  EXPECT_EQ(rig.now({"boot.version", "Image version", "Starting bootloader", {}}), "");
}

TEST(Markers, StaleLineNeverSatisfies) {
  Rig rig;
  const plans::Marker ready{"app.ready", "ready", "", {}};
  rig.feed("ready 1\nready 2\nrea");
  rig.log.mark("reset", false);
  EXPECT_EQ(rig.now(ready), "");
  rig.feed("dy 3\n");  // begun before the reset
  EXPECT_EQ(rig.now(ready), "");
  rig.feed("ready 4\n");
  EXPECT_EQ(rig.now(ready), "ready 4");
  EXPECT_EQ(rig.now(ready), "");
}

TEST(Markers, PowerCutEndsTheLineInHand) {
  Rig rig;
  rig.feed("half a li");
  rig.log.mark("power cycle", true);
  rig.feed("ready\n");
  EXPECT_EQ(rig.now({"app.ready", "^ready$", "", {}}), "ready");
}

TEST(Markers, FramesAndColoursAreNoText) {
  Rig rig;
  const auto frame = smp::encode_frame(Bytes{1, 2, 3, 4, 5, 6, 7, 8, 9});
  rig.feed("\x1b[1;31mapp re");
  rig.feed(as_text(frame));
  rig.feed("ady\x1b[0m\r\n");
  EXPECT_EQ(rig.now({"app.ready", "^app ready$", "", {}}), "app ready");
}

TEST(Markers, LongLineIsCut) {
  Rig rig;
  rig.feed(std::string(line_limit, 'x') + "tail\n");
  EXPECT_EQ(rig.now({"tail", "^tail$", "", {}}), "tail");
}

TEST(Markers, LinesOfEarlierUsersDoNotCount) {
  Watch watch;
  NoEvents sink;
  int hits = 0;
  auto never = Matcher::make({"app.fault", "fault", "", {}});
  ConsoleLog log(watch, sink, "dut", "b1", BootTime::now(), {*never},
                 [&](const auto&, const auto&) { ++hits; }, {});
  const std::string_view text = "fault\n";
  log.feed({BootTime{1}, {text.begin(), text.end()}});
  EXPECT_EQ(hits, 0);
  log.feed({BootTime::now(), {text.begin(), text.end()}});
  EXPECT_EQ(hits, 1);
}

// The model: everything so far, looked at anew each time.
namespace {

struct Naive {
  std::string stream;
  std::size_t mark = 0, cursor = 0;

  std::string expect(const plans::Marker& marker) {
    bool anchored = marker.after.empty(), counted = false;
    for (std::size_t at = 0; at < stream.size();) {
      const auto feed = stream.find('\n', at);
      if (feed == std::string::npos) break;
      const std::string line = stream.substr(at, feed - at);
      const std::size_t begin = std::exchange(at, feed + 1);
      if (begin < mark) continue;
      if (!marker.after.empty() && re2::RE2::PartialMatch(line, marker.after)) {
        anchored = true;
        counted = false;
        continue;
      }
      std::string group;
      if (!anchored || !re2::RE2::PartialMatch(line, marker.pattern, &group)) continue;
      if (marker.is) {
        if (std::exchange(counted, true)) continue;
        if (group != *marker.is) continue;
      }
      if (begin < cursor) continue;
      cursor = feed + 1;
      return line;
    }
    return "";
  }
};

}  // namespace

RC_GTEST_PROP(CursorModel, AgreesWithANaiveReference, ()) {
  Rig rig;
  Naive naive;
  const std::vector<std::string> pieces = {"start\n", "type a\n", "type b\n", "ty", "pe a\n",
                                           "sta",     "rt\n",     "x\n",      "\n"};
  const std::vector<plans::Marker> markers = {
      {"m", "type (.)", "", {}},        {"m", "type (.)", "^start", {}},
      {"m", "type (.)", "^start", "a"}, {"m", "type (.)", "^start", "b"},
      {"m", "type (.)", "", "b"},       {"m", "(start)", "", {}},
      {"m", "(.*)", "^type a", {}}};
  const auto count = *rc::gen::inRange(1, 60);
  for (int i = 0; i < count; ++i) {
    const auto what = *rc::gen::inRange(0, 10);
    if (what < 6) {
      const auto& piece = pieces[*rc::gen::inRange<std::size_t>(0, pieces.size())];
      naive.stream += piece;
      rig.feed(piece);
    } else if (what < 7) {
      naive.mark = naive.cursor = naive.stream.size();
      rig.log.mark("reset", false);
    } else {
      const auto& marker = markers[*rc::gen::inRange<std::size_t>(0, markers.size())];
      RC_ASSERT(rig.now(marker) == naive.expect(marker));
    }
  }
}

}  // namespace assay::executor::test
