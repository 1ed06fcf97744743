// A fake board on a bench: a job made of steps, run, and every event kept.
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "base/file.hpp"
#include "executor/attempt.hpp"
#include "fake_board.hpp"
#include "fake_image.hpp"

namespace assay::executor::test {

class Recorder final : public EventSink {
 public:
  void emit(const std::string& role, const std::string& board, evidence::Body body) override;

  [[nodiscard]] std::vector<evidence::Event> events() const;
  // Waits until one of them is a step's start.
  void wait_for_step(std::uint32_t step) const;
  template <class T>
  [[nodiscard]] std::vector<T> all() const {
    std::vector<T> found;
    for (const auto& event : events()) {
      if (const auto* body = std::get_if<T>(&event.body)) found.push_back(*body);
    }
    return found;
  }
  [[nodiscard]] evidence::StepEnded ended(std::uint32_t step) const;
  // The bytes that a step points at.
  [[nodiscard]] std::string shown_by(std::uint32_t step) const;

 private:
  mutable std::mutex mutex_;
  mutable std::condition_variable changed_;
  std::vector<evidence::Event> events_;
};

plans::Profile fake_profile();

class Bench : public ::testing::Test {
 public:
  Bench();

  // base (whole chip with v1), v1, update (v2): as most jobs need them.
  void artifact(const std::string& name, const Bytes&);
  void derived(const std::string& name, const std::string& from, images::Derivation);
  [[nodiscard]] plans::Marker marker(const std::string& name) const;

  Bench& add(plans::Action, const std::string& role = "dut");
  Bench& finally(plans::Action, const std::string& role = "dut");
  Bench& flash(const std::string& artifact, const std::string& slot = "") {
    return add(plans::Flash{artifact, slot});
  }
  // The board is checked; its program says something at each start.
  evidence::AttemptEnded check() {
    spec.roles[0].profile.deadline_factor = 0.2;  // nothing is waited for that comes
    flash("base").add(plans::CheckBoard{});
    return run();
  }
  // What the check found.
  [[nodiscard]] std::vector<std::string> found(evidence::Finding::Says says) const {
    std::vector<std::string> all;
    for (const auto& finding : events.ended(1).findings) {
      if (finding.says == says) all.push_back(finding.channel + ": " + finding.expected);
    }
    return all;
  }
  Bench& cycle() { return add(plans::Power{plans::Power::To::cycle}); }
  Bench& reset() { return add(plans::Reset{}); }
  Bench& expect(const std::string& marker_name, Duration within = std::chrono::seconds(5));
  Bench& absent(const std::string& marker_name, Duration within);
  Bench& running(const std::string& artifact, std::optional<bool> confirmed = {},
                 Duration within = std::chrono::seconds(5));
  Bench& update(const std::string& artifact, plans::Update::Until = plans::Update::Until::pending,
                Duration within = std::chrono::seconds(20));
  // base flashed, started, seen to be ready: steps 0 to 2.
  Bench& started() { return flash("base").cycle().expect("app.ready"); }

  evidence::AttemptEnded run(std::stop_token stop = {});

  std::vector<std::string> left_on;  // after run()
  TempFolder folder;
  FakeBoard board;
  std::map<std::string, FakeBoard*> others;  // by role
  plans::JobSpec spec;
  Recorder events;
  std::pair<evidence::Verdict, std::string> why_stopped{evidence::Verdict::cancelled,
                                                        "cancelled by a person"};

 private:
  std::map<std::string, std::filesystem::path> files_;
};

// Ends the run's attempts that never end instead of hanging the tests: what the
// sentences above it say about time is not measured.
inline constexpr Duration soon = std::chrono::milliseconds(60);

}  // namespace assay::executor::test
