// Runs that are larger than any message: they come in parts.
#include <gmock/gmock.h>
#include <google/protobuf/util/message_differencer.h>

#include <thread>

#include "api/records.hpp"
#include "fixture.hpp"
#include "wire/limits.hpp"

namespace assay::api::test {

using google::protobuf::util::MessageDifferencer;

namespace {

const std::string life(32, 'a');
constexpr std::uint32_t steps = 3000;
// So long that the run does not fit into a message.
const std::string sentence(1000, 's');

// Steps from `first` on, their first event with the given number.
std::vector<evidence::Event> some_steps(std::uint32_t first, std::uint32_t count,
                                        std::uint64_t seq) {
  std::vector<evidence::Event> events;
  for (std::uint32_t i = first; i < first + count; ++i) {
    events.push_back({seq++, {}, "dut", "vz-1", evidence::StepStarted{i, "", "a step", ""}});
    events.push_back({seq++,
                      {},
                      "dut",
                      "vz-1",
                      evidence::StepEnded{i, evidence::StepState::passed, sentence, {}, 0, 0}});
  }
  return events;
}

}  // namespace

class LargeRunTest : public ServerTest {
 protected:
  // Plays the agent until the attempt has passed.
  void pass(const std::string& attempt) {
    FakeUplink uplink(*agents_, attempt);
    uplink.send({{1, {}, "", "", evidence::AttemptStarted{1, "lab-a", {{"qemu", "7.2"}}}}});
    std::uint64_t last = 1;
    for (std::uint32_t step = 0; step < steps; step += 250) {
      const auto events = some_steps(step, 250, last + 1);
      last = events.back().seq;
      uplink.send(events);
      ASSERT_TRUE(uplink.reaches(last));
    }
    uplink.send(
        {{++last,
          {},
          "",
          "",
          evidence::AttemptEnded{evidence::Verdict::passed, "all steps passed", -1, false}}});
    EXPECT_TRUE(uplink.reaches(last));
    EXPECT_TRUE(uplink.finish().ok());
  }
};

TEST_F(LargeRunTest, IsSeenWholeAndOnlyWhatChangesIsSentAgain) {
  FakeAgent agent(*agents_, life);
  ASSERT_TRUE(agent.greet());
  auto what = request();
  what.set_repeat(2);
  v1::Run submitted;
  ASSERT_TRUE(submit(what, &submitted).ok());
  EXPECT_EQ(submitted.jobs_size(), 0);

  v1::Run watched;
  std::size_t sent_steps = 0, largest = 0;
  bool more = true;
  std::jthread watcher([&] {
    Context context;
    v1::WatchRunRequest watch;
    watch.set_id("r1");
    const auto stream = client_->WatchRun(&context, watch);
    v1::WatchRunResponse response;
    while (stream->Read(&response)) {
      largest = std::max(largest, response.ByteSizeLong());
      auto* part = response.mutable_part();
      more = part->more();
      for (const auto& job : part->run().jobs())
        for (const auto& attempt : job.attempts())
          sent_steps += static_cast<std::size_t>(attempt.steps_size());
      wire::merge(watched, std::move(*part->mutable_run()));
    }
    EXPECT_TRUE(stream->Finish().ok());
  });
  for (const char* attempt : {"r1.1.1", "r1.2.1"}) {
    ASSERT_EQ(agent.assignment().attempt(), attempt);
    agent.accept(attempt);
    pass(attempt);
  }
  watcher.join();
  EXPECT_FALSE(more);

  const v1::Run run = get("r1");
  EXPECT_EQ(run.verdict(), v1::VERDICT_PASSED);
  EXPECT_GT(run.ByteSizeLong(), wire::max_message);
  ASSERT_EQ(run.jobs_size(), 2);
  for (const auto& job : run.jobs()) {
    ASSERT_EQ(job.attempts_size(), 1);
    EXPECT_EQ(job.attempts(0).environment().at("qemu"), "7.2");
    EXPECT_EQ(job.attempts(0).events(), 2 + 2 * steps);
    ASSERT_EQ(job.attempts(0).steps_size(), static_cast<int>(steps));
    for (std::uint32_t i = 0; i < steps; ++i) {
      const auto& step = job.attempts(0).steps(static_cast<int>(i));
      ASSERT_EQ(step.index(), i);
      ASSERT_EQ(step.state(), v1::STEP_STATE_PASSED);
    }
  }
  std::string difference;
  MessageDifferencer differencer;
  differencer.ReportDifferencesToString(&difference);
  EXPECT_TRUE(differencer.Compare(run, watched)) << difference.substr(0, 2000);
  EXPECT_LT(largest, 2 * wire::max_part);
  // Each step changes twice: it begins and it ends.
  EXPECT_GE(sent_steps, 2 * steps);
  EXPECT_LE(sent_steps, 2 * 2 * steps);
}

TEST_F(LargeRunTest, AStepThatDidNotEndIsToldAgainWhenItsAttemptHasEnded) {
  auto agent = std::make_unique<FakeAgent>(*agents_, life);
  ASSERT_TRUE(agent->greet());
  ASSERT_EQ(submit().id(), "r1");
  const auto attempt = agent->assignment().attempt();
  agent->accept(attempt);
  FakeUplink uplink(*agents_, attempt);
  uplink.send({{1, {}, "", "", evidence::AttemptStarted{1, "lab-a", {}}},
               {2, {}, "dut", "vz-1", evidence::StepStarted{0, "", "a step", ""}}});
  ASSERT_TRUE(uplink.reaches(2));
  Context context;
  v1::WatchRunRequest watch;
  watch.set_id("r1");
  const auto stream = client_->WatchRun(&context, watch);
  v1::WatchRunResponse response;
  v1::Run watched;
  const auto state_of_step = [&] {
    while (stream->Read(&response)) {
      const bool says = response.part().run().jobs_size() > 0 &&
                        response.part().run().jobs(0).attempts_size() > 0 &&
                        response.part().run().jobs(0).attempts(0).steps_size() > 0;
      wire::merge(watched, std::move(*response.mutable_part()->mutable_run()));
      if (says) return watched.jobs(0).attempts(0).steps(0).state();
    }
    return v1::STEP_STATE_UNSPECIFIED;
  };
  EXPECT_EQ(state_of_step(), v1::STEP_STATE_RUNNING);
  // The agent comes back and does not know the attempt: it is lost.
  agent = std::make_unique<FakeAgent>(*agents_, life);
  ASSERT_TRUE(agent->greet());
  EXPECT_EQ(state_of_step(), v1::STEP_STATE_LAB_ERROR);
  EXPECT_EQ(watched.jobs(0).attempts(0).steps(0).sentence(),
            "the attempt ended before this step did");
}

TEST(Records, KeepWhatFitsIntoTheBudget) {
  const TempFolder folder = *TempFolder::make("assay-records");
  const auto segments = *segments::Segments::open(folder.path());
  for (int i = 1; i <= 8; ++i)
    ASSERT_TRUE(segments->append(fmt::format("r1.{}.1", i), some_steps(0, 100, 1)));
  constexpr std::size_t budget = 500'000;  // each takes 100,000 and more
  Records records(*segments, budget);
  const auto read = [&](int i) {
    std::size_t seen = 0;
    const auto done = records.read(fmt::format("r1.{}.1", i),
                                   [&](const auto& record) { seen = record.steps().size(); });
    EXPECT_TRUE(done);
    return seen;
  };
  for (int round = 0; round < 2; ++round) {
    for (int i = 1; i <= 8; ++i) {
      EXPECT_EQ(read(i), 100U);
      EXPECT_GT(records.kept(), 100'000U);
      EXPECT_LE(records.kept(), budget);
    }
  }
  Records small(*segments, 10);  // the latest is kept in any case
  ASSERT_TRUE(small.read("r1.1.1", [](const auto&) {}));
  const std::size_t one = small.kept();
  ASSERT_TRUE(small.read("r1.2.1", [](const auto&) {}));
  EXPECT_EQ(small.kept(), one);
}

}  // namespace assay::api::test
