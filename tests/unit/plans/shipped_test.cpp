// The plans and board types that come with Assay: each compiles to exactly the
// steps in golden/, and their keys are those of the schema.
#include "plans/shipped.hpp"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "base/file.hpp"
#include "plans/check.hpp"
#include "support.hpp"

namespace assay::plans {
namespace {

namespace fs = std::filesystem;

// Tests run in the source tree; the program may lie elsewhere.
class Shipped : public testing::Test {
 protected:
  void SetUp() override { setenv("ASSAY_SHARE", fs::current_path().c_str(), 1); }
  void TearDown() override { unsetenv("ASSAY_SHARE"); }
};

std::string text_of(const fs::path& path) {
  return read_text(path).value_or("cannot read " + path.string());
}

std::string golden(const JobSpec& spec) {
  std::string text;
  for (const Artifact& artifact : spec.artifacts) {
    text += "artifact " + artifact.name;
    for (const auto& change : artifact.derivations)
      text += ": " + artifact.from + ", " + images::describe(change);
    text += "\n";
  }
  for (const Marker& marker : spec.never)
    text += "never " + marker.name + " /" + marker.pattern + "/\n";
  for (const auto* list : {&spec.steps, &spec.finally}) {
    for (const Step& step : *list) {
      text += step.id + " | " + step.text + " | " + step.place + "\n";
      if (const auto* expect = std::get_if<Expect>(&step.action)) {
        text += "    /" + expect->marker.pattern + "/";
        if (expect->marker.is) text += " is " + *expect->marker.is + ", the first";
        if (!expect->marker.after.empty()) text += " after /" + expect->marker.after + "/";
        text += "\n";
      }
    }
  }
  return text + "deadline " + human(spec.deadline) + "\n";
}

TEST_F(Shipped, PlansCompileToWhatIsWritten) {
  const auto names = shipped_plans();
  EXPECT_EQ(names, (std::vector<std::string>{"lab-check", "ota-confirm", "ota-corrupt",
                                             "ota-revert", "ota-revert-forged", "smoke"}));
  for (const std::string type : {"virtual-zephyr", "desk-zephyr"}) {
    const auto profile = shipped_profile(type);
    ASSERT_TRUE(profile) << profile.error().text;
    for (const std::string& name : names) {
      const auto source = shipped_plan(name);
      ASSERT_TRUE(source);
      const auto plan = parse_plan(source->text, source->file);
      ASSERT_EQ(findings(plan), "");
      EXPECT_EQ(plan->name, name);
      CompileInputs in;
      in.fragments = shipped_fragments();
      in.profiles["dut"] = *profile;
      if (name != "lab-check") in.artifacts["base"] = {std::string(64, 'a'), 1, "base.hex"};
      if (name != "smoke" && name != "lab-check")
        in.artifacts["update"] = {std::string(64, 'b'), 1, "v2.bin"};
      const auto spec = compile(*plan, in);
      ASSERT_EQ(findings(spec), "");
      const fs::path file = "tests/unit/plans/golden/" + name + ".txt";
      // ASSAY_WRITE_GOLDEN=1: the change is then to be read in the diff.
      if (std::getenv("ASSAY_WRITE_GOLDEN") != nullptr) std::ofstream(file) << golden(*spec);
      EXPECT_EQ(golden(*spec), text_of(file)) << name;
    }
  }
}

TEST_F(Shipped, EveryFileIsFreeOfFindings) {
  std::vector<fs::path> files;
  for (const char* folder : {"test-plans", "test-plans/fragments", "board-profiles"}) {
    for (const auto& entry : fs::directory_iterator(folder)) {
      if (entry.path().extension() == ".yaml") files.push_back(entry.path());
    }
  }
  EXPECT_GE(files.size(), 10u);
  for (const FileCheck& one : check_files(files)) {
    EXPECT_EQ(to_string(one.findings), "");
    EXPECT_EQ(one.name, fs::path(one.file).stem().string());
  }
}

// Nobody has run them: they say so, and their numbers agree with each other.
TEST_F(Shipped, BoardsOfSilicon) {
  const std::vector<std::string> boards = {"nrf52840dk",     "nrf5340dk",        "microbit-v1",
                                           "microbit-v2",    "frdm-k64f",        "nucleo-f767zi",
                                           "b-l475e-iot01a", "esp32-c3-devkit",  "rp2040-pico",
                                           "raspberry-pi-4", "beaglebone-black", "imx8mm-evk"};
  for (const std::string& name : boards) {
    const auto profile = shipped_profile(name);
    ASSERT_TRUE(profile) << profile.error().text;
    EXPECT_NE(text_of("board-profiles/" + name + ".yaml").find("; not tried on hardware.\n"),
              std::string::npos)
        << name;
    for (const Slot& slot : profile->slots) {
      EXPECT_EQ(slot.address % profile->page_size, 0u) << name << " " << slot.name;
      EXPECT_EQ(slot.size % profile->page_size, 0u) << name << " " << slot.name;
    }
    const Slot* primary = find_slot(*profile, "primary");
    const Slot* secondary = find_slot(*profile, "secondary");
    ASSERT_EQ(primary == nullptr, secondary == nullptr) << name;
    if (primary == nullptr) continue;
    EXPECT_EQ(primary->size, secondary->size) << name;
    EXPECT_LE(primary->address + primary->size, secondary->address) << name;
  }
}

TEST_F(Shipped, EveryFragmentIsUsed) {
  std::set<std::string> used;
  for (const std::string& name : shipped_plans()) {
    const auto source = shipped_plan(name);
    const auto plan = parse_plan(source->text, source->file);
    for (const auto& fragment : fragments_used(*plan, shipped_fragments()))
      used.insert(fragment.first);
  }
  for (const auto& entry : fs::directory_iterator("test-plans/fragments")) {
    EXPECT_TRUE(used.contains(entry.path().stem().string())) << entry.path();
  }
}

TEST_F(Shipped, WhatIsNotThere) {
  EXPECT_EQ(shipped_plan("ota-cofirm").error().text,
            "no plan 'ota-cofirm', did you mean 'ota-confirm'?");
  EXPECT_EQ(shipped_plan("../x").error().text,
            "no plan '../x': there are lab-check, ota-confirm, ota-corrupt, ota-revert, "
            "ota-revert-forged, "
            "smoke");
  EXPECT_EQ(shipped_profile("virtual-zephir").error().text,
            "no board type 'virtual-zephir', did you mean 'virtual-zephyr'?");
  setenv("ASSAY_SHARE", "/nonexistent", 1);
  EXPECT_EQ(shipped_plan("smoke").error().text,
            "ASSAY_SHARE=/nonexistent: no test-plans and board-profiles in there");
  EXPECT_TRUE(shipped_plans().empty());
}

TEST_F(Shipped, WhoCanRunThem) {
  const auto source = shipped_plan("ota-confirm");
  const auto plan = parse_plan(source->text, source->file);
  const auto lacks = [&](const char* type) {
    return missing_abilities(*plan, shipped_fragments(), "dut", *shipped_profile(type));
  };
  EXPECT_EQ(lacks("virtual-zephyr"), std::vector<std::string>{});
  EXPECT_EQ(lacks("desk-zephyr"), std::vector<std::string>{});
  EXPECT_EQ(lacks("desk-generic"), (std::vector<std::string>{"ota.smp", "reset"}));
}

TEST_F(Shipped, ChecksOfFiles) {
  const auto folder = TempFolder::make("plans");
  ASSERT_TRUE(folder);
  const auto write = [&](const std::string& name, std::string_view text) {
    const fs::path path = folder->path() / name;
    fs::create_directories(path.parent_path());
    std::ofstream(path) << text;
    return path;
  };
  const auto check_one = [&](const fs::path& path) {
    std::string all = to_string(check_files({path}).at(0).findings);
    const std::string prefix = folder->path().string() + "/";
    for (auto at = all.find(prefix); at != std::string::npos; at = all.find(prefix))
      all.erase(at, prefix.size());
    return all;
  };
  write("fragments/mine.yaml", "fragment: mine\nsteps: [ reset:, power: up ]\n");
  EXPECT_EQ(check_one(write("a.yaml",
                            "plan: a\nroles: { d: { needs: [] } }\nsteps:\n  - use: mine\n  - use: "
                            "start-from-bse\n")),
            "fragments/mine.yaml:2:25: expected on, off or cycle, not 'up'\n"
            "a.yaml:5:10: no fragment 'start-from-bse': it is looked for as "
            "fragments/start-from-bse.yaml beside the plan");
  EXPECT_EQ(
      check_one(write("b.yaml",
                      "plan: b\nroles: { d: { needs: [] } }\nsteps: [ expect: { seen: "
                      "boot.swap.tset, within: 1s } ]\n")),
      "b.yaml:3:26: no board type has the marker 'boot.swap.tset', did you mean 'boot.swap.test'?");
  EXPECT_EQ(check_one(write("lab.yaml",
                            "lab: l\nboards:\n  - id: a\n    profile: virtual-zephir\n    devices: "
                            "{ m: { driver: virtual-zephyr } }\n")),
            "lab.yaml:3:5: no board type 'virtual-zephir', did you mean 'virtual-zephyr'?");
  EXPECT_EQ(
      check_one(write("c.yaml", "boards: []\n")),
      "c.yaml:1:1: not a document of Assay's: begin with 'plan: NAME' (or fragment, profile, lab)");
  EXPECT_EQ(check_one(folder->path() / "none.yaml"), "none.yaml: No such file or directory");
}

}  // namespace
}  // namespace assay::plans
