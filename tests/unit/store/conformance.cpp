#include "conformance.hpp"

#include <thread>

namespace assay::store {

GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(StoreConformance);

RunRow a_run(std::int64_t number) {
  RunRow row;
  row.number = number;
  row.plan = "ota-revert";
  row.project = "sensor";
  row.rev = "abc";
  row.ref = "main";
  row.request_id = "req-" + std::to_string(number);
  row.priority = -3;
  row.request = std::string("\0\x01\xff bytes", 9);
  row.state = "queued";
  row.submitted = 1000 + number;
  return row;
}
JobRow a_job(std::int64_t run, std::int32_t index) {
  JobRow row;
  row.run = run;
  row.index = index;
  row.profile = "virtual-zephyr";
  row.params_json = R"({"boots":"3"})";
  row.needs_json = "[]";
  row.verbs_json = R"(["flash"])";
  row.spec = std::string("\0spec\xfe", 6);
  row.spec_digest = "d1";
  row.state = "queued";
  return row;
}
AttemptRow an_attempt(std::int64_t run, std::int32_t job, std::int32_t number) {
  AttemptRow row;
  row.run = run;
  row.job = job;
  row.number = number;
  row.agent = "lab-a";
  row.incarnation = "i1";
  row.leases_json = R"([{"board":"v1"}])";
  row.state = "assigned";
  row.started = 50;
  return row;
}
BoardRow a_board(const std::string& id) {
  return {id, "lab-a", "virtual-zephyr", R"({"abilities":["power"]})", "", "", 7};
}

static std::vector<std::int64_t> numbers(const Result<RunPage>& page) {
  std::vector<std::int64_t> all;
  for (const RunRow& row : page.value().rows) all.push_back(row.number);
  return all;
}
using Numbers = std::vector<std::int64_t>;

TEST_P(StoreConformance, GivesBackEveryColumn) {
  RunRow run = a_run(1);
  run.verdict = "failed";
  run.sentence = "it's \"broken\"";
  run.cancelling = "by ann";
  run.started = 2;
  run.ended = 3;
  ASSERT_TRUE(store().commit({{run}, {a_job(1, 1)}, {an_attempt(1, 1, 1)}, {}}));
  const RunRow got = store().run(1).value().value();
  EXPECT_EQ(std::tie(got.number, got.plan, got.project, got.rev, got.ref, got.request_id,
                     got.priority, got.request),
            std::tie(run.number, run.plan, run.project, run.rev, run.ref, run.request_id,
                     run.priority, run.request));
  EXPECT_EQ(std::tie(got.state, got.verdict, got.sentence, got.cancelling, got.submitted,
                     got.started, got.ended),
            std::tie(run.state, run.verdict, run.sentence, run.cancelling, run.submitted,
                     run.started, run.ended));
  const JobRow job = store().jobs(1).value().at(0), want = a_job(1, 1);
  EXPECT_EQ(
      std::tie(job.run, job.index, job.profile, job.params_json, job.needs_json, job.verbs_json),
      std::tie(want.run, want.index, want.profile, want.params_json, want.needs_json,
               want.verbs_json));
  EXPECT_EQ(job.spec, "") << "asked for apart";
  EXPECT_EQ(store().job_spec(1, 1).value(), want.spec);
  EXPECT_EQ(store().job_spec(1, 2).value(), "");
  EXPECT_EQ(store().job_spec(2, 1).value(), "");
  EXPECT_EQ(
      std::tie(job.spec_digest, job.state, job.verdict, job.sentence, job.attempts, job.lab_errors),
      std::tie(want.spec_digest, want.state, want.verdict, want.sentence, want.attempts,
               want.lab_errors));
  const AttemptRow attempt = store().attempts(1).value().at(0), wanted = an_attempt(1, 1, 1);
  EXPECT_EQ(std::tie(attempt.run, attempt.job, attempt.number, attempt.agent, attempt.incarnation,
                     attempt.leases_json),
            std::tie(wanted.run, wanted.job, wanted.number, wanted.agent, wanted.incarnation,
                     wanted.leases_json));
  EXPECT_EQ(
      std::tie(attempt.state, attempt.verdict, attempt.sentence, attempt.started, attempt.ended),
      std::tie(wanted.state, wanted.verdict, wanted.sentence, wanted.started, wanted.ended));
}

TEST_P(StoreConformance, UpdatesKeepWhatDoesNotChange) {
  ASSERT_TRUE(store().commit({{a_run(1)}, {a_job(1, 1)}, {an_attempt(1, 1, 1)}, {a_board("v1")}}));
  RunRow run;
  run.number = 1;
  run.state = "running";
  run.started = 77;
  JobRow job;
  job.run = job.index = 1;
  job.state = "running";
  job.attempts = 1;
  AttemptRow attempt;
  attempt.run = attempt.job = attempt.number = 1;
  attempt.state = "running";
  attempt.started = 99;
  ASSERT_TRUE(
      store().commit({{run}, {job}, {attempt}, {{"v1", "lab-b", "p2", "", "dust", "r1.1.1", 8}}}));
  run.started = 88;
  ASSERT_TRUE(store().commit({{run}, {}, {}, {}}));
  const OpenWork work = store().open_work().value();
  EXPECT_EQ(work.runs.at(0).plan, "ota-revert");
  EXPECT_EQ(work.runs.at(0).request, a_run(1).request);
  EXPECT_EQ(work.runs.at(0).state, "running");
  EXPECT_EQ(work.runs.at(0).submitted, 1001);
  EXPECT_EQ(work.runs.at(0).started, 77) << "the first one stays";
  EXPECT_EQ(work.jobs.at(0).spec, a_job(1, 1).spec);
  EXPECT_EQ(work.jobs.at(0).attempts, 1);
  EXPECT_EQ(work.attempts.at(0).agent, "lab-a");
  EXPECT_EQ(work.attempts.at(0).started, 50);
  const BoardRow board = work.boards.at(0);
  EXPECT_EQ(board.facts_json, a_board("v1").facts_json);
  EXPECT_EQ(std::tie(board.agent, board.profile, board.quarantine, board.fenced_by),
            std::make_tuple("lab-b", "p2", "dust", "r1.1.1"));
  EXPECT_EQ(board.epoch, 8U);
}

TEST_P(StoreConformance, OpenWorkIsWhatIsNotOver) {
  RunRow over = a_run(1);
  over.state = "ended";
  ASSERT_TRUE(store().commit({{over, a_run(2)},
                              {a_job(1, 1), a_job(2, 1), a_job(2, 2)},
                              {an_attempt(1, 1, 1), an_attempt(2, 2, 1)},
                              {a_board("v2"), a_board("v1")}}));
  const OpenWork work = store().open_work().value();
  ASSERT_EQ(work.runs.size(), 1U);
  EXPECT_EQ(work.runs[0].number, 2);
  EXPECT_EQ(work.jobs.size(), 2U);
  ASSERT_EQ(work.attempts.size(), 1U);
  EXPECT_EQ(work.attempts[0].job, 2);
  EXPECT_EQ(work.boards.size(), 2U);
  EXPECT_EQ(work.last_run, 2);
  RunRow two = a_run(2);
  two.state = "ended";
  ASSERT_TRUE(store().commit({{two}, {}, {}, {}}));
  EXPECT_TRUE(store().open_work().value().runs.empty());
  EXPECT_EQ(store().open_work().value().last_run, 2);
}

TEST_P(StoreConformance, AbsenceIsNotAFailure) {
  EXPECT_FALSE(store().run(5).value());
  EXPECT_FALSE(store().run_by_request("x").value());
  EXPECT_FALSE(store().run_by_request("").value());
  EXPECT_TRUE(store().jobs(5).value().empty());
  EXPECT_TRUE(store().attempts(5).value().empty());
  EXPECT_TRUE(store().runs({}).value().rows.empty());
  EXPECT_EQ(store().open_work().value().last_run, 0);
}

TEST_P(StoreConformance, FindsARunByItsRequest) {
  ASSERT_TRUE(store().commit({{a_run(1), a_run(2)}, {}, {}, {}}));
  EXPECT_EQ(store().run_by_request("req-2").value()->number, 2);
}

TEST_P(StoreConformance, RefusesOneRequestTwiceAndKeepsNothingOfTheBatch) {
  ASSERT_TRUE(store().commit({{a_run(1)}, {}, {}, {}}));
  RunRow twin = a_run(3);
  twin.request_id = "req-1";
  const auto refused = store().commit({{a_run(2), twin}, {}, {}, {a_board("v1")}});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().cause, Cause::internal);
  EXPECT_FALSE(store().run(2).value());
  EXPECT_TRUE(store().open_work().value().boards.empty());
  EXPECT_TRUE(store().commit({{a_run(2)}, {}, {}, {}}));
}

TEST_P(StoreConformance, ManyRunsMayHaveNoRequestId) {
  RunRow one = a_run(1), two = a_run(2);
  one.request_id = two.request_id = "";
  EXPECT_TRUE(store().commit({{one, two}, {}, {}, {}}));
}

TEST_P(StoreConformance, ListsNewestFirstByKeyAndFilter) {
  Batch batch;
  for (std::int64_t n = 1; n <= 9; ++n) {
    RunRow row = a_run(n);
    row.plan = n % 2 == 0 ? "even" : "odd";
    row.project = n % 3 == 0 ? "three" : "sensor";
    row.ref = n < 5 ? "old" : "main";
    if (n <= 2) row.state = "ended", row.verdict = "passed";
    if (n == 3) row.state = "ended", row.verdict = "lab-error";
    if (n == 4) row.state = "running";
    batch.runs.push_back(row);
  }
  ASSERT_TRUE(store().commit(batch));
  const auto list = [&](RunFilter filter) { return numbers(store().runs(filter)); };
  EXPECT_EQ(list({.limit = 3}), (Numbers{9, 8, 7}));
  EXPECT_EQ(list({.before = 7, .limit = 3}), (Numbers{6, 5, 4}));
  EXPECT_EQ(list({.plan = "even"}), (Numbers{8, 6, 4, 2}));
  EXPECT_EQ(list({.plan = "even", .project = "three"}), (Numbers{6}));
  EXPECT_EQ(list({.ref = "old", .before = 4}), (Numbers{3, 2, 1}));
  EXPECT_EQ(list({.status = "passed"}), (Numbers{2, 1}));
  EXPECT_EQ(list({.status = "lab-error"}), (Numbers{3}));
  EXPECT_EQ(list({.status = "running"}), (Numbers{4}));
  EXPECT_EQ(list({.status = "queued", .limit = 2}), (Numbers{9, 8}));
  EXPECT_TRUE(list({.plan = "x' OR 1"}).empty());
  EXPECT_TRUE(store().runs({.limit = 1}).value().rows.at(0).request.empty());
}

TEST_P(StoreConformance, KeepsWhatWasCommittedWhenOpenedAgain) {
  ASSERT_TRUE(store().commit({{a_run(1)}, {a_job(1, 1)}, {an_attempt(1, 1, 1)}, {a_board("v1")}}));
  const std::string identity = store().identity().value();
  EXPECT_FALSE(identity.empty());
  if (!under_test->reopen()) return;
  EXPECT_EQ(store().identity().value(), identity);
  const OpenWork work = store().open_work().value();
  EXPECT_EQ(work.runs.at(0).request, a_run(1).request);
  EXPECT_EQ(work.jobs.size() + work.attempts.size() + work.boards.size(), 3U);
}

TEST_P(StoreConformance, MayBeReadWhileItIsWritten) {
  std::jthread writer([&] {
    for (std::int64_t n = 1; n <= 100; ++n)
      ASSERT_TRUE(store().commit({{a_run(n)}, {a_job(n, 1)}, {}, {}}));
  });
  std::int64_t last = 0;
  while (last < 100) {
    const OpenWork work = store().open_work().value();
    ASSERT_EQ(work.runs.size(), work.jobs.size());
    ASSERT_GE(work.last_run, last);
    last = work.last_run;
  }
}

}  // namespace assay::store
