// An image that the board holds already is not written again, and only then.
#include <algorithm>

#include "bench.hpp"

namespace assay::executor::test {

using evidence::StepState;
using evidence::Verdict;

class FlashAgain : public Bench {
 public:
  void expect_passed() {
    const auto end = run();
    EXPECT_EQ(end.verdict, Verdict::passed) << end.sentence;
  }
  [[nodiscard]] std::vector<std::string> writes() const {
    auto all = board.history();
    std::erase_if(all, [](const auto& done) { return !done.starts_with("flash.write"); });
    return all;
  }
  [[nodiscard]] long count(const std::string& operation) const {
    const auto all = board.history();
    return std::count(all.begin(), all.end(), operation);
  }
  [[nodiscard]] bool skipped(std::uint32_t step) const { return events.ended(step).already_there; }

  const std::string chip = "flash.write chip", slot = "flash.write 0x8400";
};

TEST_F(FlashAgain, WholeChipThatReadsBackTheSameIsLeftAlone) {
  flash("base").flash("base");
  expect_passed();
  EXPECT_EQ(writes(), std::vector{chip});
  EXPECT_FALSE(skipped(0));
  EXPECT_EQ(events.ended(0).sentence, "");
  EXPECT_TRUE(skipped(1));
  const auto end = events.ended(1);
  auto bytes = read_file(folder.path() / "base.bin", 1 << 20).value_or(Bytes());
  bytes.resize(flash_size, 0xFF);
  const auto digest = to_hex(sha256(bytes));
  EXPECT_TRUE(end.sentence.starts_with("already there (SHA-256 " + digest.substr(0, 12) +
                                       "..., read back in "))
      << end.sentence;
  EXPECT_TRUE(end.sentence.ends_with("); not flashed again")) << end.sentence;
  ASSERT_EQ(end.findings.size(), 1U);
  EXPECT_EQ(end.findings[0].observed, "SHA-256 " + digest + " of 65536 bytes at 0x0");
  EXPECT_EQ(end.findings[0].says, evidence::Finding::Says::agrees);
  EXPECT_EQ(count("reset"), 0);  // it was off, and stays so
  EXPECT_EQ(count("power.on"), 0);
}

TEST_F(FlashAgain, ProgressBecomesEventsAHundredthApart) {
  for (std::uint64_t done = 0; done <= 1000; ++done)
    board.faults.progress.push_back({"writing", done, 1000});
  for (std::uint64_t done = 0; done <= 50; ++done)
    board.faults.progress.push_back({"reading back", done, 0});
  flash("base");
  expect_passed();
  const auto all = events.all<evidence::StepProgress>();
  ASSERT_EQ(all.size(), 102U);
  EXPECT_EQ(all[0], (evidence::StepProgress{0, 0, 1000, "bytes", "writing"}));
  EXPECT_EQ(all[1], (evidence::StepProgress{0, 10, 1000, "bytes", "writing"}));
  EXPECT_EQ(all[100], (evidence::StepProgress{0, 1000, 1000, "bytes", "writing"}));
  EXPECT_EQ(all[101], (evidence::StepProgress{0, 0, 0, "bytes", "reading back"}));
}

TEST_F(FlashAgain, PlanCanAskForItAllTheSame) {
  flash("base").add(plans::Flash{"base", "", true});
  expect_passed();
  EXPECT_EQ(writes(), (std::vector{chip, chip}));
  EXPECT_EQ(count("flash.read"), 1);  // of the first, which found a blank chip
}

TEST_F(FlashAgain, WhatAnUpdateLeftBesideTheImageIsErased) {
  flash("base").flash("update", "secondary").flash("base").flash("base");
  expect_passed();
  EXPECT_EQ(writes(), (std::vector{chip, slot, chip}));
  EXPECT_TRUE(skipped(3));
}

TEST_F(FlashAgain, OneByteAtTheEndOfTheChipCounts) {
  flash("base").reset().flash("base");
  board.faults.writes_flash_at = "reset";
  expect_passed();
  EXPECT_EQ(writes(), (std::vector{chip, chip}));
}

TEST_F(FlashAgain, SlotCountsWithItsErasedRest) {
  artifact("long", Bytes(slot_size - slot1_offset, 0x5A));
  auto cut = read_file(folder.path() / "update.bin", 1 << 20).value_or(Bytes());
  artifact("same", cut);
  cut.resize(cut.size() - 4);
  artifact("cut", cut);
  flash("long", "secondary").flash("update", "secondary");
  flash("same", "secondary").flash("cut", "secondary");
  // What lies beside the slot does not.
  flash("base")
      .flash("update", "secondary")
      .flash("update", "primary")
      .flash("update", "secondary");
  expect_passed();
  EXPECT_EQ(writes(),
            (std::vector{slot, slot, slot, chip, slot, std::string("flash.write 0x2000")}));
  EXPECT_TRUE(skipped(2));
  EXPECT_TRUE(skipped(7));
}

TEST_F(FlashAgain, RunningProgramIsStartedAnewBehindTheCursor) {
  started().flash("base").expect("boot.start").expect("app.ready");
  expect_passed();
  EXPECT_EQ(writes(), std::vector{chip});
  EXPECT_TRUE(skipped(3));
  EXPECT_EQ(count("reset"), 1);
  EXPECT_EQ(events.all<evidence::ResetPulse>().size(), 1U);
}

TEST_F(FlashAgain, WhatTheProgramSaidWhileItWasReadIsStale) {
  board.faults.chatters_at = "flash.read";
  started().flash("base").absent("old line", soon).expect("app.ready");
  expect_passed();
  EXPECT_TRUE(skipped(3));
}

TEST_F(FlashAgain, WhatTheProgramSaidWhileItDifferedIsStaleToo) {
  board.faults.chatters_at = "flash.read";
  board.faults.writes_flash_at = "power.on";
  started().flash("base").absent("old line", soon);
  expect_passed();
  EXPECT_EQ(writes(), (std::vector{chip, chip}));
}

TEST_F(FlashAgain, WhatTheProgramWroteBeforeItWasStoppedIsSeen) {
  started().flash("base");
  board.faults.writes_flash_at = "reset";
  expect_passed();
  EXPECT_EQ(writes(), (std::vector{chip, chip}));
  EXPECT_FALSE(skipped(3));
}

TEST_F(FlashAgain, ProgramThatLocksUpAtItsNewStartIsTheProducts) {
  started().flash("base").expect("app.ready");
  board.faults.locks_up_from = "reset";
  const auto end = run();
  EXPECT_EQ(end.verdict, Verdict::failed);
  EXPECT_TRUE(skipped(3));
  EXPECT_EQ(end.step, 4);
  EXPECT_TRUE(end.sentence.starts_with("the program locked up before ")) << end.sentence;
}

TEST_F(FlashAgain, RunningBoardWithoutResetIsFlashed) {
  board.faults.no_reset = true;
  started().flash("base");
  expect_passed();
  EXPECT_EQ(writes(), (std::vector{chip, chip}));
}

TEST_F(FlashAgain, SwitchThatCannotBeReadIsNoProofOfOff) {
  board.faults.no_reset = true;
  board.faults.power_stuck = true;  // is_on says nothing
  flash("base").flash("base");
  run();
  EXPECT_EQ(writes(), (std::vector{chip, chip}));
}

TEST_F(FlashAgain, FlasherThatCannotReadWritesAsEver) {
  board.faults.cannot_read_back = true;
  flash("base").flash("base");
  expect_passed();
  EXPECT_EQ(writes(), (std::vector{chip, chip}));
  EXPECT_TRUE(events.all<evidence::Note>().empty());
}

TEST_F(FlashAgain, WhatCannotBeReadIsWrittenWithANote) {
  board.faults.failing["flash.read"] = {Cause::device, "flash contents are unknown after a crash"};
  flash("base");
  expect_passed();
  EXPECT_EQ(writes(), std::vector{chip});
  const auto notes = events.all<evidence::Note>();
  ASSERT_EQ(notes.size(), 1U);
  EXPECT_EQ(notes[0].text,
            "what is on b1 cannot be read back, so base is written: flash contents are unknown "
            "after a crash");
}

TEST_F(FlashAgain, ImageBesideTheKnownFlashIsWrittenAsEver) {
  flash("base").flash("base");
  for (const std::uint64_t size : {0x2100, 0}) {  // too small for it; unknown
    spec.roles[0].profile.flash_size = size;
    expect_passed();
  }
  EXPECT_EQ(writes(), (std::vector{chip, chip, chip, chip}));
  EXPECT_EQ(count("flash.read"), 0);
}

}  // namespace assay::executor::test
