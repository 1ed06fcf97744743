// A live run of a thousand attempts: told whole, each line once, in bytes that grow
// with the run and not with its square.
#include <nlohmann/json.hpp>

#include <map>

#include "fixture.hpp"
#include "stream.hpp"
#include "web/live_run.hpp"

namespace assay::web::test {
namespace {

using nlohmann::json;

constexpr int attempts = 1000, steps = 8, lines = 30;
// An attempt is told in three events or a few more, each with a cursor of 6 KiB at most.
constexpr std::size_t bytes_at_most = 40U << 20;

class ManyAttemptsTest : public WebTest {
 protected:
  static std::string name(int job) { return fmt::format("r1.{}.1", job); }

  // Jobs up to `begun` run, those up to `ended` have ended.
  void commit(int begun, int ended) {
    const bool over = ended == attempts;
    store::Batch batch;
    store::RunRow run;
    run.number = 1;
    run.plan = "tiny";
    run.state = over ? "ended" : "running";
    run.verdict = over ? "passed" : "";
    run.submitted = 1;
    run.started = 2;
    run.ended = over ? 3 : 0;
    batch.runs.push_back(run);
    for (int index = committed_ended_ + 1; index <= attempts; ++index) {
      const std::string state = index <= ended ? "ended" : index <= begun ? "running" : "queued";
      if (index > begun && committed_) break;  // it is there already, queued
      store::JobRow job;
      job.run = 1;
      job.index = index;
      job.profile = "virtual-zephyr";
      job.state = state;
      job.verdict = index <= ended ? "passed" : "";
      batch.jobs.push_back(job);
      if (index > begun) continue;
      store::AttemptRow row = attempt(state, job.verdict);
      row.job = index;
      row.ended = index <= ended ? 3 : 0;
      batch.attempts.push_back(row);
    }
    const auto stored = store_->commit(batch);
    ASSERT_TRUE(stored) << stored.error().text;
    committed_ = true;
    committed_ended_ = ended;
    backend_.runs->notify("r1");
  }
  // All that happens in one attempt.
  void happen(int job, int count = lines) {
    std::vector<evidence::Event> events;
    std::uint64_t offset = 0;
    const auto add = [&](evidence::Body body, const std::string& role = "dut") {
      const std::uint64_t seq = events.size() + 1;
      events.push_back({seq, std::chrono::milliseconds(10) * seq, role, role.empty() ? "" : "v1",
                        std::move(body)});
    };
    add(evidence::AttemptStarted{1, "lab-a", {}}, "");
    for (std::uint32_t step = 0; step < steps; ++step) {
      add(evidence::StepStarted{step, "", "expect something", "tiny.yaml:1:1"});
      std::string text;
      for (int i = 0; i < count; ++i) {
        if (i % steps == static_cast<int>(step))
          text += fmt::format("line {} of job {}\r\n", i, job);
      }
      const std::size_t size = text.size();
      add(evidence::ConsoleBytes{offset, false, Bytes(text.begin(), text.end())});
      offset += size;
      add(evidence::StepEnded{step, evidence::StepState::passed, "", {}, 0, 0});
    }
    add(evidence::AttemptEnded{evidence::Verdict::passed, "", -1, false}, "");
    const auto stored = segments_->append(name(job), events);
    ASSERT_TRUE(stored) << stored.error().text;
  }

  bool committed_ = false;
  int committed_ended_ = 0;
};

// What a page keeps of it.
struct Seen {
  std::map<std::string, std::size_t> lines;   // of consoles
  std::map<std::string, std::string> states;  // of attempts
  std::map<std::string, bool> timelines;      // ended
  std::size_t runs = 0, steps = 0;
  bool over = false;

  void take(const Said& said) {
    over = said.name == "end";
    if (said.name == "timeline") timelines[said.data["attempt"]] = said.data.value("ended", false);
    if (said.name == "run") {
      ++runs;
      for (const auto& job : said.data["run"].value("jobs", json::array())) {
        for (const auto& attempt : job.value("attempts", json::array())) {
          states[attempt["id"]] = attempt["state"];
          steps += attempt.value("steps", json::array()).size();
        }
      }
    }
    if (said.name != "lines") return;
    std::size_t& next = lines[said.data["attempt"]];
    EXPECT_EQ(std::stoul(said.data.value("from", "0")), next) << said.data["attempt"];
    for (const auto& line : said.data.value("lines", json::array()))
      next += line.value("open", false) ? 0 : 1;
  }
  void is_whole(const std::string& talkative = "") const {
    EXPECT_TRUE(over);
    ASSERT_EQ(states.size(), static_cast<std::size_t>(attempts));
    EXPECT_EQ(lines.size(), states.size());
    EXPECT_EQ(timelines.size(), states.size());
    for (const auto& [attempt, state] : states) {
      EXPECT_EQ(state, "RUN_STATE_ENDED") << attempt;
      const int want = attempt == talkative ? 300 : test::lines;
      EXPECT_EQ(lines.at(attempt), static_cast<std::size_t>(want)) << attempt;
      EXPECT_TRUE(timelines.at(attempt)) << attempt;
    }
  }
};

}  // namespace

TEST_F(ManyAttemptsTest, AreToldWholeToAReaderThatComesLate) {
  commit(attempts, 0);
  for (int job = 1; job <= attempts; ++job) happen(job, job == 900 ? 300 : lines);
  commit(attempts, attempts);
  Stream stream(port(), "/api/v1/live/runs/r1");
  Seen seen;
  seen.lines[name(900)] = 100;  // the last 200, of whichever console
  for (Said said = stream.next(); !said.name.empty(); said = stream.next()) {
    seen.take(said);
  }
  seen.is_whole(name(900));
  EXPECT_EQ(seen.runs, 1U);
  EXPECT_EQ(seen.steps, std::size_t{attempts} * steps);
  EXPECT_LT(stream.bytes, bytes_at_most);
}

TEST_F(ManyAttemptsTest, AreToldAsTheyHappen) {
  commit(0, 0);
  Stream early(port(), "/api/v1/live/runs/r1");
  Seen seen;
  seen.take(early.next());
  std::jthread lab([this] {
    for (int job = 1; job <= attempts; ++job) {
      commit(std::min(job + 3, attempts), job - 1);
      happen(job);
    }
    commit(attempts, attempts);
  });
  for (Said said = early.next(); !said.name.empty(); said = early.next()) seen.take(said);
  seen.is_whole();
  // Each step changes twice: it begins and it ends.
  EXPECT_LE(seen.steps, 2U * attempts * steps);
  EXPECT_LT(early.bytes, bytes_at_most);
}

// It catches up while the run goes on: what it is told must not begin anew each time.
TEST_F(ManyAttemptsTest, AreToldToOneThatComesInTheMiddle) {
  commit(attempts / 2, 0);
  for (int job = 1; job <= attempts / 2; ++job) happen(job);
  commit(attempts / 2, attempts / 2);
  std::jthread lab([this] {
    for (int job = attempts / 2 + 1; job <= attempts; ++job) {
      commit(std::min(job + 3, attempts), job - 1);
      happen(job);
    }
    commit(attempts, attempts);
  });
  Stream stream(port(), "/api/v1/live/runs/r1");
  Seen seen;
  for (Said said = stream.next(); !said.name.empty(); said = stream.next()) seen.take(said);
  seen.is_whole();
  EXPECT_LT(stream.bytes, bytes_at_most);
}

// The run changes between any two of its pieces, and each of them is less than the run.
TEST_F(ManyAttemptsTest, AreNotToldAnewWhileOneCatchesUp) {
  constexpr int there = 300;
  commit(there, 0);
  for (int job = 1; job <= there; ++job) happen(job);
  commit(there, there);
  LiveRun live(source(), 1, [] {});
  ASSERT_TRUE(live.news(BootTime::now()));
  Place reader;
  std::size_t bytes = 0, runs = 0, largest = 0;
  int pieces = 0, job = there;
  while (!reader.level) {
    const auto piece = live.catch_up(reader);
    ASSERT_TRUE(piece) << piece.error().text;
    bytes += piece->size();
    largest = std::max(largest, piece->size());
    for (std::size_t at = 0; (at = piece->find("event: run", at)) != std::string::npos; ++at)
      ++runs;
    ASSERT_LT(++pieces, 100);
    happen(++job);
    commit(job, job);
    const auto news = live.news(BootTime::now());
    ASSERT_TRUE(news) << news.error().text;
  }
  EXPECT_GT(pieces, 5);
  EXPECT_EQ(runs, 2U) << "to begin with, and what changed meanwhile";
  EXPECT_LT(largest, 2U << 20);
  // The last attempt began behind its back: that comes with the news.
  EXPECT_EQ(reader.next.size(), static_cast<std::size_t>(job - 1));
}

}  // namespace assay::web::test
