#include "cli/run_view.hpp"

#include <gtest/gtest.h>

#include "cli/words.hpp"

namespace assay::cli {
namespace {

std::vector<std::string> texts(const Lines& lines, std::size_t width = 0) {
  std::vector<std::string> all;
  for (const Line& line : lines) all.push_back(to_text(line, width, false));
  return all;
}
using Texts = std::vector<std::string>;

void add_step(v1::Attempt* attempt, const char* text, v1::StepState state, int millis) {
  auto* step = attempt->add_steps();
  step->set_index(static_cast<std::uint32_t>(attempt->steps_size() - 1));
  step->set_text(text);
  step->set_state(state);
  step->mutable_took()->set_nanos(millis * 1'000'000);
}

v1::Run a_run() {
  v1::Run run;
  run.set_id("r17");
  run.set_plan("ota-confirm");
  run.set_state(v1::RUN_STATE_RUNNING);
  run.set_submitted_unix_micros(1'000'000);
  run.set_started_unix_micros(2'000'000);
  auto* job = run.add_jobs();
  job->set_id("r17.1");
  job->set_profile("virtual-zephyr");
  job->set_state(v1::RUN_STATE_RUNNING);
  auto* attempt = job->add_attempts();
  attempt->set_id("r17.1.1");
  attempt->set_agent("virtual");
  attempt->set_state(v1::RUN_STATE_RUNNING);
  attempt->set_started_unix_micros(2'000'000);
  (*attempt->mutable_boards())["dut"] = "v2";
  add_step(attempt, "flash base", v1::STEP_STATE_PASSED, 400);
  add_step(attempt, "update: send update", v1::STEP_STATE_RUNNING, 0);
  attempt->mutable_steps(1)->set_progress_done(450);
  attempt->mutable_steps(1)->set_progress_total(1000);
  return run;
}

v1::Run a_failed_run() {
  v1::Run run = a_run();
  auto* attempt = run.mutable_jobs(0)->mutable_attempts(0);
  auto* step = attempt->mutable_steps(1);
  step->set_id("install");
  step->set_state(v1::STEP_STATE_FAILED);
  step->set_sentence("v1 runs, not v2");
  step->set_place("ota-confirm.yaml:12:5");
  step->mutable_took()->set_seconds(2);
  step->add_console("I: Starting\x1b[2J bootloader");
  auto* finding = step->add_findings();
  finding->set_channel("console");
  finding->set_says(v1::Finding::SAYS_DISAGREES);
  finding->set_observed("1.0.0");
  finding->set_expected("2.0.0");
  finding = step->add_findings();
  finding->set_channel("smp");
  finding->set_says(v1::Finding::SAYS_AGREES);
  finding->set_observed("2.0.0");
  finding->set_expected("2.0.0");
  add_step(attempt, "", v1::STEP_STATE_SKIPPED, 0);
  for (auto* one : {run.mutable_jobs(0)}) {
    one->set_state(v1::RUN_STATE_ENDED);
    one->set_verdict(v1::VERDICT_FAILED);
    one->set_sentence("v1 runs, not v2");
  }
  attempt->set_state(v1::RUN_STATE_ENDED);
  attempt->set_verdict(v1::VERDICT_FAILED);
  attempt->set_sentence("v1 runs, not v2");
  attempt->set_ended_unix_micros(5'200'000);
  run.set_state(v1::RUN_STATE_ENDED);
  run.set_verdict(v1::VERDICT_FAILED);
  run.set_sentence("v1 runs, not v2");
  run.set_ended_unix_micros(5'200'000);
  return run;
}

TEST(LiveView, OneRunShowsItsSteps) {
  LiveView view;
  view.runs = {a_run()};
  view.now_micros = 3'400'000;
  EXPECT_EQ(texts(live_lines(view)),
            (Texts{"r17 ota-confirm running  1.4 s", "    ✓ flash base 400 ms",
                   "  r17.1 v2 1.4 s █████████░░░░░░░░░░░  45 % update: send update"}));
}

TEST(LiveView, SaysWhatAStepIsDoing) {
  LiveView view;
  view.runs = {a_run()};
  view.now_micros = 3'400'000;
  auto* step = view.runs[0].mutable_jobs(0)->mutable_attempts(0)->mutable_steps(1);
  step->set_progress_doing("read\x1b back");
  EXPECT_EQ(texts(live_lines(view))[2],
            "  r17.1 v2 1.4 s █████████░░░░░░░░░░░  45 % read\\x1b back, update: send update");
  step->set_progress_total(0);
  EXPECT_EQ(texts(live_lines(view))[2], "  r17.1 v2 1.4 s read\\x1b back, update: send update");
}

TEST(LiveView, SeveralRunsAreALineAJobWithTicks) {
  LiveView view;
  view.runs = {a_run(), v1::Run(), a_failed_run()};
  view.runs[2].set_id("r18");
  view.notes = {"lost assayd"};
  view.now_micros = 3'400'000;
  EXPECT_EQ(texts(live_lines(view)),
            (Texts{"r17 ota-confirm running  1.4 s",
                   "  r17.1 v2 1.4 s ✓ █████████░░░░░░░░░░░  45 % update: send update",
                   "r18 ota-confirm failed  3.2 s", "  r17.1 v2 3.2 s ✓✗ failed: v1 runs, not v2",
                   "  lost assayd"}));
}

TEST(LiveView, KeepsToTheHeight) {
  LiveView view;
  view.runs = {a_run()};
  view.height = 12;
  auto* attempt = view.runs[0].mutable_jobs(0)->mutable_attempts(0);
  for (int i = 0; i < 20; ++i) add_step(attempt, "expect app.ready", v1::STEP_STATE_PASSED, 10);
  const auto lines = texts(live_lines(view));
  EXPECT_EQ(lines.size(), 8U);
  EXPECT_EQ(lines[1], "    … 16 more");
}

TEST(LiveView, AClockThatIsAheadShowsNoNegativeTime) {
  LiveView view;
  view.runs = {a_run()};
  view.now_micros = 1;
  EXPECT_EQ(texts(live_lines(view))[0], "r17 ota-confirm running  0 us");
}

TEST(Lines, AreCutToTheWidth) {
  const Line line{{"ab", Tone::bold}, {"✓✓✓✓", Tone::good}};
  EXPECT_EQ(to_text(line, 6, false), "ab✓✓✓✓");
  EXPECT_EQ(to_text(line, 5, false), "ab✓✓…");
  EXPECT_EQ(to_text(line, 1, false), "…");
  EXPECT_EQ(to_text(line, 3, true), "\x1b[1mab\x1b[0m…");
}

TEST(Lines, TablesLineUp) {
  EXPECT_EQ(texts(table({{{"RUN"}, {"PLAN"}}, {{"r1"}, {"ota-✓"}}, {{"r1000"}, {""}}})),
            (Texts{"RUN    PLAN", "r1     ota-✓", "r1000"}));
}

TEST(Changes, AreSaidOnce) {
  EXPECT_EQ(texts(changes({}, a_run())),
            (Texts{"r17.1.1 on v2 at virtual", "r17.1.1 ✓ flash base 400 ms"}));
  EXPECT_EQ(texts(changes(a_run(), a_run())), Texts{});
  EXPECT_EQ(texts(changes(a_run(), a_failed_run())),
            (Texts{"r17.1.1 ✗ install: update: send update 2.0 s: v1 runs, not v2",
                   "r17.1.1 failed: v1 runs, not v2"}));
}

TEST(Failure, ShowsChannelsSideBySideAndTheConsole) {
  EXPECT_EQ(
      texts(failure_lines(a_failed_run())),
      (Texts{"  r17.1 ✗ install: update: send update 2.0 s: v1 runs, not v2",
             "      at ota-confirm.yaml:12:5", "      console  disagrees  1.0.0  expected 2.0.0",
             "      smp      agrees     2.0.0", "      | I: Starting\\x1b[2J bootloader"}));
}

TEST(Show, HasVerdictJobsAttemptsSteps) {
  auto run = a_failed_run();
  run.set_submitted_unix_micros(0);
  run.set_rev("4f2c");
  auto* artifact = run.add_artifacts();
  artifact->set_name("base");
  artifact->set_file_name("base.hex");
  artifact->set_size(2048);
  artifact->set_sha256("0123456789abcdef");
  EXPECT_EQ(
      texts(show_lines(run, 0)),
      (Texts{"r17 failed: v1 runs, not v2", "  plan ota-confirm, rev 4f2c, submitted ",
             "  base = base.hex  2.0 KiB, sha256 0123456789ab",
             "  r17.1 failed on virtual-zephyr: v1 runs, not v2",
             "    r17.1.1 failed on dut=v2 at virtual 3.2 s", "      ✓ flash base 400 ms",
             "      ✗ install: update: send update 2.0 s: v1 runs, not v2",
             "          at ota-confirm.yaml:12:5",
             "          console  disagrees  1.0.0  expected 2.0.0",
             "          smp      agrees     2.0.0", "          | I: Starting\\x1b[2J bootloader",
             "      · 1 further step skipped"}));
}

TEST(Words, FinalLine) {
  auto run = a_failed_run();
  EXPECT_EQ(to_text(final_line(run, 9'000'000), 0, false), "r17 failed: v1 runs, not v2");
  EXPECT_EQ(to_text(final_line(run, 9'000'000), 0, true),
            "\x1b[1mr17 \x1b[0m\x1b[31mfailed\x1b[0m: v1 runs, not v2");
  run.set_verdict(v1::VERDICT_PASSED);
  run.set_sentence("");
  EXPECT_EQ(to_text(final_line(run, 9'000'000), 0, false), "r17 passed in 3.2 s");
  EXPECT_EQ(to_text(final_line(a_run(), 9'000'000), 0, false), "r17 running for 7.0 s");
  v1::Run queued = a_run();
  queued.set_state(v1::RUN_STATE_QUEUED);
  queued.set_started_unix_micros(0);
  EXPECT_EQ(to_text(final_line(queued, 9'000'000), 0, false), "r17 queued for 8.0 s");
}

TEST(Words, ExitStatuses) {
  EXPECT_EQ(exit_status(v1::VERDICT_PASSED), 0);
  EXPECT_EQ(exit_status(v1::VERDICT_FAILED), 1);
  EXPECT_EQ(exit_status(v1::VERDICT_LAB_ERROR), 3);
  EXPECT_EQ(exit_status(v1::VERDICT_CANCELLED), 4);
  EXPECT_EQ(exit_status(v1::VERDICT_UNSPECIFIED), 3);
  EXPECT_EQ(worst({0, 4, 3, 1, 0}), 1);
  EXPECT_EQ(worst({0, 4, 3}), 3);
  EXPECT_EQ(worst({0, 4}), 4);
  EXPECT_EQ(worst({}), 0);
  EXPECT_EQ(exit_status(Error{Cause::not_found, ""}), 2);
  EXPECT_EQ(exit_status(Error{Cause::unavailable, ""}), 5);
  EXPECT_EQ(exit_status(Error{Cause::timeout, ""}), 5);
  EXPECT_EQ(exit_status(Error{Cause::exhausted, ""}), 3);
}

TEST(Words, JsonIsLowerCamelCaseWithDefaults) {
  v1::ListRunsResponse none;
  EXPECT_EQ(to_json(none), "{\n \"runs\": [],\n \"nextPageToken\": \"\"\n}\n");
  v1::Board board;
  board.set_id("v1");
  EXPECT_NE(to_json(board).find("\"id\": \"v1\""), std::string::npos);
  v1::Run run = a_run();
  EXPECT_NE(to_json(run).find("\"startedUnixMicros\": \"2000000\""), std::string::npos);
  EXPECT_NE(to_json(run).find("\"verdict\": \"VERDICT_UNSPECIFIED\""), std::string::npos);
}

TEST(RunView, WaitsWhenNothingOfItRuns) {
  v1::Run run = a_run();
  EXPECT_FALSE(waits(run));
  // After a lab error the job is queued once more; the run goes on "running".
  run.mutable_jobs(0)->set_state(v1::RUN_STATE_QUEUED);
  EXPECT_TRUE(waits(run));
  auto* other = run.add_jobs();
  other->set_state(v1::RUN_STATE_RUNNING);
  EXPECT_FALSE(waits(run));
  other->set_state(v1::RUN_STATE_ENDED);
  EXPECT_TRUE(waits(run));
  run.mutable_jobs(0)->set_state(v1::RUN_STATE_ENDED);
  EXPECT_FALSE(waits(run));
}

}  // namespace
}  // namespace assay::cli
