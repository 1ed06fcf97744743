// A run from submission to verdict, over real gRPC, with streams that break.
#include <gmock/gmock.h>

#include <future>
#include <thread>

#include "fixture.hpp"

namespace assay::api::test {

using testing::ElementsAre;

namespace {
const std::string first_life(32, 'a'), second_life(32, 'b');
}

class RunTest : public ServerTest {
 protected:
  // Up to the assignment's acceptance.
  std::string begin() {
    agent_ = std::make_unique<FakeAgent>(*agents_, first_life);
    EXPECT_TRUE(agent_->greet());
    run_ = submit().id();
    const auto assignment = agent_->assignment();
    agent_->accept(assignment.attempt());
    return assignment.attempt();
  }
  std::unique_ptr<FakeAgent> agent_;
  std::string run_;
};

TEST_F(RunTest, IsAssignedJudgedAndShownWithItsSteps) {
  FakeAgent agent(*agents_, first_life);
  ASSERT_TRUE(agent.greet());
  const v1::Run queued = submit();
  EXPECT_EQ(queued.id(), "r1");
  EXPECT_EQ(queued.plan(), "tiny");
  const auto assignment = agent.assignment();
  EXPECT_EQ(assignment.attempt(), "r1.1.1");
  ASSERT_EQ(assignment.leases_size(), 1);
  EXPECT_EQ(assignment.leases(0).board(), "vz-1");
  EXPECT_GT(assignment.leases(0).epoch(), 0U);
  EXPECT_EQ(assignment.spec().steps_size(), 3);
  agent.accept("r1.1.1");

  FakeUplink uplink(*agents_, "r1.1.1");
  EXPECT_EQ(uplink.acknowledged(), 0U);
  const auto events = failed_attempt();
  uplink.send(events);
  EXPECT_TRUE(uplink.reaches(events.size()));
  EXPECT_TRUE(uplink.finish().ok());

  const v1::Run run = get("r1");
  EXPECT_EQ(run.state(), v1::RUN_STATE_ENDED);
  EXPECT_EQ(run.verdict(), v1::VERDICT_FAILED);
  ASSERT_EQ(run.jobs_size(), 1);
  ASSERT_EQ(run.jobs(0).attempts_size(), 1);
  const auto& attempt = run.jobs(0).attempts(0);
  EXPECT_EQ(attempt.agent(), "lab-a");
  EXPECT_EQ(attempt.boards().at("dut"), "vz-1");
  EXPECT_EQ(attempt.environment().at("qemu"), "7.2");
  EXPECT_EQ(attempt.events(), events.size());
  ASSERT_EQ(attempt.steps_size(), 2);
  EXPECT_EQ(attempt.steps(0).state(), v1::STEP_STATE_PASSED);
  EXPECT_EQ(attempt.steps(0).progress_done(), 8U);
  const auto& step = attempt.steps(1);
  EXPECT_EQ(step.id(), "ready");
  EXPECT_EQ(step.place(), "tiny.yaml:9:5");
  EXPECT_EQ(step.state(), v1::STEP_STATE_FAILED);
  EXPECT_EQ(step.sentence(), "app.ready was not seen");
  EXPECT_THAT(step.console(), ElementsAre("*** Booting ***", "E: bad magic"));
  ASSERT_EQ(step.findings_size(), 1);
  EXPECT_EQ(step.findings(0).says(), v1::Finding::SAYS_DISAGREES);
}

TEST_F(RunTest, EventsGoOnWhereTheLastStreamEnded) {
  const std::string attempt = begin();
  const auto events = failed_attempt();
  {
    FakeUplink uplink(*agents_, attempt);
    uplink.send({events.begin(), events.begin() + 3});
    EXPECT_TRUE(uplink.reaches(3));
  }
  FakeUplink uplink(*agents_, attempt);
  EXPECT_EQ(uplink.acknowledged(), 3U);
  uplink.send(events);  // all of them once more: three are there
  EXPECT_TRUE(uplink.reaches(events.size()));
  // The acknowledgement was lost: the agent asks again, and is not told to start over.
  FakeUplink again(*agents_, attempt);
  EXPECT_EQ(again.acknowledged(), events.size());
  again.send(events);
  EXPECT_EQ(again.acknowledged(), events.size());
  EXPECT_TRUE(again.finish().ok());
  EXPECT_EQ(get(run_).jobs(0).attempts_size(), 1);
  EXPECT_EQ(get(run_).verdict(), v1::VERDICT_FAILED);
}

TEST_F(RunTest, AGapIsRefused) {
  const std::string attempt = begin();
  const auto events = failed_attempt();
  FakeUplink uplink(*agents_, attempt);
  EXPECT_EQ(uplink.acknowledged(), 0U);
  uplink.send({events[0], events[2]});
  EXPECT_EQ(uplink.acknowledged(), std::nullopt);
  const auto status = uplink.finish();
  EXPECT_EQ(status.error_code(), grpc::INVALID_ARGUMENT);
  EXPECT_EQ(status.error_message(), "event 3 follows event 1: what is between is missing");
}

TEST_F(RunTest, EventsOfNoAttemptAreNotFound) {
  FakeUplink uplink(*agents_, "r9.1.1");
  const auto status = uplink.finish();
  EXPECT_EQ(status.error_code(), grpc::NOT_FOUND);
  EXPECT_EQ(status.error_message(),
            "attempt 'r9.1.1' does not run here: it was ended, or never begun; drop its events");
}

TEST_F(RunTest, OnlyTheAgentThatHasTheAttemptAnswersForIt) {
  const std::string attempt = begin();
  const auto events = failed_attempt();
  const auto told_by_another = [&] {
    FakeUplink uplink(*agents_, attempt, "lab-b");
    uplink.send(events);
    return uplink.finish();
  };
  auto status = told_by_another();
  EXPECT_EQ(status.error_code(), grpc::FAILED_PRECONDITION);
  EXPECT_EQ(status.error_message(), "attempt 'r1.1.1' was given to agent 'lab-a', not to 'lab-b'");
  EXPECT_EQ(segments_->stored(attempt)->last, 0U);

  FakeAgent other(*agents_, second_life);
  other.hello().set_name("lab-b");
  other.hello().mutable_boards(0)->set_id("vz-2");
  ASSERT_TRUE(other.greet());
  v1::ControlRequest refusal;
  refusal.mutable_assignment()->set_attempt(attempt);
  refusal.mutable_assignment()->set_reason("no such board");
  other.write(refusal);
  EXPECT_FALSE(other.read().has_renewal());
  status = other.status();
  EXPECT_EQ(status.error_code(), grpc::FAILED_PRECONDITION);
  EXPECT_EQ(status.error_message(), "attempt 'r1.1.1' was given to agent 'lab-a', not to 'lab-b'");

  FakeUplink uplink(*agents_, attempt);
  uplink.send(events);
  EXPECT_TRUE(uplink.reaches(events.size()));
  EXPECT_TRUE(uplink.finish().ok());
  EXPECT_EQ(get(run_).jobs(0).attempts_size(), 1);
  EXPECT_EQ(told_by_another().error_code(), grpc::FAILED_PRECONDITION);  // nor when it has ended
}

TEST_F(RunTest, ASecondServerOnThePortSaysSoInOneSentence) {
  testing::internal::CaptureStderr();
  const auto other =
      Server::start(server_->endpoint(), {*store_, *dispatcher_, *segments_, *artifacts_}, "0.1.0");
  const std::string written = testing::internal::GetCapturedStderr();
  ASSERT_FALSE(other);
  EXPECT_EQ(other.error().text,
            "cannot listen on " + server_->endpoint().text() +
                ": Address already in use; is another assayd running? --listen takes another port");
  EXPECT_EQ(written, "");
}

TEST_F(RunTest, SurvivesAssaydBetweenTheEndAndItsCount) {
  const std::string attempt = begin();
  agent_->drop();
  // Stored, but the dispatcher was never told: as after a kill in between.
  const auto events = failed_attempt();
  ASSERT_TRUE(segments_->append(attempt, events));
  stop();
  start();
  const v1::Run run = get(run_);
  EXPECT_EQ(run.state(), v1::RUN_STATE_ENDED);
  EXPECT_EQ(run.verdict(), v1::VERDICT_FAILED);
  EXPECT_EQ(run.jobs(0).attempts_size(), 1);
}

TEST_F(RunTest, GoesOnAfterAssaydWasRestarted) {
  const std::string attempt = begin();
  const auto events = failed_attempt();
  {
    FakeUplink uplink(*agents_, attempt);
    uplink.send({events.begin(), events.begin() + 4});
    EXPECT_TRUE(uplink.reaches(4));
  }
  agent_->drop();
  stop();
  start();
  agent_ = std::make_unique<FakeAgent>(*agents_, first_life);
  agent_->hello().add_attempts(attempt);
  ASSERT_TRUE(agent_->greet());
  FakeUplink uplink(*agents_, attempt);
  EXPECT_EQ(uplink.acknowledged(), 4U);
  uplink.send({events.begin() + 4, events.end()});
  EXPECT_TRUE(uplink.reaches(events.size()));
  EXPECT_EQ(get(run_).verdict(), v1::VERDICT_FAILED);
  EXPECT_EQ(get(run_).jobs(0).attempts_size(), 1);
}

TEST_F(RunTest, WatchersSeeEventsInOrderAndTheVerdictLast) {
  const std::string attempt = begin();
  std::vector<std::uint64_t> seen;
  std::vector<v1::RunState> states;
  std::promise<void> looking;
  std::jthread watcher([&] {
    Context context;
    v1::WatchRunRequest what;
    what.set_id(run_);
    what.set_events(true);
    const auto stream = client_->WatchRun(&context, what);
    v1::WatchRunResponse response;
    while (stream->Read(&response)) {
      if (response.has_part()) {
        if (states.empty()) looking.set_value();
        states.push_back(response.part().run().state());
      }
      if (response.has_event()) seen.push_back(response.event().event().seq());
    }
    EXPECT_TRUE(stream->Finish().ok());
  });
  ASSERT_EQ(looking.get_future().wait_for(std::chrono::seconds(20)), std::future_status::ready);
  FakeUplink uplink(*agents_, attempt);
  for (const auto& event : failed_attempt()) {
    uplink.send({event});
    EXPECT_TRUE(uplink.reaches(event.seq));
  }
  watcher.join();
  EXPECT_THAT(seen, ElementsAre(1, 2, 3, 4, 5, 6, 7, 8));
  ASSERT_GE(states.size(), 2U);
  EXPECT_EQ(states.back(), v1::RUN_STATE_ENDED);
  EXPECT_EQ(std::count(states.begin(), states.end(), v1::RUN_STATE_ENDED), 1);
}

TEST_F(RunTest, FollowersReadUntilTheEnd) {
  const std::string attempt = begin();
  std::vector<std::uint64_t> seen;
  std::jthread follower([&] {
    Context context;
    v1::ReadEventsRequest what;
    what.set_attempt(attempt);
    what.set_after(2);
    what.set_follow(true);
    const auto stream = client_->ReadEvents(&context, what);
    v1::ReadEventsResponse response;
    while (stream->Read(&response)) {
      for (const auto& event : response.events()) seen.push_back(event.seq());
    }
    EXPECT_TRUE(stream->Finish().ok());
  });
  FakeUplink uplink(*agents_, attempt);
  for (const auto& event : failed_attempt()) uplink.send({event});
  EXPECT_TRUE(uplink.reaches(8));
  follower.join();
  EXPECT_THAT(seen, ElementsAre(3, 4, 5, 6, 7, 8));
}

TEST_F(RunTest, IsCancelledOnTheAgent) {
  const std::string attempt = begin();
  Context context;
  v1::CancelRunRequest what;
  what.set_id(run_);
  what.set_reason("not needed");
  v1::CancelRunResponse response;
  ASSERT_TRUE(client_->CancelRun(&context, what, &response).ok());
  const auto told = agent_->read();
  ASSERT_TRUE(told.has_cancel());
  EXPECT_EQ(told.cancel().attempt(), attempt);
}

TEST_F(RunTest, IsRepeatedByRetest) {
  const std::string attempt = begin();
  FakeUplink uplink(*agents_, attempt);
  uplink.send(failed_attempt());
  EXPECT_TRUE(uplink.reaches(8));
  Context context;
  v1::RetestRunRequest what;
  what.set_id(run_);
  v1::RetestRunResponse response;
  const auto status = client_->RetestRun(&context, what, &response);
  ASSERT_TRUE(status.ok()) << status.error_message();
  EXPECT_EQ(response.run().id(), "r2");
  EXPECT_EQ(get("r2").jobs(0).spec_digest(), get(run_).jobs(0).spec_digest());
  EXPECT_EQ(agent_->assignment().attempt(), "r2.1.1");
}

TEST_F(RunTest, AnAgentOfAnotherProtocolIsRefused) {
  FakeAgent agent(*agents_, first_life, 9);
  EXPECT_FALSE(agent.greet());
  const auto status = agent.status();
  EXPECT_EQ(status.error_code(), grpc::FAILED_PRECONDITION);
  EXPECT_EQ(status.error_message(),
            "agent 'lab-a' speaks protocol 9, this assayd speaks 1: install the assay-agent that "
            "belongs to assayd "
            "0.1.0");
}

TEST_F(RunTest, ASecondAgentOfTheNameIsRefused) {
  FakeAgent agent(*agents_, first_life);
  ASSERT_TRUE(agent.greet());
  FakeAgent other(*agents_, second_life);
  EXPECT_FALSE(other.greet());
  EXPECT_EQ(other.status().error_code(), grpc::ALREADY_EXISTS);
}

TEST_F(RunTest, ADroppedAgentIsBackAtOnce) {
  FakeAgent agent(*agents_, first_life);
  ASSERT_TRUE(agent.greet());
  agent.drop();
  FakeAgent again(*agents_, first_life);
  EXPECT_TRUE(again.greet());
  EXPECT_EQ(submit().id(), "r1");
  EXPECT_EQ(again.assignment().attempt(), "r1.1.1");
}

TEST_F(RunTest, RenewalsAreAnsweredWithWhatIsUnknown) {
  const std::string attempt = begin();
  v1::ControlRequest request;
  request.mutable_renewal()->set_number(7);
  request.mutable_renewal()->add_attempts(attempt);
  request.mutable_renewal()->add_attempts("r5.1.1");
  agent_->write(request);
  const auto answer = agent_->read();
  ASSERT_TRUE(answer.has_renewal());
  EXPECT_EQ(answer.renewal().number(), 7U);
  EXPECT_THAT(answer.renewal().unknown(), ElementsAre("r5.1.1"));
}

// Somebody looks at a board's console; its agent has not been asked for it yet.
class ConsoleTest : public RunTest {
 protected:
  void SetUp() override {
    RunTest::SetUp();
    agent_ = std::make_unique<FakeAgent>(*agents_, first_life);
    ASSERT_TRUE(agent_->greet());
    console_ = client_->Console(&context_);
    request_.set_board("vz-1");
    console_->Write(request_);
    ASSERT_TRUE(console_->Read(&response_));
  }

  Context context_;
  std::unique_ptr<grpc::ClientReaderWriter<v1::ConsoleRequest, v1::ConsoleResponse>> console_;
  v1::ConsoleRequest request_;
  v1::ConsoleResponse response_;
};

TEST_F(ConsoleTest, IsSplicedAndReadOnlyWithoutALease) {
  EXPECT_FALSE(response_.writable());
  const auto open = agent_->read();
  ASSERT_TRUE(open.has_open_channel());
  EXPECT_EQ(open.open_channel().board(), "vz-1");
  EXPECT_EQ(open.open_channel().epoch(), 0U);
  Context agents_context;
  const auto channel = agents_->Channel(&agents_context);
  v1::ChannelRequest bytes;
  bytes.set_channel(open.open_channel().channel());
  channel->Write(bytes);
  for (const char* text : {"uart:~$ ", "help\n"}) {
    bytes.set_data(text);
    channel->Write(bytes);
    ASSERT_TRUE(console_->Read(&response_));
    EXPECT_EQ(response_.data(), text);
  }
  request_.set_data("reboot\n");
  console_->Write(request_);
  EXPECT_FALSE(console_->Read(&response_));
  const auto status = console_->Finish();
  EXPECT_EQ(status.error_code(), grpc::FAILED_PRECONDITION);
  EXPECT_EQ(status.error_message(),
            "the console of board vz-1 is read only: lease the board first");
  v1::ChannelResponse none;
  EXPECT_FALSE(channel->Read(&none));
  EXPECT_TRUE(channel->Finish().ok());
}

// Up to the running step of the run that holds the board.
class ConsoleHoldTest : public RunTest {
 protected:
  using Console = grpc::ClientReaderWriter<v1::ConsoleRequest, v1::ConsoleResponse>;

  std::unique_ptr<Console> hold(Context& context) {
    agent_ = std::make_unique<FakeAgent>(*agents_, first_life);
    EXPECT_TRUE(agent_->greet());
    auto console = client_->Console(&context);
    v1::ConsoleRequest request;
    request.set_board("vz-1");
    request.set_hold(true);
    console->Write(request);
    const auto assignment = agent_->assignment();
    attempt_ = assignment.attempt();
    epoch_ = assignment.leases(0).epoch();
    agent_->accept(attempt_);
    FakeUplink uplink(*agents_, attempt_);
    const auto events = failed_attempt();
    uplink.send({events.begin(), events.begin() + 2});  // a step has begun
    EXPECT_TRUE(uplink.reaches(2));
    EXPECT_TRUE(uplink.finish().ok());
    v1::ConsoleResponse response;
    EXPECT_TRUE(console->Read(&response));
    EXPECT_TRUE(response.writable());
    EXPECT_EQ(response.run(), "r1");
    return console;
  }
  void expect_cancel(const std::string& reason) {
    const auto told = agent_->read();
    ASSERT_TRUE(told.has_cancel()) << told.DebugString();
    EXPECT_EQ(told.cancel().attempt(), attempt_);
    EXPECT_EQ(told.cancel().reason(), reason);
  }
  std::string attempt_;
  std::uint64_t epoch_ = 0;
};

TEST_F(ConsoleHoldTest, TheBoardIsHeldForAsLongAsTheStreamLasts) {
  Context context;
  const auto console = hold(context);
  const auto open = agent_->read();
  ASSERT_TRUE(open.has_open_channel());
  EXPECT_EQ(open.open_channel().epoch(), epoch_);
  context.TryCancel();  // as when the client is killed
  expect_cancel("the console was left");
  EXPECT_EQ(console->Finish().error_code(), grpc::CANCELLED);
}

TEST_F(ConsoleHoldTest, IsLeftWhileTheBoardIsNotHeldYet) {
  Context context;
  agent_ = std::make_unique<FakeAgent>(*agents_, first_life);
  ASSERT_TRUE(agent_->greet());
  const auto console = client_->Console(&context);
  v1::ConsoleRequest request;
  request.set_board("vz-1");
  request.set_hold(true);
  console->Write(request);
  attempt_ = agent_->assignment().attempt();
  context.TryCancel();
  expect_cancel("the console was left");
}

TEST_F(ConsoleHoldTest, TheEndOfTheInputIsToldWhenAllHasGoneToTheAgent) {
  Context context;
  const auto console = hold(context);
  v1::ConsoleRequest request;
  request.set_data("help\n");
  console->Write(request);
  console->WritesDone();
  const auto open = agent_->read();
  Context agents_context;
  const auto channel = agents_->Channel(&agents_context);
  v1::ChannelRequest bytes;
  bytes.set_channel(open.open_channel().channel());
  channel->Write(bytes);
  v1::ChannelResponse typed;
  ASSERT_TRUE(channel->Read(&typed));
  EXPECT_EQ(typed.data(), "help\n");
  v1::ConsoleResponse response;
  ASSERT_TRUE(console->Read(&response));
  EXPECT_TRUE(response.input_ended());
  bytes.set_data("no such command");
  channel->Write(bytes);
  ASSERT_TRUE(console->Read(&response));
  EXPECT_EQ(response.data(), "no such command");
  context.TryCancel();
  expect_cancel("the console was left");
}

TEST_F(ConsoleHoldTest, IsNotTakenOverByTheNextAssayd) {
  Context context;
  const auto console = hold(context);
  // As after a kill: the agent is away, and the run is still on disk.
  agent_->drop();
  Context other;
  auto kept = store_->run(1);
  ASSERT_TRUE(kept && *kept);
  stop();
  const std::string before = (*kept)->state;
  EXPECT_EQ(before, "running");
  start();
  agent_ = std::make_unique<FakeAgent>(*agents_, first_life);
  agent_->hello().add_attempts(attempt_);
  ASSERT_TRUE(agent_->greet());
  EXPECT_TRUE(agent_->read().has_cancel());
}

TEST_F(ConsoleHoldTest, ItsRunIsNotForOthersToMake) {
  FakeAgent agent(*agents_, first_life);
  ASSERT_TRUE(agent.greet());
  auto marked = request();
  marked.set_for_console(true);
  v1::Run run;
  const auto status = submit(marked, &run);
  EXPECT_EQ(status.error_code(), grpc::INVALID_ARGUMENT);
  EXPECT_EQ(status.error_message(), "for_console is assayd's own mark: open a Console with `hold`");
}

TEST_F(ConsoleTest, EndsWhenTheAgentGoesBeforeItIsOpen) {
  ASSERT_TRUE(agent_->read().has_open_channel());
  agent_->drop();
  EXPECT_FALSE(console_->Read(&response_));
  const auto status = console_->Finish();
  EXPECT_EQ(status.error_code(), grpc::FAILED_PRECONDITION);
  EXPECT_EQ(status.error_message(), "the board's agent went away");
}

TEST_F(RunTest, TheServerStopsBesideOpenStreams) {
  const std::string attempt = begin();
  FakeUplink uplink(*agents_, attempt);
  EXPECT_EQ(uplink.acknowledged(), 0U);
  Context context;
  v1::WatchRunRequest what;
  what.set_id(run_);
  const auto stream = client_->WatchRun(&context, what);
  v1::WatchRunResponse response;
  ASSERT_TRUE(stream->Read(&response));
  const auto before = BootTime::now();
  stop();
  EXPECT_LT(BootTime::now() - before, std::chrono::seconds(10));
  EXPECT_EQ(uplink.acknowledged(), std::nullopt);
}

}  // namespace assay::api::test
