// The shipped plans on a real MCUboot and Zephyr in QEMU. They need the firmware
// that ./dev makes; without it there is nothing to test against.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>

#include "base/file.hpp"
#include "direct_board.hpp"
#include "executor/attempt.hpp"
#include "plans/check.hpp"
#include "plans/compile.hpp"
#include "plans/profile.hpp"

namespace assay::executor::test {

using evidence::StepState;
using evidence::Verdict;

namespace {

std::filesystem::path firmware() {
  const char* cache = std::getenv("ASSAY_CACHE");
  return std::filesystem::path(cache == nullptr ? ".cache" : cache) / "firmware";
}

class Recorder final : public EventSink {
 public:
  void emit(const std::string& role, const std::string& board, evidence::Body body) override {
    const std::scoped_lock lock(mutex_);
    events_.push_back({events_.size() + 1, BootTime::now() - begin_, role, board, std::move(body)});
  }
  [[nodiscard]] std::vector<evidence::Event> events() {
    const std::scoped_lock lock(mutex_);
    return events_;
  }

 private:
  const BootTime begin_ = BootTime::now();
  std::mutex mutex_;
  std::vector<evidence::Event> events_;
};

class ShippedPlan : public ::testing::Test {
 public:
  void SetUp() override {
    ASSERT_TRUE(std::filesystem::exists(firmware() / "base.hex"))
        << "no firmware in " << firmware() << ": type ./dev test";
    auto made = DirectBoard::make("virtual-zephyr", folder.path() / "board");
    ASSERT_TRUE(made) << made.error().text;
    board = *std::move(made);
  }

  plans::JobSpec compiled(const std::string& name, const std::string& update) {
    const std::filesystem::path file = "test-plans/" + name + ".yaml";
    const auto plan = plans::parse_plan(read_text(file).value(), name + ".yaml");
    EXPECT_TRUE(plan) << plans::to_string(plan.error());
    const auto profile = plans::parse_profile(
        read_text("board-profiles/virtual-zephyr.yaml").value(), "virtual-zephyr.yaml");
    EXPECT_TRUE(profile) << plans::to_string(profile.error());
    plans::CompileInputs inputs;
    inputs.fragments = plans::fragments_beside(file);
    inputs.profiles["dut"] = *profile;
    for (const auto& [artifact, path] :
         {std::pair<std::string, std::string>{"base", "base.hex"}, {"update", update}}) {
      const auto bytes = read_file(firmware() / path, 1 << 24).value();
      inputs.artifacts[artifact] = {to_hex(sha256(bytes)), bytes.size(), path};
      files[artifact] = firmware() / path;
    }
    auto spec = plans::compile(*plan, inputs);
    EXPECT_TRUE(spec) << plans::to_string(spec.error());
    return *std::move(spec);
  }

  evidence::AttemptEnded run(const plans::JobSpec& spec) {
    const auto begin = BootTime::now();
    const auto end =
        run_attempt(
            {spec, {{"dut", {board.get(), 1}}}, files, folder.path() / "scratch", "test", {}, {}},
            events, {})
            .end;
    RecordProperty("milliseconds", static_cast<int>((BootTime::now() - begin).count() / 1'000'000));
    return end;
  }

  void TearDown() override {
    // Where the time went, for whom asks: --gtest_filter=... with ASSAY_TIMELINE=1.
    if (std::getenv("ASSAY_TIMELINE") == nullptr) return;
    for (const auto& event : events.events()) {
      const auto* step = std::get_if<evidence::StepStarted>(&event.body);
      if (step != nullptr)
        std::printf("%8.3f s  %s\n", static_cast<double>(event.at.count()) / 1e9,
                    step->text.c_str());
      if (std::holds_alternative<evidence::AttemptEnded>(event.body)) {
        std::printf("%8.3f s  ended\n", static_cast<double>(event.at.count()) / 1e9);
      }
    }
  }

  [[nodiscard]] std::string console() {
    std::string text;
    for (const auto& event : events.events()) {
      const auto* bytes = std::get_if<evidence::ConsoleBytes>(&event.body);
      if (bytes != nullptr && !bytes->sent) text += as_text(bytes->bytes);
    }
    return text;
  }
  [[nodiscard]] std::vector<evidence::StepEnded> steps() {
    std::vector<evidence::StepEnded> all;
    for (const auto& event : events.events()) {
      if (const auto* end = std::get_if<evidence::StepEnded>(&event.body)) all.push_back(*end);
    }
    return all;
  }

  TempFolder folder = *TempFolder::make("executor-real");
  std::unique_ptr<DirectBoard> board;
  std::map<std::string, std::filesystem::path> files;
  Recorder events;
};

}  // namespace

TEST_F(ShippedPlan, OtaConfirmPasses) {
  const auto end = run(compiled("ota-confirm", "v2.bin"));
  EXPECT_EQ(end.verdict, Verdict::passed) << end.sentence << "\n" << console();
  EXPECT_NE(console().find("Image version: v2.0.0"), std::string::npos);
}

TEST_F(ShippedPlan, OtaRevertPasses) {
  const auto end = run(compiled("ota-revert", "v2.bin"));
  EXPECT_EQ(end.verdict, Verdict::passed) << end.sentence << "\n" << console();
}

TEST_F(ShippedPlan, OtaCorruptPasses) {
  const auto end = run(compiled("ota-corrupt", "v2.bin"));
  EXPECT_EQ(end.verdict, Verdict::passed) << end.sentence << "\n" << console();
}

TEST_F(ShippedPlan, ForgedRevertFailsByEveryChannel) {
  const auto spec = compiled("ota-revert-forged", "v2.bin");
  const auto end = run(spec);
  EXPECT_EQ(end.verdict, Verdict::failed);
  ASSERT_GE(end.step, 0) << end.sentence;
  EXPECT_EQ(spec.steps[static_cast<std::size_t>(end.step)].id, "rolled-back") << end.sentence;
  EXPECT_TRUE(end.sentence.starts_with(
      "base (v1.0.0) does not run: console says \"Jul  1 2026 12:00:00\", which stands "
      "in update, smp says v2.0.0 (hash "))
      << end.sentence;
  const auto findings = steps()[static_cast<std::size_t>(end.step)].findings;
  ASSERT_EQ(findings.size(), 3U);
  for (const auto& finding : findings)
    EXPECT_EQ(finding.says, evidence::Finding::Says::disagrees) << finding.channel;
}

TEST_F(ShippedPlan, HangingUpdateFailsWithTheLinesThatShowIt) {
  auto spec = compiled("ota-confirm", "v2-hang.bin");
  for (auto& step : spec.steps) {  // shorter than a person would wait
    auto* expect = std::get_if<plans::Expect>(&step.action);
    if (expect != nullptr && expect->marker.name == "app.ready")
      expect->within = std::chrono::seconds(3);
  }
  const auto end = run(spec);
  EXPECT_EQ(end.verdict, Verdict::failed);
  EXPECT_EQ(end.sentence,
            "v2.0.1 was started (Jumping to the first image slot) but app.ready was not seen "
            "within 3 s; console, power, "
            "flash and reset are healthy, so this is the product's failure");
  ASSERT_GE(end.step, 0);
  const auto step = steps()[static_cast<std::size_t>(end.step)];
  EXPECT_NE(
      console().substr(step.console_offset, step.console_length).find("I: Image version: v2.0.1"),
      std::string::npos);
}

}  // namespace assay::executor::test
