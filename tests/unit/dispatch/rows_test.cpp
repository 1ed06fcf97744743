// What the store holds as the scheduler's records; damage is refused with its place.
#include "dispatch/rows.hpp"

#include <gtest/gtest.h>

#include <functional>

namespace assay::dispatch {
namespace {

// One run with one job and one attempt.
store::OpenWork work() {
  store::RunRow run;
  run.number = 1;
  run.state = "running";
  store::JobRow job;
  job.run = job.index = 1;
  job.needs_json = R"([{"role":"dut","profile":"sensor","abilities":[],"board":""}])";
  job.verbs_json = "[]";
  job.state = "running";
  store::AttemptRow attempt;
  attempt.run = attempt.job = attempt.number = 1;
  attempt.leases_json = R"([{"role":"dut","board":"v1","epoch":1}])";
  attempt.state = "assigned";
  store::BoardRow board;
  board.id = "v1";
  board.facts_json = R"({"abilities":[],"tags":[]})";
  store::OpenWork work;
  work.runs = {run};
  work.jobs = {job};
  work.attempts = {attempt};
  work.boards = {board};
  return work;
}

TEST(StoredRows, AreTheSchedulersRecords) {
  const auto saved = saved_of(work(), {});
  ASSERT_TRUE(saved) << saved.error().text;
  ASSERT_EQ(saved->attempts.size(), 1U);
  EXPECT_EQ(saved->attempts[0].leases, (std::vector<BoardLease>{{"dut", "v1", 1}}));
}

TEST(StoredRows, ThatMakeNoSenseAreRefusedByName) {
  const std::vector<std::pair<std::string, std::function<void(store::OpenWork&)>>> damages = {
      {"stored r1.1.1: has no board", [](auto& w) { w.attempts[0].leases_json = "[]"; }},
      {"stored r1.1.1: has no board", [](auto& w) { w.attempts[0].leases_json = "{}"; }},
      {"stored r1.1.1: 'gone' is not one of assigned to ended",
       [](auto& w) { w.attempts[0].state = "gone"; }},
      {"stored r1.2.1: its job is missing", [](auto& w) { w.attempts[0].job = 2; }},
      {"stored r1.1: needs no board", [](auto& w) { w.jobs[0].needs_json = "[]"; }},
      {"stored r1.2: there is a job missing before it", [](auto& w) { w.jobs[0].index = 2; }},
      {"stored r1: has no jobs", [](auto& w) { w.jobs.clear(), w.attempts.clear(); }},
      {"stored board v1: [json.exception.type_error.302] type must be array, but is number",
       [](auto& w) { w.boards[0].facts_json = R"({"abilities":1,"tags":[]})"; }}};
  for (const auto& [words, damage] : damages) {
    store::OpenWork damaged = work();
    damage(damaged);
    const auto saved = saved_of(damaged, {});
    ASSERT_FALSE(saved) << words;
    EXPECT_EQ(saved.error().cause, Cause::invalid);
    EXPECT_EQ(saved.error().text, words);
  }
}

}  // namespace
}  // namespace assay::dispatch
