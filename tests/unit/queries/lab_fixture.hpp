// An assayd without its servers whose store holds the past that a test wants.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "base/file.hpp"
#include "base/log.hpp"
#include "queries/queries.hpp"

namespace assay::queries::test {

struct Lab {
  explicit Lab(bool sqlite) {
    spdlog::set_level(spdlog::level::off);
    // Tests run in the source tree.
    setenv("ASSAY_SHARE", std::filesystem::current_path().c_str(), 0);
    store = sqlite ? store::open_sqlite(folder.path()).value() : store::open_memory();
  }
  // Takes what is in the store for the past.
  Queries& ask() {
    if (!queries) {
      segments = segments::Segments::open(folder.path() / "segments").value();
      artifacts = artifacts::ArtifactStore::open(folder.path() / "artifacts").value();
      dispatcher = dispatch::Dispatcher::start(*store, {}).value();
      backend =
          std::make_unique<api::Backend>(api::Parts{*store, *dispatcher, *segments, *artifacts});
      backend->version = "0.1.0";
      queries = std::make_unique<Queries>(*backend);
    }
    return *queries;
  }
  // The agent that has these boards.
  void connect(std::vector<scheduler::BoardFacts> boards) {
    struct Deaf : dispatch::AgentLink {
      void assign(const std::string&, const std::string&, const std::vector<dispatch::BoardLease>&,
                  Duration) override {}
      void cancel(const std::string&, const std::string&) override {}
      void close(const std::string&) override {}
    };
    link = std::make_shared<Deaf>();
    const auto connected =
        dispatcher->agent_connected({"lab-a", "i1", "0.1.0", {}, std::move(boards), {}}, link);
    ASSERT_TRUE(connected) << connected.error().text;
  }
  // A run of one job, which was attempted so often: all but the last on board "spare".
  void add(store::RunRow run, const std::string& profile = "virtual-zephyr",
           const std::string& board = "v1", int attempts = 1) {
    run.submitted = run.number * 1'000'000;
    run.started = run.submitted + 1;
    if (run.state.empty()) run.state = "ended";
    if (run.state == "ended") run.ended = run.started + 2'000'000;
    store::JobRow job;
    job.run = run.number;
    job.index = 1;
    job.profile = profile;
    job.params_json = "{}";
    job.needs_json = R"([{"role":"dut","profile":")" + profile + R"(","abilities":[],"board":""}])";
    job.verbs_json = "[]";
    job.state = run.state;
    job.verdict = run.verdict;
    store::Batch batch{{run}, {job}, {}, {}};
    for (int n = 1; n <= attempts; ++n) {
      store::AttemptRow attempt;
      attempt.run = run.number;
      attempt.job = 1;
      attempt.number = n;
      attempt.agent = "lab-a";
      attempt.leases_json =
          R"([{"role":"dut","board":")" + (n == attempts ? board : "spare") + R"(","epoch":1}])";
      attempt.state = "ended";
      attempt.verdict = n == attempts ? run.verdict : "lab-error";
      attempt.started = run.started + n;
      attempt.ended = attempt.started + 1'000'000;
      batch.attempts.push_back(attempt);
    }
    ASSERT_TRUE(store->commit(batch));
  }
  static store::RunRow row(std::int64_t number, const std::string& verdict,
                           const std::string& rev = "a", const std::string& plan = "ota") {
    store::RunRow row;
    row.number = number;
    row.plan = plan;
    row.project = "sensor";
    row.rev = rev;
    row.ref = "main";
    row.verdict = verdict;
    return row;
  }

  TempFolder folder = TempFolder::make("assay-queries").value();
  std::unique_ptr<store::Store> store;
  std::unique_ptr<segments::Segments> segments;
  std::unique_ptr<artifacts::ArtifactStore> artifacts;
  std::unique_ptr<dispatch::Dispatcher> dispatcher;
  std::unique_ptr<api::Backend> backend;
  std::unique_ptr<Queries> queries;
  std::shared_ptr<dispatch::AgentLink> link;
};

}  // namespace assay::queries::test
