#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <thread>

#include "faulty_store.hpp"
#include "link.hpp"

namespace assay::dispatch {
namespace {

using namespace std::chrono_literals;
using Fault = FaultyStore::Fault;

struct Dispatch : testing::Test {
  FaultyStore store;
  std::shared_ptr<Link> link = std::make_shared<Link>();
  std::unique_ptr<Dispatcher> assayd = start();

  std::unique_ptr<Dispatcher> start(LeaseTimes times = {}) {
    return Dispatcher::start(store, times).value();
  }
  void restart(LeaseTimes times = {}) {
    assayd.reset();
    assayd = start(times);
    link = std::make_shared<Link>();
  }
  Result<> connect(int boards = 1, const std::string& incarnation = "i1",
                   std::vector<std::string> attempts = {}) {
    return assayd->agent_connected(agent("lab", incarnation, boards, std::move(attempts)), link);
  }
  store::RunRow row(std::int64_t number) { return store.run(number).value().value(); }
};

TEST_F(Dispatch, StoresARunThenAssignsThenEndsIt) {
  ASSERT_TRUE(connect());
  ASSERT_EQ(assayd->submit(a_run()).value(), "r1");
  EXPECT_EQ(link->next(), "assign r1.1.1 lab-1@1 SPEC");
  EXPECT_TRUE(assayd->accepts_events("r1.1.1"));
  EXPECT_EQ(row(1).state, "running");
  EXPECT_EQ(row(1).plan, "ota-revert");
  EXPECT_GT(row(1).started, 0);
  const auto attempt = store.attempts(1).value().at(0);
  EXPECT_EQ(attempt.leases_json, R"([{"role":"dut","board":"lab-1","epoch":1}])");
  EXPECT_EQ(attempt.state, "assigned");
  const auto job = store.jobs(1).value().at(0);
  EXPECT_EQ(job.params_json, R"({"boots":"3"})");
  EXPECT_EQ(store.job_spec(1, 1).value(), "SPEC");
  assayd->assignment_answered("r1.1.1", true, "");
  EXPECT_THAT(assayd->renewed("lab", {"r1.1.1", "r7.1.1", "x"}),
              testing::ElementsAre("r7.1.1", "x"));
  ASSERT_TRUE(assayd->attempt_ended("r1.1.1", Outcome::passed, "", false));
  EXPECT_EQ(row(1).state, "ended");
  EXPECT_EQ(row(1).verdict, "passed");
  EXPECT_GE(row(1).ended, row(1).started);
  EXPECT_FALSE(assayd->accepts_events("r1.1.1"));
  EXPECT_TRUE(assayd->attempt_ended("r1.1.1", Outcome::failed, "again", false));
  EXPECT_EQ(row(1).verdict, "passed");
}

TEST_F(Dispatch, SubmitAndAssignmentShareOneCommit) {
  ASSERT_TRUE(connect());
  const int before = store.commits();
  ASSERT_TRUE(assayd->submit(a_run()));
  EXPECT_EQ(link->next(), "assign r1.1.1 lab-1@1 SPEC");
  EXPECT_EQ(store.commits(), before + 1);
}

TEST_F(Dispatch, RequestsThatWaitTogetherShareOneCommit) {
  std::vector<std::jthread> clients;
  store.hold(true);
  clients.emplace_back([&] { EXPECT_TRUE(assayd->submit(a_run("first"))); });
  for (int i = 0; i < 20; ++i) {
    clients.emplace_back([&, i] { EXPECT_TRUE(assayd->submit(a_run(fmt::format("more-{}", i)))); });
  }
  std::this_thread::sleep_for(200ms);
  store.hold(false);
  clients.clear();
  EXPECT_EQ(store.open_work().value().runs.size(), 21U);
  EXPECT_LT(store.commits(), 21);
}

TEST_F(Dispatch, OneRequestIdIsOneRun) {
  const auto first = assayd->submit(a_run("ci-5")).value();
  EXPECT_EQ(assayd->submit(a_run("ci-5")).value(), first);
  restart();
  EXPECT_EQ(assayd->submit(a_run("ci-5")).value(), first);
  EXPECT_EQ(assayd->submit(a_run("ci-6")).value(), "r2");
  EXPECT_EQ(store.open_work().value().runs.size(), 2U);
}

TEST_F(Dispatch, RefusesWhatIsNotARun) {
  EXPECT_EQ(assayd->submit(a_run("", 0)).error().text, "the run has no jobs");
  EXPECT_EQ(assayd->submit(a_run("", 1001)).error().text,
            "the run has 1001 jobs; at most 1000 are possible: split it");
  EXPECT_EQ(assayd->cancel_run("r9", "x").error().text, "no run 'r9'");
  EXPECT_EQ(assayd->cancel_run("nine", "x").error().text, "no run 'nine'; runs are named like r17");
  EXPECT_EQ(assayd->attempt_ended("r1", Outcome::passed, "", false).error().cause,
            Cause::not_found);
}

TEST_F(Dispatch, CancelsAndSaysWhenItIsTooLate) {
  ASSERT_TRUE(connect());
  ASSERT_TRUE(assayd->submit(a_run()));
  link->next();
  ASSERT_TRUE(assayd->cancel_run("r1", "by ann"));
  EXPECT_EQ(link->next(), "cancel r1.1.1: by ann");
  EXPECT_EQ(row(1).cancelling, "by ann");
  ASSERT_TRUE(assayd->attempt_ended("r1.1.1", Outcome::cancelled, "by ann", false));
  const auto late = assayd->cancel_run("r1", "by ben");
  EXPECT_EQ(late.error().cause, Cause::refused);
  EXPECT_EQ(late.error().text, "r1 has already ended: cancelled");
}

TEST_F(Dispatch, ANewerConnectionReplacesTheOld) {
  ASSERT_TRUE(connect());
  const auto newer = std::make_shared<Link>();
  ASSERT_TRUE(assayd->agent_connected(agent("lab", "i1", 1), newer));
  EXPECT_EQ(link->next(), "close: another connection of this agent took over");
  assayd->agent_disconnected("lab", link.get());  // the old one's end is no news
  ASSERT_TRUE(assayd->submit(a_run()));
  EXPECT_EQ(newer->next(), "assign r1.1.1 lab-1@1 SPEC");
  assayd.reset();
  EXPECT_EQ(newer->next(), "close: assayd stops");
}

TEST_F(Dispatch, TimeEndsALeaseWithoutAnyRequest) {
  restart({300ms, 50ms});
  ASSERT_TRUE(connect());
  ASSERT_TRUE(assayd->submit(a_run()));
  link->next();
  assayd->assignment_answered("r1.1.1", true, "");
  assayd->agent_disconnected("lab", link.get());
  const auto other = std::make_shared<Link>();
  ASSERT_TRUE(assayd->agent_connected(agent("other", "i1", 1), other));
  std::jthread renewals([&](std::stop_token stop) {
    while (!stop.stop_requested()) {
      assayd->renewed("other", {});
      std::this_thread::sleep_for(20ms);
    }
  });
  EXPECT_EQ(other->next(), "assign r1.1.2 other-1@1 SPEC");
  EXPECT_FALSE(assayd->accepts_events("r1.1.1"));
}

TEST_F(Dispatch, ARestartKeepsRunningAttempts) {
  ASSERT_TRUE(connect());
  ASSERT_TRUE(assayd->submit(a_run()));
  link->next();
  assayd->assignment_answered("r1.1.1", true, "");
  restart();
  EXPECT_TRUE(assayd->accepts_events("r1.1.1"));
  ASSERT_TRUE(connect(1, "i1", {"r1.1.1"}));
  EXPECT_EQ(assayd->boards().at(0).holder, "r1.1.1");
  EXPECT_EQ(assayd->agents().at(0).attempts, (std::vector<std::string>{"r1.1.1"}));
  ASSERT_TRUE(assayd->attempt_ended("r1.1.1", Outcome::failed, "no reply", false));
  EXPECT_EQ(row(1).sentence, "no reply");
  EXPECT_EQ(link->count(), 0U);
}

TEST_F(Dispatch, AFullDiskRefusesAndLosesNothing) {
  ASSERT_TRUE(connect());
  ASSERT_TRUE(assayd->submit(a_run("kept")));
  EXPECT_EQ(link->next(), "assign r1.1.1 lab-1@1 SPEC");
  assayd->assignment_answered("r1.1.1", true, "");
  assayd->renewed("lab", {"r1.1.1"});
  ASSERT_TRUE(assayd->submit(a_run("waiting")));

  store.fail_next(Fault::full);
  const auto refused = assayd->submit(a_run("refused"));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().cause, Cause::exhausted);
  EXPECT_EQ(refused.error().text, "/state/assay.db: the disk is full");
  EXPECT_TRUE(assayd->accepts_events("r1.1.1"));

  store.fail_next(Fault::full);
  EXPECT_FALSE(assayd->attempt_ended("r1.1.1", Outcome::passed, "", false));
  EXPECT_EQ(row(1).state, "running");
  EXPECT_TRUE(assayd->accepts_events("r1.1.1")) << "the agent still has to tell its end";
  EXPECT_EQ(link->count(), 1U) << "nothing undecided was sent";

  ASSERT_TRUE(assayd->attempt_ended("r1.1.1", Outcome::passed, "", false));
  EXPECT_EQ(row(1).verdict, "passed");
  EXPECT_EQ(link->next(), "assign r2.1.1 lab-1@3 SPEC") << "epoch 2 was thought of and given up";
  EXPECT_EQ(assayd->submit(a_run("refused")).value(), "r3");
  EXPECT_EQ(store.open_work().value().runs.size(), 2U);
}

TEST_F(Dispatch, ACommitWhoseAnswerIsLostIsNotDoneTwice) {
  ASSERT_TRUE(connect());
  store.fail_next(Fault::lost_answer);
  EXPECT_EQ(assayd->submit(a_run("once")).error().cause, Cause::io);
  // It is on disk with its attempt, whose assignment was never sent.
  EXPECT_EQ(assayd->submit(a_run("once")).value(), "r1");
  EXPECT_EQ(store.open_work().value().runs.size(), 1U);
  EXPECT_EQ(link->count(), 0U);
  // The agent does not list it: settled, and assigned anew.
  assayd->agent_disconnected("lab", link.get());
  ASSERT_TRUE(connect());
  EXPECT_EQ(link->next(), "assign r1.1.2 lab-1@2 SPEC");
}

TEST_F(Dispatch, AHelloThatCannotBeStoredIsRefused) {
  store.fail_next(Fault::full);
  EXPECT_FALSE(connect());
  EXPECT_TRUE(connect(1, "i2"));
  ASSERT_TRUE(assayd->submit(a_run()));
  EXPECT_EQ(link->next(), "assign r1.1.1 lab-1@1 SPEC");
}

TEST_F(Dispatch, AStoreThatCannotBeReadStopsAcceptanceUntilItCan) {
  ASSERT_TRUE(connect());
  store.fail_reads(true);
  store.fail_next(Fault::full);
  EXPECT_EQ(assayd->submit(a_run("a")).error().cause, Cause::exhausted);
  EXPECT_EQ(assayd->submit(a_run("b")).error().text, "/state/assay.db: cannot be read");
  store.fail_reads(false);
  EXPECT_EQ(assayd->submit(a_run("c")).value(), "r1");
  EXPECT_EQ(store.run_by_request("c").value()->number, 1);
  EXPECT_EQ(link->next(), "assign r1.1.1 lab-1@2 SPEC");
}

TEST_F(Dispatch, TellsWhichRunsChanged) {
  std::mutex mutex;
  std::condition_variable told;
  std::vector<std::string> changed;
  assayd->on_run_changed([&](const std::string& run) {
    const std::lock_guard lock(mutex);
    changed.push_back(run);
    told.notify_all();
  });
  ASSERT_TRUE(assayd->submit(a_run()));
  ASSERT_TRUE(connect());
  std::unique_lock lock(mutex);
  EXPECT_TRUE(told.wait_for(lock, 10s, [&] { return changed.size() >= 2; }));
  EXPECT_THAT(changed, testing::Each("r1"));
}

TEST_F(Dispatch, ManyThreadsAtOnceEndEveryRunOnce) {
  constexpr int agents = 3, clients = 4, runs = 25;
  std::vector<std::shared_ptr<Link>> links;
  for (int a = 0; a < agents; ++a) {
    links.push_back(std::make_shared<Link>());
    ASSERT_TRUE(assayd->agent_connected(agent(fmt::format("lab{}", a), "i", 2), links.back()));
  }
  std::vector<std::jthread> threads;
  std::atomic<int> ended = 0;
  for (int a = 0; a < agents; ++a) {
    threads.emplace_back([&, a] {
      while (ended < clients * runs) {
        const std::string words = links[static_cast<std::size_t>(a)]->next(50ms);
        if (!words.starts_with("assign ")) continue;
        const std::string attempt = words.substr(7, words.find(' ', 7) - 7);
        assayd->assignment_answered(attempt, true, "");
        assayd->renewed(fmt::format("lab{}", a), {attempt});
        EXPECT_TRUE(assayd->accepts_events(attempt));
        EXPECT_TRUE(assayd->attempt_ended(attempt, Outcome::passed, "", false));
        ++ended;
      }
    });
  }
  for (int c = 0; c < clients; ++c) {
    threads.emplace_back([&] {
      for (int i = 0; i < runs; ++i) {
        const auto run = assayd->submit(a_run());
        ASSERT_TRUE(run);
        assayd->why(*run);
        assayd->boards();
      }
    });
  }
  threads.clear();
  EXPECT_TRUE(store.open_work().value().runs.empty());
  EXPECT_EQ(store.runs({.status = "passed", .limit = 1000}).value().rows.size(),
            std::size_t{clients * runs});
}

}  // namespace
}  // namespace assay::dispatch
