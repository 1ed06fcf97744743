#include "lab.hpp"

namespace assay::scheduler {
namespace {

TEST(Why, NoAgent) {
  Lab lab;
  EXPECT_EQ(lab.why(lab.submit_one()), "waits: no agent has connected yet");
}

TEST(Why, NoSuchProfile) {
  Lab lab;
  ASSERT_TRUE(lab.hello(agent("lab-a", "i1", {board("v1", "sensor")})));
  EXPECT_EQ(lab.why(lab.submit({{need("dut", "sensro")}})),
            "waits: no agent has a board of profile 'sensro', did you mean 'sensor'?");
}

TEST(Why, NoSuchBoard) {
  Lab lab;
  ASSERT_TRUE(lab.hello(agent("lab-a", "i1", {board("bench-1")})));
  EXPECT_EQ(lab.why(lab.submit({{{"dut", "sensor", {}, "bench-2"}}})),
            "waits: no agent has a board 'bench-2', did you mean 'bench-1'?");
}

TEST(Why, BoardOfAnotherProfile) {
  Lab lab;
  ASSERT_TRUE(lab.hello(agent("lab-a", "i1", {board("v1")})));
  EXPECT_EQ(lab.why(lab.submit({{{"dut", "gateway", {}, "v1"}}})),
            "waits: board v1 is of profile 'sensor', not 'gateway'");
}

TEST(Why, MissingAbility) {
  Lab lab;
  ASSERT_TRUE(lab.hello(agent("lab-a", "i1", {board("v1")})));
  EXPECT_EQ(lab.why(lab.submit({{{"dut", "sensor", {"mux"}, ""}}})),
            "waits: board v1 lacks the ability 'mux'");
}

TEST(Why, MissingVerb) {
  Lab lab;
  ASSERT_TRUE(lab.hello(agent("lab-a", "i1", {board("v1"), board("v2")})));
  lab.verbs = {"flash", "sweep"};
  EXPECT_EQ(lab.why(lab.submit_one()),
            "waits: agent 'lab-a' (version 0.1.0) does not know the verb 'sweep'");
}

TEST(Why, Leased) {
  Lab lab;
  ASSERT_TRUE(lab.hello(agent("lab-a", "i1", {board("v1")})));
  lab.submit_one();
  EXPECT_EQ(lab.why(lab.submit_one()), "waits: board v1 is leased by r1.1.1");
}

TEST(Why, BothLeasedThenAll) {
  Lab lab;
  ASSERT_TRUE(lab.hello(agent("lab-a", "i1", {board("v1"), board("v2")})));
  lab.submit({{need()}, {need()}});
  const auto run = lab.submit_one();
  EXPECT_EQ(lab.why(run), "waits: both boards of profile sensor are leased, by r1.1.1 and r1.2.1");
  ASSERT_TRUE(
      lab.hello(agent("lab-b", "i1", {board("v3"), board("v4"), board("v5"), board("v6")})));
  lab.submit({{need()}, {need()}, {need()}});
  EXPECT_EQ(lab.why(lab.submit_one()),
            "waits: all 6 boards of profile sensor are leased, by r1.1.1, r1.2.1, r2.1.1, r3.1.1 "
            "and 2 more");
}

TEST(Why, Quarantined) {
  Lab lab;
  ASSERT_TRUE(lab.hello(agent("lab-a", "i1", {board("v1")})));
  ASSERT_TRUE(lab.core.quarantine("v1", "the relay is stuck", lab.out));
  EXPECT_EQ(lab.why(lab.submit_one()), "waits: board v1 is quarantined: the relay is stuck");
}

TEST(Why, Offline) {
  Lab lab;
  ASSERT_TRUE(lab.hello(agent("lab-a", "i1", {board("v1")})));
  lab.core.disconnected("lab-a");
  EXPECT_EQ(lab.why(lab.submit_one()),
            "waits: board v1 is offline: agent 'lab-a' is not connected");
}

TEST(Why, NotAnswered) {
  Lab lab;
  ASSERT_TRUE(lab.hello(agent("lab-a", "i1", {board("v1")})));
  EXPECT_EQ(lab.why(lab.submit_one()),
            "waits: agent 'lab-a' was asked to start r1.1.1 on board v1 and has not answered yet");
  lab.accept("r1.1.1");
  EXPECT_EQ(lab.why(1), "");
}

TEST(Why, RunsOutOfTouch) {
  Lab lab;
  ASSERT_TRUE(lab.hello(agent("lab-a", "i1", {board("v1")})));
  lab.submit_one();
  lab.accept("r1.1.1");
  lab.core.disconnected("lab-a");
  lab.pass(10s);
  EXPECT_EQ(lab.why(1),
            "waits: agent 'lab-a' is not connected; unless it comes back, r1.1.1 is given up in "
            "20.0 s");
  ASSERT_TRUE(lab.hello(agent("lab-a", "i1", {board("v1")}, {"r1.1.1"})));
  EXPECT_EQ(lab.why(1), "");
}

TEST(Why, RolesOnDifferentAgents) {
  Lab lab;
  ASSERT_TRUE(lab.hello(agent("lab-a", "i1", {board("v1")})));
  ASSERT_TRUE(lab.hello(agent("lab-b", "i1", {board("w1")})));
  EXPECT_EQ(lab.why(lab.submit({{need("left"), need("right")}})),
            "waits: no single agent has a board for each of the roles left and right");
}

TEST(Why, SeveralReasons) {
  Lab lab;
  ASSERT_TRUE(lab.hello(
      agent("lab-a", "i1",
            {board("v1"), board("v2"), board("v3"), board("v4"), board("v5"), board("v6")})));
  for (const char* id : {"v2", "v3", "v4", "v5", "v6"})
    ASSERT_TRUE(lab.core.quarantine(id, "dust", lab.out));
  lab.submit_one();
  EXPECT_EQ(lab.why(lab.submit_one()),
            "waits: board v1 is leased by r1.1.1; board v2 is quarantined: dust; board v3 is "
            "quarantined: dust; "
            "board v4 is quarantined: dust; and 2 boards more");
}

}  // namespace
}  // namespace assay::scheduler
