// A scheduler with a clock that stands still until told, for tests of its rules.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "scheduler/scheduler.hpp"

namespace assay::scheduler {

using namespace std::chrono_literals;

inline BoardFacts board(const std::string& id, const std::string& profile = "sensor",
                        std::vector<std::string> abilities = {"power", "console"}) {
  BoardFacts facts;
  facts.id = id;
  facts.profile = profile;
  facts.abilities = std::move(abilities);
  return facts;
}

inline AgentFacts agent(const std::string& name, const std::string& incarnation,
                        std::vector<BoardFacts> boards, std::vector<std::string> attempts = {}) {
  return {name, incarnation, "0.1.0", {"flash", "expect"}, std::move(boards), std::move(attempts)};
}

inline BoardNeed need(const std::string& role = "dut", const std::string& profile = "sensor") {
  return {role, profile, {"power"}, ""};
}

class Lab {
 public:
  explicit Lab(Limits limits = {}) : core(limits) {}

  std::int64_t submit(std::vector<std::vector<BoardNeed>> jobs, std::int32_t priority = 0) {
    RunRecord run;
    run.number = ++runs_;
    run.priority = priority;
    run.project = project;
    run.lease = under;
    std::vector<JobRecord> records;
    for (auto& needs : jobs) {
      JobRecord job;
      job.id = {run.number, static_cast<std::int32_t>(records.size() + 1)};
      job.needs = std::move(needs);
      job.verbs = verbs;
      job.work = work;
      records.push_back(job);
    }
    refused = core.submit(run, records, now, out);
    settle();
    return run.number;
  }
  // A person's lease.
  std::int64_t lease(const std::string& person, Duration length, BoardNeed board_need = need()) {
    RunRecord run;
    run.number = ++runs_;
    run.hold = Hold{person, length, {}};
    JobRecord job;
    job.id = {run.number, 1};
    job.needs = {std::move(board_need)};
    refused = core.submit(run, {job}, now, out);
    settle();
    return run.number;
  }
  std::int64_t submit_one(std::int32_t priority = 0) { return submit({{need()}}, priority); }

  Result<> hello(const AgentFacts& facts) {
    auto result = core.hello(facts, now, out);
    settle();
    return result;
  }
  void accept(const std::string& attempt) { answer(attempt, true, ""); }
  void answer(const std::string& attempt, bool accepted, const std::string& reason) {
    core.answered(*parse_attempt(attempt), accepted, reason, now, out);
    settle();
  }
  void renew(const std::string& name, const std::vector<std::string>& attempts) {
    core.renewed(name, attempts, now, out);
    settle();
  }
  bool end(const std::string& attempt, Outcome outcome, const std::string& sentence = "",
           bool elsewhere = true) {
    const bool counted =
        core.ended(*parse_attempt(attempt), outcome, sentence, elsewhere, now, out);
    settle();
    return counted;
  }
  Result<> cancel(std::int64_t run, const std::string& reason = "cancelled by ann") {
    auto result = core.cancel(run, reason, now, out);
    settle();
    return result;
  }
  // As the dispatcher does: whenever something is due.
  void pass(Duration time) {
    const BootTime end = now + time;
    while (core.next_due() <= end) {
      now = std::max(now, core.next_due());
      settle();
    }
    now = end;
    settle();
  }
  void settle() { core.settle(now, out); }

  // "assign r1.1.1 v1@1 to lab-a", "cancel r1.1.1 at lab-a: reason"; since the last call.
  std::vector<std::string> decisions() {
    std::vector<std::string> words;
    for (const Decision& decision : std::exchange(out.decisions, {})) {
      if (const auto* cancel_ = std::get_if<Cancel>(&decision)) {
        words.push_back(
            fmt::format("cancel {} at {}: {}", cancel_->attempt, cancel_->agent, cancel_->reason));
        continue;
      }
      const auto& assign = std::get<Assign>(decision);
      std::string boards;
      for (const BoardLease& lease : assign.leases)
        boards += fmt::format(" {}@{}", lease.board, lease.epoch);
      words.push_back(
          fmt::format("assign {}{} to {}", to_string(assign.attempt), boards, assign.agent));
    }
    return words;
  }

  // "queued", "running", "ended: passed", "ended: lab-error: why".
  std::string run(std::int64_t number) const {
    std::string words = "never";
    for (const RunRecord& record : out.runs) {
      if (record.number == number) words = describe(record.state, record.verdict, record.sentence);
    }
    return words;
  }
  std::string attempt(const std::string& name) const {
    std::string words = "never";
    for (const AttemptRecord& record : out.attempts) {
      if (to_string(record.id) != name) continue;
      words = record.state == AttemptState::assigned
                  ? "assigned"
                  : describe(static_cast<State>(record.state), record.verdict, record.sentence);
    }
    return words;
  }
  int ends(std::int64_t number) const {
    return static_cast<int>(
        std::count_if(out.runs.begin(), out.runs.end(), [&](const RunRecord& record) {
          return record.number == number && record.state == State::ended;
        }));
  }
  std::string board_state(const std::string& id) const {
    for (const BoardView& view : core.boards(now)) {
      if (view.facts.id == id) return view.state + (view.holder.empty() ? "" : " " + view.holder);
    }
    return "unknown";
  }
  std::string why(std::int64_t number) const {
    const auto reasons = core.why(number, now);
    return reasons.empty() ? "" : reasons.front().reason;
  }
  // What a store would hold: everything, the last record of each.
  Saved saved() const;

  Scheduler core;
  Changes out;
  BootTime now{1'000'000'000'000};
  std::vector<std::string> verbs = {"flash"};
  // Of what is submitted next.
  std::string project, work;
  std::int64_t under = 0;
  Result<> refused;  // or not, the last submission

 private:
  static std::string describe(State state, std::optional<Outcome> verdict,
                              const std::string& sentence) {
    static const char* states[] = {"queued", "running", "ended"};
    static const char* verdicts[] = {"passed", "failed", "lab-error", "cancelled"};
    std::string words = states[static_cast<int>(state)];
    if (verdict) words += fmt::format(": {}", verdicts[static_cast<int>(*verdict)]);
    if (!sentence.empty()) words += ": " + sentence;
    return words;
  }
  std::int64_t runs_ = 0;
};

inline Saved Lab::saved() const {
  Saved all;
  std::map<std::int64_t, RunRecord> runs;
  std::map<JobId, JobRecord> jobs;
  std::map<AttemptId, AttemptRecord> attempts;
  std::map<std::string, BoardRecord> boards;
  for (const auto& record : out.runs) runs[record.number] = record;
  for (const auto& record : out.jobs) jobs[record.id] = record;
  for (const auto& record : out.attempts) attempts[record.id] = record;
  for (const auto& record : out.boards) boards[record.facts.id] = record;
  for (const auto& [key, record] : runs) {
    if (record.state != State::ended) all.runs.push_back(record);
  }
  for (const auto& [key, record] : jobs) {
    if (runs[key.run].state != State::ended) all.jobs.push_back(record);
  }
  for (const auto& [key, record] : attempts) {
    if (runs[key.job.run].state != State::ended) all.attempts.push_back(record);
  }
  for (const auto& [key, record] : boards) all.boards.push_back(record);
  return all;
}

}  // namespace assay::scheduler
