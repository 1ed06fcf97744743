#include "bench.hpp"

#include <algorithm>

namespace assay::executor::test {

void Recorder::emit(const std::string& role, const std::string& board, evidence::Body body) {
  const std::scoped_lock lock(mutex_);
  events_.push_back({events_.size() + 1, {}, role, board, std::move(body)});
  changed_.notify_all();
}

std::vector<evidence::Event> Recorder::events() const {
  const std::scoped_lock lock(mutex_);
  return events_;
}

void Recorder::wait_for_step(std::uint32_t step) const {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [&] {
    return std::any_of(events_.begin(), events_.end(), [&](const auto& event) {
      const auto* started = std::get_if<evidence::StepStarted>(&event.body);
      return started != nullptr && started->step == step;
    });
  });
}

evidence::StepEnded Recorder::ended(std::uint32_t step) const {
  for (const auto& end : all<evidence::StepEnded>()) {
    if (end.step == step) return end;
  }
  ADD_FAILURE() << "step " << step << " has not ended";
  return {};
}

std::string Recorder::shown_by(std::uint32_t step) const {
  std::string stream;
  for (const auto& bytes : all<evidence::ConsoleBytes>()) {
    if (!bytes.sent) stream += as_text(bytes.bytes);
  }
  const auto end = ended(step);
  return stream.substr(end.console_offset, end.console_length);
}

plans::Profile fake_profile() {
  plans::Profile profile;
  profile.name = "fake";
  profile.abilities = {"power", "flash", "flash.read", "console", "reset", "ota.smp"};
  profile.flash_size = flash_size;
  profile.page_size = 0x400;
  profile.slots = {{"primary", slot0, slot_size, 0}, {"secondary", slot1, slot_size, slot1_offset}};
  const std::string start = "^I: Starting bootloader";
  profile.markers = {
      {"boot.start", start, "", {}},
      {"boot.swap.test", R"(Image index: 0, Swap type: (\w+))", start, "test"},
      {"boot.swap.none", R"(Image index: 0, Swap type: (\w+))", start, "none"},
      {"boot.swap.revert", R"(Image index: 0, Swap type: (\w+))", start, "revert"},
      {"boot.bad-image", "^E: Image in the secondary slot is not valid!", start, {}},
      {"boot.no-image", "^E: Unable to find bootable image", "", {}},
      {"boot.version", R"(^I: Image version: v(\S+))", start, {}},
      {"boot.jump", "^I: Jumping to the first image slot", "", {}},
      {"app.ready", "smp_sample: build time: ", "", {}},
      {"app.identity", R"(smp_sample: build time: (.*\S))", "", {}},
  };
  profile.identity = "app.identity";
  profile.alive = "app.ready";
  return profile;
}

Bench::Bench() : folder(*TempFolder::make("executor-test")) {
  spec.plan = "test";
  spec.roles = {{"dut", {"power", "flash", "console"}, "", fake_profile()}};
  const auto v1 = signed_image({1, 0, 0, 0}, "Jun  3 2026"),
             v2 = signed_image({2, 0, 0, 0}, "Jul  1 2026");
  Bytes chip(slot0, 0xFF);
  chip.insert(chip.end(), v1.begin(), v1.end());
  artifact("base", chip);
  artifact("update", v2);
}

void Bench::artifact(const std::string& name, const Bytes& bytes) {
  const auto path = folder.path() / (name + ".bin");
  EXPECT_TRUE(write_file(path, bytes));
  files_[name] = path;
  spec.artifacts.push_back(
      {name, "", to_hex(sha256(bytes)), bytes.size(), name + ".bin", "", {}, ""});
}

void Bench::derived(const std::string& name, const std::string& from,
                    images::Derivation derivation) {
  spec.artifacts.push_back({name, "", "", 0, "", from, {derivation}, ""});
}

plans::Marker Bench::marker(const std::string& name) const {
  for (const auto& known : spec.roles[0].profile.markers) {
    if (known.name == name) return known;
  }
  return {name, name, "", {}};
}

Bench& Bench::add(plans::Action action, const std::string& role) {
  const auto n = spec.steps.size();
  spec.steps.push_back({"", role, "step " + std::to_string(n),
                        "test.yaml:" + std::to_string(n + 1) + ":1", std::move(action)});
  return *this;
}

Bench& Bench::finally(plans::Action action, const std::string& role) {
  spec.finally.push_back({"", role, "finally", "test.yaml:90:1", std::move(action)});
  return *this;
}

Bench& Bench::expect(const std::string& name, Duration within) {
  return add(plans::Expect{marker(name), false, within});
}
Bench& Bench::absent(const std::string& name, Duration within) {
  return add(plans::Expect{marker(name), true, within});
}
Bench& Bench::running(const std::string& artifact, std::optional<bool> confirmed, Duration within) {
  return add(plans::AssertRunning{artifact, confirmed, within});
}
Bench& Bench::update(const std::string& artifact, plans::Update::Until until, Duration within) {
  return add(plans::Update{artifact, until, within});
}

evidence::AttemptEnded Bench::run(std::stop_token stop) {
  AttemptInputs inputs{
      spec, {{"dut", {&board, 1}}},        files_, folder.path() / "scratch", "agent-1",
      {},   [this] { return why_stopped; }};
  for (const auto& [role, other] : others) inputs.boards[role] = {other, 1};
  auto result = run_attempt(inputs, events, std::move(stop));
  left_on = std::move(result.left_on);
  return std::move(result.end);
}

}  // namespace assay::executor::test
