// A whole update on a fake board, and the shape of the event stream.
#include "bench.hpp"

namespace assay::executor::test {

using evidence::StepState;
using evidence::Verdict;

TEST_F(Bench, UpdateIsInstalledTestedAndConfirmed) {
  started().running("base").update("update").reset().expect("boot.swap.test").expect("app.ready");
  running("update", false).add(plans::Confirm{std::chrono::seconds(5)});
  reset().expect("boot.swap.none").expect("app.ready").running("update", true);
  const auto end = run();
  EXPECT_EQ(end.verdict, Verdict::passed) << end.sentence;
  EXPECT_EQ(end.sentence, "");
  EXPECT_EQ(end.step, -1);
  EXPECT_FALSE(board.powered());
  const auto findings = events.ended(8).findings;
  ASSERT_EQ(findings.size(), 3U);
  for (const auto& finding : findings)
    EXPECT_EQ(finding.says, evidence::Finding::Says::agrees) << finding.channel;
  EXPECT_EQ(findings[0].observed, "\"Jul  1 2026\"");
  EXPECT_TRUE(findings[1].observed.starts_with("v2.0.0 (hash ")) << findings[1].observed;
  EXPECT_TRUE(findings[1].observed.ends_with(", not confirmed")) << findings[1].observed;
  const auto progress = events.all<evidence::StepProgress>();
  ASSERT_FALSE(progress.empty());
  EXPECT_EQ(progress.back().done, progress.back().total);
}

TEST_F(Bench, UnconfirmedUpdateIsRolledBack) {
  started().update("update").reset().expect("boot.swap.test").running("update", false);
  reset().expect("boot.swap.revert").expect("app.ready").running("base", true);
  reset().expect("boot.swap.none").running("base");
  const auto end = run();
  EXPECT_EQ(end.verdict, Verdict::passed) << end.sentence;
}

TEST_F(Bench, ForgedConfirmationFailsByEveryChannel) {
  started()
      .update("update")
      .reset()
      .expect("app.ready")
      .add(plans::Confirm{std::chrono::seconds(5)});
  reset().expect("app.ready").running("base");
  const auto end = run();
  EXPECT_EQ(end.verdict, Verdict::failed);
  EXPECT_EQ(end.step, 9);
  EXPECT_FALSE(end.retry_elsewhere);
  EXPECT_TRUE(end.sentence.starts_with(
      "base (v1.0.0) does not run: console says \"Jul  1 2026\", which stands in "
      "update, smp says v2.0.0 (hash "))
      << end.sentence;
  EXPECT_TRUE(end.sentence.ends_with(
      "; console, power, flash and reset are healthy, so this is the product's "
      "failure"))
      << end.sentence;
}

TEST_F(Bench, FlippedBitIsSentAndRefusedByTheBootloader) {
  derived("corrupt", "update", {.kind = images::Derivation::Kind::flip});
  started()
      .update("corrupt")
      .reset()
      .expect("boot.swap.test")
      .expect("boot.bad-image")
      .running("base", true);
  update("update").reset().expect("app.ready").running("update", false);
  const auto end = run();
  EXPECT_EQ(end.verdict, Verdict::passed) << end.sentence;
}

TEST_F(Bench, TruncatedUpdateGoesToTheDeviceAndFailsThere) {
  derived("cut", "update", {.kind = images::Derivation::Kind::truncate});
  started().update("cut");
  const auto end = run();
  EXPECT_EQ(end.verdict, Verdict::failed);
  EXPECT_EQ(
      end.sentence,
      "the device took cut but lists no image in its secondary slot, so nothing can be marked "
      "for a boot");
}

TEST_F(Bench, DerivedArtifactIsTheSameBytesAsLibImagesMakes) {
  const images::Derivation flip{.kind = images::Derivation::Kind::flip};
  derived("corrupt", "update", flip);
  started().update("corrupt", plans::Update::Until::uploaded);
  EXPECT_EQ(run().verdict, Verdict::passed);
  const auto made = read_file(folder.path() / "scratch" / "corrupt.derived", 1 << 20);
  const auto original = read_file(folder.path() / "update.bin", 1 << 20);
  ASSERT_TRUE(made && original);
  EXPECT_EQ(*made, *images::derive(*original, flip));
  EXPECT_NE(*made, *original);
}

TEST_F(Bench, SlotIsFlashedWhereItsImageStarts) {
  started().flash("update", "secondary");
  EXPECT_EQ(run().verdict, Verdict::passed);
  const auto history = board.history();
  EXPECT_NE(std::find(history.begin(), history.end(), "flash.write 0x8400"), history.end());
}

TEST_F(Bench, EraseEmptiesTheSecondarySlot) {
  started()
      .update("update", plans::Update::Until::uploaded)
      .add(plans::Erase{std::chrono::seconds(5)});
  EXPECT_EQ(run().verdict, Verdict::passed);
}

TEST_F(Bench, EventsBeginAndEndAsTheyMust) {
  started().running("update", {}, soon).expect("app.ready");
  finally(plans::Power{plans::Power::To::off});
  run();
  const auto all = events.events();
  ASSERT_GE(all.size(), 2U);
  EXPECT_TRUE(std::holds_alternative<evidence::AttemptStarted>(all.front().body));
  EXPECT_TRUE(std::holds_alternative<evidence::AttemptEnded>(all.back().body));
  EXPECT_EQ(events.all<evidence::AttemptStarted>().size(), 1U);
  EXPECT_EQ(events.all<evidence::AttemptEnded>().size(), 1U);
  std::vector<std::uint32_t> order;
  for (const auto& end : events.all<evidence::StepEnded>()) order.push_back(end.step);
  EXPECT_EQ(order, (std::vector<std::uint32_t>{0, 1, 2, 3, 4, 5}));
  EXPECT_EQ(events.ended(3).state, StepState::failed);
  EXPECT_EQ(events.ended(4).state, StepState::skipped);
  EXPECT_EQ(events.ended(5).state, StepState::passed);
  std::uint64_t next[2] = {0, 0};
  for (const auto& bytes : events.all<evidence::ConsoleBytes>()) {
    EXPECT_EQ(bytes.offset, next[bytes.sent ? 1 : 0]);
    next[bytes.sent ? 1 : 0] += bytes.bytes.size();
  }
  EXPECT_GT(next[0], 0U);
  EXPECT_GT(next[1], 0U);
}

TEST_F(Bench, PowerEdgesAreReadBack) {
  started();
  run();
  const auto edges = events.all<evidence::PowerEdge>();
  ASSERT_EQ(edges.size(), 3U);  // off and on of the cycle, off at the end
  EXPECT_EQ(edges[0], (evidence::PowerEdge{false, true}));
  EXPECT_EQ(edges[1], (evidence::PowerEdge{true, true}));
  EXPECT_EQ(edges[2], (evidence::PowerEdge{false, true}));
}

TEST_F(Bench, LeaveAsIsLeavesThePowerOn) {
  started();
  spec.leave_as_is = true;
  EXPECT_EQ(run().verdict, Verdict::passed);
  EXPECT_TRUE(board.powered());
}

TEST_F(Bench, FinallyRunsAfterAFailureAndKeepsTheVerdict) {
  started().expect("no such line", soon);
  finally(plans::Expect{marker("nor this"), false, soon}).finally(plans::Reset{});
  const auto end = run();
  EXPECT_EQ(end.verdict, Verdict::failed);
  EXPECT_EQ(end.step, 3);
  EXPECT_EQ(events.ended(4).state, StepState::failed);
  EXPECT_EQ(events.ended(5).state, StepState::passed);
}

TEST_F(Bench, FailureInFinallyFailsAPass) {
  started();
  finally(plans::Expect{marker("nor this"), false, soon});
  const auto end = run();
  EXPECT_EQ(end.verdict, Verdict::failed);
  EXPECT_EQ(end.step, 3);
}

TEST_F(Bench, TwoBoardsOneJob) {
  FakeBoard peer("b2");
  others["peer"] = &peer;
  spec.roles.push_back({"peer", {"power"}, "", fake_profile()});
  started().add(plans::Flash{"base", ""}, "peer").add(plans::Power{}, "peer");
  add(plans::Expect{marker("app.ready"), false, std::chrono::seconds(5)}, "peer");
  EXPECT_EQ(run().verdict, Verdict::passed);
  EXPECT_FALSE(board.powered());
  EXPECT_FALSE(peer.powered());
}

TEST_F(Bench, WrongExpressionTouchesNoBoard) {
  started().expect("(never closed", soon);
  const auto end = run();
  EXPECT_EQ(end.verdict, Verdict::lab_error);
  EXPECT_FALSE(end.retry_elsewhere);
  EXPECT_EQ(end.sentence,
            "test.yaml:4:1: marker '(never closed': '(never closed' is not a regular expression "
            "(RE2): missing ): (never closed");
  EXPECT_TRUE(board.history().empty());
}

TEST_F(Bench, DamagedContainerIsAnInputErrorWithItsLine) {
  const std::string hex = ":10000000000000000000000000000000000000FFF1\n:00000001FF\n";
  artifact("broken", Bytes(hex.begin(), hex.end()));
  flash("broken");
  board.faults.failing["flash.write"] = {Cause::invalid,
                                         "broken.hex:1: checksum is 0xf1, computed 0xf0"};
  const auto end = run();
  EXPECT_EQ(end.verdict, Verdict::lab_error);
  EXPECT_FALSE(end.retry_elsewhere);
  EXPECT_EQ(end.sentence, "flashing broken to b1: broken.hex:1: checksum is 0xf1, computed 0xf0");
}

}  // namespace assay::executor::test
