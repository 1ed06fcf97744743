// An assayd without its servers whose one attempt's consoles say what a test wants.
#pragma once

#include <gtest/gtest.h>

#include <map>

#include "base/file.hpp"
#include "base/log.hpp"
#include "queries/queries.hpp"

namespace assay::queries::test {

using std::chrono::milliseconds;

inline constexpr const char* attempt = "r1.1.1";

inline evidence::Event console_event(std::uint64_t seq, const std::string& role,
                                     std::uint64_t offset, const std::string& text,
                                     bool sent = false) {
  const ByteView bytes = as_bytes(text);
  return {seq, milliseconds(seq), role, "b-" + role,
          evidence::ConsoleBytes{offset, sent, Bytes(bytes.begin(), bytes.end())}};
}

// An assayd without its servers that has one attempt with the roles "dut" and "aux".
class ConsoleTest : public testing::Test {
 protected:
  void SetUp() override {
    spdlog::set_level(spdlog::level::off);
    store::RunRow run;
    run.number = 1;
    run.plan = "tiny";
    run.state = "ended";  // else the dispatcher would wait for its agent
    run.submitted = run.started = 1'000'000;
    store::JobRow job;
    job.run = 1;
    job.index = 1;
    job.profile = "virtual-zephyr";
    job.params_json = "{}";
    job.needs_json = "[]";
    job.verbs_json = "[]";
    job.state = "ended";
    store::AttemptRow row;
    row.run = 1;
    row.job = row.number = 1;
    row.agent = "lab-a";
    row.leases_json =
        R"([{"role":"dut","board":"v1","epoch":1},{"role":"aux","board":"v2","epoch":1}])";
    row.state = "running";
    row.started = 1'000'000;
    const auto committed = store_->commit({{run}, {job}, {row}, {}});
    ASSERT_TRUE(committed) << committed.error().text;
    dispatcher_ = dispatch::Dispatcher::start(*store_, {}).value();
    open();
  }
  void open() {
    queries_.reset();
    backend_.reset();
    segments_ = segments::Segments::open(folder_.path() / "segments").value();
    backend_ =
        std::make_unique<api::Backend>(api::Parts{*store_, *dispatcher_, *segments_, *artifacts_});
    queries_ = std::make_unique<Queries>(*backend_);
  }

  void append(const std::vector<evidence::Event>& events) {
    const auto stored = segments_->append(attempt, events);
    ASSERT_TRUE(stored) << stored.error().text;
  }
  // What the board says next.
  void say(const std::string& text, const std::string& role = "dut") {
    append({console_event(++seq_, role, offsets_[role], text)});
    offsets_[role] += text.size();
  }
  v1::ConsoleLines lines(std::int64_t from, std::uint32_t count, const std::string& role = "dut") {
    v1::ConsoleLines out;
    const auto asked = queries_->lines(attempt, role, {from, count}, &out);
    EXPECT_TRUE(asked) << asked.error().text;
    return out;
  }
  std::vector<std::string> texts(std::int64_t from = 0, std::uint32_t count = 200) {
    std::vector<std::string> out;
    const auto window = lines(from, count);
    for (const auto& line : window.lines()) out.push_back(line.text() + (line.open() ? "..." : ""));
    return out;
  }
  std::vector<std::uint64_t> search(const SearchWanted& wanted, const std::string& role = "dut") {
    v1::ConsoleMatches out;
    const auto asked = queries_->search(attempt, role, wanted, &out);
    EXPECT_TRUE(asked) << asked.error().text;
    EXPECT_GE(out.total(), static_cast<std::uint64_t>(out.lines_size()));
    return {out.lines().begin(), out.lines().end()};
  }
  std::string why_not(const Result<>& result) {
    return result ? "it was answered" : result.error().text;
  }

  TempFolder folder_ = *TempFolder::make("assay-console");
  std::unique_ptr<store::Store> store_ = store::open_memory();
  std::unique_ptr<artifacts::ArtifactStore> artifacts_ =
      artifacts::ArtifactStore::open(folder_.path() / "artifacts").value();
  std::unique_ptr<dispatch::Dispatcher> dispatcher_;
  std::unique_ptr<segments::Segments> segments_;
  std::unique_ptr<api::Backend> backend_;
  std::unique_ptr<Queries> queries_;
  std::uint64_t seq_ = 0;
  std::map<std::string, std::uint64_t> offsets_;
};

}  // namespace assay::queries::test
