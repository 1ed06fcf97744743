// Everything that is YAML: plans (compiled for a board type where they are good),
// fragments, board profiles, lab files.
#include "fuzz.hpp"
#include "plans/compile.hpp"
#include "plans/lab.hpp"
#include "plans/plan.hpp"
#include "plans/profile.hpp"

using namespace assay;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const auto profile =
      plans::parse_profile(fuzz::files("board-profiles", "virtual-zephyr.yaml").at(0), "profile");
  const std::string_view text = as_text({data, size});
  (void)plans::parse_profile(text, "input");
  (void)plans::parse_lab(text, "input");
  (void)plans::parse_fragment(text, "input");
  const auto plan = plans::parse_plan(text, "input");
  if (!plan || !profile) return 0;
  plans::CompileInputs inputs;
  for (const auto& role : plan->roles) inputs.profiles[role.name] = *profile;
  for (const auto& artifact : plan->artifacts) {
    if (artifact.from.empty()) {
      inputs.artifacts[artifact.name] = {std::string(64, 'a'), 1000, artifact.name};
    }
  }
  (void)plans::compile(*plan, inputs);
  return 0;
}

std::vector<std::string> fuzz::seeds() {
  auto all = files("test-plans", ".yaml");
  for (auto& profile : files("board-profiles", ".yaml")) all.push_back(std::move(profile));
  all.push_back(
      "lab: desk\nboards:\n  - id: b1\n    profile: desk-generic\n    tags: [a]\n    devices:\n"
      "      power: { driver: command, on: [relay, \"on\"], off: [relay, \"off\"] }\n"
      "      console: { driver: serial, path: /dev/ttyS0, baud: 115200 }\n");
  return all;
}
