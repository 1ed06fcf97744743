#include "lab.hpp"

namespace assay::scheduler {
namespace {

TEST(History, KnowsNothingAtFirst) {
  History history;
  EXPECT_EQ(history.of("a"), std::nullopt);
  history.add("a", 10s);
  EXPECT_EQ(history.of("a"), (Spread{10s, 10s, 10s}));
  EXPECT_EQ(history.of("b"), std::nullopt);
}

TEST(History, LeavesTheRareOutOfTheLikely) {
  History history;
  for (int i = 0; i < 30; ++i) history.add("a", 10s);
  history.add("a", 1s);
  history.add("a", 100s);
  EXPECT_EQ(history.of("a")->likely, 10s);
  EXPECT_EQ(history.of("a")->low, 10s);
  EXPECT_EQ(history.of("a")->high, 10s);
}

TEST(History, ForgetsWhatIsOld) {
  History history;
  for (int i = 0; i < 100; ++i) history.add("a", 10s);
  for (int i = 0; i < 32; ++i) history.add("a", 20s);
  EXPECT_EQ(history.of("a"), (Spread{20s, 20s, 20s}));
}

class Estimate : public testing::Test {
 protected:
  void SetUp() override {
    lab.work = "ota";
    Saved before;
    for (int i = 0; i < 10; ++i) before.took.emplace_back("ota", 50s + i * 2s);
    lab.core.load(before, lab.now);
    ASSERT_TRUE(lab.hello(agent("lab-a", "i1", {board("v1"), board("v2")})));
  }
  Lab lab;
};

TEST_F(Estimate, IsTheFirstBoardThatComesBack) {
  lab.submit({{need()}, {need()}});
  lab.accept("r1.1.1");
  lab.accept("r1.2.1");
  lab.pass(10s);
  EXPECT_EQ(lab.why(lab.submit_one()),
            "waits: both boards of profile sensor are leased, by r1.1.1 and r1.2.1; starts in "
            "about 48.0 s (40.0 s to 58.0 s)");
}

TEST_F(Estimate, CountsWhatComesBefore) {
  lab.submit({{need()}, {need()}});
  lab.submit({{need()}, {need()}}, 5);
  lab.submit({{need()}});
  EXPECT_EQ(lab.why(lab.submit_one()),
            "waits: both boards of profile sensor are leased, by r1.1.1 and r1.2.1, behind 2 jobs "
            "of priority 5 and 1 of priority 0; starts in about 1 min 56 s (1 min 40 s to 2 min "
            "16 s)");
}

TEST_F(Estimate, IsNotMadeOfNothing) {
  lab.work = "never seen";
  lab.submit({{need()}, {need()}});
  const auto reasons = lab.core.why(lab.submit_one(), lab.now);
  ASSERT_EQ(reasons.size(), 1U);
  EXPECT_EQ(reasons[0].starts_in, std::nullopt);
  EXPECT_THAT(reasons[0].reason, testing::Not(testing::HasSubstr("starts")));
}

TEST_F(Estimate, ComesTrue) {
  lab.submit({{need()}, {need()}, {need()}});
  const auto reasons = lab.core.why(1, lab.now);
  ASSERT_EQ(reasons.back().job, "r1.3");
  const Spread starts = *reasons.back().starts_in;
  lab.accept("r1.1.1");
  lab.accept("r1.2.1");
  for (Duration d = 0s; d < 60s; d += 5s) {
    lab.pass(5s);
    lab.renew("lab-a", {"r1.1.1", "r1.2.1"});
  }
  const BootTime asked = lab.now - 60s;
  lab.end("r1.1.1", Outcome::passed);
  EXPECT_EQ(lab.attempt("r1.3.1"), "assigned");
  EXPECT_GE(lab.now, asked + starts.low);
  EXPECT_LE(lab.now, asked + starts.high);
}

// Work that ends before the kept board is needed may have it meanwhile.
TEST_F(Estimate, LetsShortWorkPassAJobWithSeveralRoles) {
  for (int i = 0; i < 10; ++i) {
    Saved more;
    more.took.emplace_back("short", 5s);
    lab.core.load(more, lab.now);
  }
  lab.submit_one();  // about a minute on v1
  lab.accept("r1.1.1");
  lab.submit({{need("left"), need("right")}});
  lab.decisions();
  lab.work = "short";
  lab.submit_one();
  EXPECT_EQ(lab.decisions(), (std::vector<std::string>{"assign r3.1.1 v2@1 to lab-a"}));
  // Not when it would keep the others waiting.
  lab.accept("r3.1.1");
  lab.pass(5s);
  lab.renew("lab-a", {"r1.1.1", "r3.1.1"});
  lab.end("r3.1.1", Outcome::passed);
  lab.decisions();
  lab.work = "ota";
  lab.submit_one();
  EXPECT_TRUE(lab.decisions().empty());
  lab.end("r1.1.1", Outcome::passed);
  EXPECT_EQ(lab.decisions().front(), "assign r2.1.1 v1@2 v2@2 to lab-a");
}

}  // namespace
}  // namespace assay::scheduler
