#include "lab.hpp"

namespace assay::scheduler {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

// One board, whose attempts last as long as they are told to.
class Turns : public testing::Test {
 protected:
  void SetUp() override { ASSERT_TRUE(lab.hello(agent("lab-a", "i1", {board("v1")}))); }
  void submit(const std::string& project, int jobs, std::int32_t priority = 0) {
    lab.project = lab.work = project;
    for (int i = 0; i < jobs; ++i) projects[lab.submit_one(priority)] = project;
  }
  // The projects of the next so many attempts; `last` says how long each takes.
  std::string next(int count, std::map<std::string, Duration> last = {}) {
    std::string order;
    for (int i = 0; i < count; ++i) {
      std::optional<AttemptId> now_on;
      for (const BoardView& view : lab.core.boards(lab.now)) now_on = parse_attempt(view.holder);
      if (!now_on) return order + " nothing";
      const std::string& project = projects.at(now_on->job.run);
      lab.accept(to_string(*now_on));
      Duration left = last.contains(project) ? last.at(project) : Duration(60s);
      for (; left > 10s; left -= 10s) {
        lab.pass(10s);
        lab.renew("lab-a", {to_string(*now_on)});
      }
      lab.pass(left);
      lab.end(to_string(*now_on), Outcome::passed);
      order += project;
    }
    return order;
  }
  Lab lab;
  std::map<std::int64_t, std::string> projects;
};

TEST_F(Turns, GoRoundBetweenProjects) {
  submit("a", 4);
  submit("b", 2);
  submit("c", 2);
  EXPECT_EQ(next(8), "abcabcaa");
}

TEST_F(Turns, OfOneProjectAreAsSubmitted) {
  submit("a", 3);
  EXPECT_EQ(next(1), "a");
  EXPECT_EQ(lab.board_state("v1"), "leased r2.1.1");
}

TEST_F(Turns, CountTimeAndNotJobs) {
  submit("a", 3);
  submit("b", 12);
  EXPECT_EQ(next(10, {{"a", 60s}, {"b", 20s}}), "abbbabbbab");
}

TEST_F(Turns, OweNothingForTimeWithoutWork) {
  submit("a", 8);
  EXPECT_EQ(next(4), "aaaa");
  submit("b", 4);
  EXPECT_EQ(next(5), "ababa");
}

TEST_F(Turns, AreAlsoGivenBackWhatWasChargedInAdvance) {
  submit("a", 8);
  submit("b", 4);
  // a's first attempts took a minute: its next one is charged so, and then ends at once.
  EXPECT_EQ(next(4), "abab");
  EXPECT_EQ(next(5, {{"a", 1s}}), "abaaa");
}

TEST_F(Turns, GoByPriorityFirst) {
  submit("a", 2);
  submit("b", 2, 1);
  submit("a", 1, 2);
  EXPECT_EQ(next(5), "aabba");
}

// The bound of docs/SCHEDULING.md: one level for each five minutes of being passed over.
TEST_F(Turns, ComeInTheEndForTheLowestPriority) {
  submit("H", 100, 1);
  submit("l", 3, -2);
  // Each takes a minute, and three levels are fifteen; with the same level it is l that had less.
  EXPECT_EQ(next(40), "HHHHHHHHHHHHHHHlHHHHHHHHHHHHHHlHHHHHHHHH");
}

TEST_F(Turns, AreTakenByOthersWhenALabWithMostBoardsIsGone) {
  ASSERT_TRUE(
      lab.hello(agent("lab-b", "i1", {board("w1"), board("w2"), board("w3"), board("w4")})));
  lab.core.disconnected("lab-b");
  lab.pass(60s);
  lab.renew("lab-a", {});
  lab.project = "pinned";
  // These can only run there.
  for (int i = 0; i < 5; ++i) {
    lab.submit({{{"dut", "sensor", {"power"}, "w1"}}}, 50);
    lab.submit({{need("left"), need("right")}}, 50);
  }
  EXPECT_THAT(lab.decisions(), IsEmpty());
  lab.project = "other";
  const auto run = lab.submit_one();
  EXPECT_EQ(lab.decisions(), (std::vector{fmt::format("assign r{}.1.1 v1@1 to lab-a", run)}));
}

TEST(Limits, OfAProjectsJobsThatWait) {
  Lab lab{{.project_queued = 3}};
  lab.project = "radio";
  lab.submit({{need()}, {need()}});
  EXPECT_TRUE(lab.refused);
  lab.submit({{need()}, {need()}});
  ASSERT_FALSE(lab.refused);
  EXPECT_EQ(lab.refused.error().cause, Cause::exhausted);
  EXPECT_EQ(lab.refused.error().text,
            "project 'radio' has 2 jobs waiting, and at most 3 may with these 2: wait, cancel some "
            "('assay runs --project radio --status queued'), or let assayd be started with a "
            "higher --project-queued");
  lab.project = "other";
  lab.submit_one();
  EXPECT_TRUE(lab.refused);
  lab.project = "radio";
  lab.submit_one();
  EXPECT_TRUE(lab.refused);
}

TEST(Limits, OfAllJobsThatWait) {
  Lab lab{{.queued = 1}};
  lab.submit_one();
  EXPECT_TRUE(lab.refused);
  lab.submit_one();
  ASSERT_FALSE(lab.refused);
  EXPECT_EQ(lab.refused.error().text,
            "1 jobs wait, and at most 1 may: try again later, or cancel what nobody needs");
}

TEST(Limits, OfAProjectsAttemptsAtOnce) {
  Lab lab{{.project_running = 1}};
  ASSERT_TRUE(lab.hello(agent("lab-a", "i1", {board("v1"), board("v2"), board("v3")})));
  lab.project = "radio";
  lab.submit_one();
  const auto second = lab.submit_one();
  lab.project = "other";
  lab.submit_one();
  EXPECT_THAT(lab.decisions(),
              ElementsAre("assign r1.1.1 v1@1 to lab-a", "assign r3.1.1 v2@1 to lab-a"));
  EXPECT_EQ(lab.why(second),
            "waits: project 'radio' runs 1 attempts at once already, as many as it may");
  lab.end("r1.1.1", Outcome::passed);
  EXPECT_THAT(lab.decisions(), ElementsAre("assign r2.1.1 v3@1 to lab-a"));
}

TEST(Limits, OfAnAgentsAttemptsAtOnce) {
  Lab lab;
  AgentFacts facts = agent("lab-a", "i1", {board("v1"), board("v2")});
  facts.max_attempts = 1;
  ASSERT_TRUE(lab.hello(facts));
  lab.submit_one();
  const auto second = lab.submit_one();
  EXPECT_THAT(lab.decisions(), ElementsAre("assign r1.1.1 v1@1 to lab-a"));
  EXPECT_EQ(lab.why(second),
            "waits: board v1 is leased by r1.1.1; agent 'lab-a' runs 1 attempts at once already, "
            "as many as it may");
  lab.end("r1.1.1", Outcome::passed);
  EXPECT_THAT(lab.decisions(), ElementsAre("assign r2.1.1 v2@1 to lab-a"));
}

TEST(Tags, AreNeededOfABoard) {
  Lab lab;
  BoardFacts ble = board("v2");
  ble.tags = {"ble", "site=lab-b"};
  ASSERT_TRUE(lab.hello(agent("lab-a", "i1", {board("v1"), ble})));
  lab.submit({{{"dut", "sensor", {}, "", {"site=lab-b", "ble"}}}});
  EXPECT_THAT(lab.decisions(), ElementsAre("assign r1.1.1 v2@1 to lab-a"));
  EXPECT_EQ(lab.why(lab.submit({{{"dut", "sensor", {}, "", {"site=lab-c"}}}})),
            "waits: board v1 has no tag 'site=lab-c'; board v2 has no tag 'site=lab-c'");
}

TEST(Rate, OfARepeatedJobIsSaidWithItsInterval) {
  Lab lab;
  lab.work = "ota\nsensor";
  ASSERT_TRUE(lab.hello(agent("lab-a", "i1", {board("v1")})));
  const auto run = lab.submit({{need()}, {need()}, {need()}, {need()}});
  lab.end("r1.1.1", Outcome::passed);
  lab.end("r1.2.1", Outcome::failed, "no boot");
  lab.end("r1.3.1", Outcome::passed);
  lab.end("r1.4.1", Outcome::passed);
  EXPECT_EQ(lab.run(run),
            "ended: failed: 1 of 4 jobs failed (pass rate 75 %, 95 % interval 30.06 to 95.44 %); "
            "r1.2: no boot");
}

}  // namespace
}  // namespace assay::scheduler
