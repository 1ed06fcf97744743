// From a plan to a job: what is expanded, and what a board type must bear out.
#include "plans/compile.hpp"

#include <gtest/gtest.h>

#include "support.hpp"

namespace assay::plans {
namespace {

using namespace std::chrono_literals;

Profile board_type() {
  auto profile = parse_profile(R"(profile: board
abilities: [power, flash, console, ota.smp, flash.read]
flash:
  base: 0
  size: 256K
  page: 1K
  slots: { primary: { address: 0x8000, size: 0x1A000 } }
markers:
  boot.start: '^start'
  boot.test: { line: 'Swap type: (\w+)', after: boot.start, is: test }
  app.ready: 'ready'
  app.name: 'I am (\S+)'
identity: app.name
)",
                               "board.yaml");
  EXPECT_EQ(findings(profile), "");
  return profile.value_or(Profile{});
}

Plan plan_of(const std::string& text) {
  auto plan = parse_plan(text, "p.yaml");
  EXPECT_EQ(findings(plan), "");
  return plan.value_or(Plan{});
}

CompileInputs inputs() {
  CompileInputs in;
  in.fragments = no_fragments();
  in.profiles["dut"] = board_type();
  in.artifacts["base"] = {std::string(64, 'a'), 100, "base.hex"};
  in.artifacts["update"] = {std::string(64, 'b'), 200, "update.bin"};
  return in;
}

Checked<JobSpec> compiled(std::string_view steps, const CompileInputs& in = inputs(),
                          std::string_view more = "") {
  return compile(plan_of(plan_with(steps, more)), in);
}
std::string wrong(std::string_view steps, const CompileInputs& in = inputs(),
                  std::string_view more = "") {
  return findings(compiled(steps, in, more));
}

// "id | text | place" of each step.
std::string listing(const Checked<JobSpec>& spec) {
  if (!spec) return findings(spec);
  std::string lines;
  for (const Step& step : spec->steps)
    lines += step.id + " | " + step.text + " | " + step.place + "\n";
  return lines;
}

TEST(Compile, EveryVerb) {
  const auto spec = compiled(R"(  - flash: base
  - flash: { image: update, slot: primary, again: true }
  - power: on
  - reset:
  - expect: { seen: boot.test, within: 5s }
  - expect: { absent: 'x+', for: 2s }
  - id: install
    update: { image: update, until: confirmed, within: 90s }
  - confirm:
  - erase: { within: 3s }
  - assert: { running: base, confirmed: false }
  - hold: { for: 30m })");
  EXPECT_EQ(listing(spec), R"(step-1 | flash base | p.yaml:6:5
step-2 | flash update into slot primary, also when it is there already | p.yaml:7:5
step-3 | power on | p.yaml:8:5
step-4 | reset | p.yaml:9:5
step-5 | expect boot.test within 5 s | p.yaml:10:5
step-6 | expect no x+ for 2 s | p.yaml:11:5
install | send update over SMP until confirmed, within 1 min 30 s | p.yaml:12:5
step-8 | confirm the running image | p.yaml:14:5
step-9 | erase the secondary slot | p.yaml:15:5
step-10 | assert that base runs, not confirmed | p.yaml:16:5
step-11 | hold for 30 min | p.yaml:17:5
)");
  ASSERT_TRUE(spec);
  EXPECT_FALSE(std::get<Flash>(spec->steps[0].action).again);
  EXPECT_TRUE(std::get<Flash>(spec->steps[1].action).again);
  EXPECT_EQ(std::get<Expect>(spec->steps[4].action).marker,
            (Marker{"boot.test", "Swap type: (\\w+)", "^start", "test"}));
  EXPECT_EQ(std::get<Expect>(spec->steps[5].action).marker, (Marker{"x+", "x+", "", std::nullopt}));
  EXPECT_EQ(spec->roles.at(0).needs,
            (std::vector<std::string>{"console", "flash", "ota.smp", "power"}));
  EXPECT_EQ(spec->artifacts.at(1).file_name, "update.bin");
  // 30 s, 1 s a step, and what each may take.
  EXPECT_EQ(spec->deadline,
            30s + 11s + 120s + 120s + 20s + 10s + 5s + 2s + 90s + 5s + 3s + 10s + 30min);
}

TEST(Compile, DiskBehindAMuxTakesTimePowerAndItsMux) {
  CompileInputs in = inputs();
  auto& type = in.profiles["dut"];
  type.abilities.emplace_back("mux");
  const auto spec =
      compiled("  - flash: base\n  - flash: { image: base, bmap: update, within: 1h }", in);
  EXPECT_EQ(listing(spec),
            "step-1 | flash base | p.yaml:6:5\n"
            "step-2 | flash base by the block map update | p.yaml:7:5\n");
  ASSERT_TRUE(spec);
  EXPECT_EQ(spec->roles.at(0).needs, (std::vector<std::string>{"flash", "mux", "power"}));
  EXPECT_EQ(std::get<Flash>(spec->steps[0].action).within, 30min);
  EXPECT_EQ(std::get<Flash>(spec->steps[1].action).within, 1h);
  EXPECT_EQ(std::get<Flash>(spec->steps[1].action).map, "update");
  EXPECT_EQ(spec->deadline, 30s + 2s + 30min + 1h);
  EXPECT_EQ(findings(parse_plan(plan_with("  - flash: { image: base, bmap: updat }"), "p.yaml")),
            "p.yaml:6:33: no artifact 'updat', did you mean 'update'?");
}

TEST(Compile, Artifacts) {
  CompileInputs in = inputs();
  in.artifacts.erase("update");
  in.artifacts["updat"] = {};
  EXPECT_EQ(wrong("  - power: on", in),
            "p.yaml: the plan has no artifact 'updat', did you mean 'update'?\n"
            "p.yaml:3:24: artifact 'update' is not given: add --artifact update=FILE");
  const Plan plan = plan_of(
      "plan: p\nroles: { dut: { needs: [] } }\nsteps: [ power: on ]\n"
      "artifacts:\n  base: {}\n  bad: { from: base, flip: payload }\n");
  in = inputs();
  in.artifacts.erase("update");
  in.artifacts["bad"] = {};
  EXPECT_EQ(findings(compile(plan, in)),
            "p.yaml:6:3: artifact 'bad' is made from 'base': give that one only");
}

TEST(Compile, Params) {
  const std::string params = "params: { n: { type: int }, word: { type: string, default: hello } }";
  CompileInputs in = inputs();
  EXPECT_EQ(wrong("  - power: on", in, params),
            "p.yaml:4:11: parameter 'n' has no default and is not given: add --param n=VALUE");
  in.params = {{"n", "ten"}, {"wrod", "x"}};
  EXPECT_EQ(wrong("  - power: on", in, params),
            "p.yaml: the plan has no parameter 'wrod', did you mean 'word'?\n"
            "p.yaml:4:11: --param n=ten: expected a whole number, not 'ten'");
  in.params = {{"n", "2"}};
  const auto spec = compiled(
      "  - repeat: { times: \"${n}\", steps: [ expect: { seen: \"a ${word}\", within: 1s } ] }", in,
      params);
  EXPECT_EQ(listing(spec),
            "step-1 | expect a hello within 1 s | p.yaml:6:39\nstep-2 | expect a hello within 1 s "
            "| p.yaml:6:39\n");
  ASSERT_TRUE(spec);
  EXPECT_EQ(spec->params, (std::map<std::string, std::string>{{"n", "2"}, {"word", "hello"}}));
  // Values are checked where they are used.
  in.params = {{"time", "10"}};
  EXPECT_EQ(wrong("  - hold: { for: \"${time}\" }", in,
                  "params: { time: { type: string, default: 1s } }"),
            "p.yaml:6:18: '10' has no unit: write 10ms, 10s or 2min");
}

TEST(Compile, WhatTheBoardTypeLacks) {
  CompileInputs in = inputs();
  Profile& type = in.profiles["dut"];
  type.abilities = {"power", "flash.read"};
  EXPECT_EQ(wrong("  - flash: base\n  - reset:\n  - confirm:", in),
            "p.yaml:6:5: board type 'board' lacks 'flash', which 'flash' needs\n"
            "p.yaml:7:5: board type 'board' lacks 'reset', which 'reset' needs\n"
            "p.yaml:8:5: board type 'board' lacks 'ota.smp', which 'confirm' needs");
  type.abilities = {"flash"};
  EXPECT_EQ(wrong("  - power: on", in),
            "p.yaml:2:25: board type 'board' lacks 'power', which role 'dut' needs");
  EXPECT_EQ(wrong("  - flash: { image: base, slot: primry }", inputs()),
            "p.yaml:6:33: board type 'board' has no slot 'primry', did you mean 'primary'?");
  in.profiles.clear();
  EXPECT_EQ(wrong("  - power: on", in),
            "p.yaml:2:10: role 'dut' has no board type: add --profile NAME");
}

TEST(Compile, ResetWithoutALineIsAskedBySmp) {
  CompileInputs in = inputs();
  EXPECT_EQ(wrong("  - reset:", in), "");
  EXPECT_EQ(missing_abilities(plan_of(plan_with("  - reset:")), no_fragments(), "dut",
                              in.profiles["dut"]),
            std::vector<std::string>{});
}

TEST(Compile, Markers) {
  EXPECT_EQ(wrong("  - expect: { seen: app.raedy, within: 1s }"),
            "p.yaml:6:21: board type 'board' has no marker 'app.raedy', did you mean 'app.ready'?");
  EXPECT_EQ(wrong("  - power: on", inputs(), "never: [boot.tset]"),
            "p.yaml:4:9: board type 'board' has no marker 'boot.tset', did you mean 'boot.test'?");
}

TEST(Compile, AssertNeedsTwoChannels) {
  CompileInputs in = inputs();
  Profile& type = in.profiles["dut"];
  type.abilities = {"power", "console"};
  EXPECT_EQ(wrong("  - assert: { running: base }", in),
            "p.yaml:6:5: 'assert' needs two channels that can disagree, board type 'board' gives "
            "only console: "
            "add 'ota.smp' to the board type or 'flash.read' to the board type");
  type.identity = "";
  type.abilities = {"power", "console", "flash.read"};
  EXPECT_EQ(wrong("  - assert: { running: base }", in),
            "p.yaml:6:5: 'assert' needs two channels that can disagree, board type 'board' gives "
            "only flash.read: "
            "add 'prints:' to artifact 'base' or 'ota.smp' to the board type");
  EXPECT_EQ(findings(compile(plan_of("plan: p\nroles: { dut: { needs: [] } }\nartifacts: { base: { "
                                     "prints: v1 }, update: {} }\n"
                                     "steps: [ assert: { running: base } ]\n"),
                             in)),
            "");
  type.identity = "app.name";
  EXPECT_EQ(wrong("  - assert: { running: base, confirmed: true }", in),
            "p.yaml:6:5: 'confirmed' is asked by SMP, and board type 'board' lacks 'ota.smp'");
}

TEST(Compile, IdsStayUnique) {
  EXPECT_EQ(
      listing(compiled("  - repeat:\n      times: 2\n      steps:\n        - id: a\n          "
                       "reset:\n        - power: on\n"
                       "  - id: step-5\n    power: off\n  - reset:")),
      "a[1] | reset | p.yaml:9:11\nstep-2 | power on | p.yaml:11:11\na[2] | reset | p.yaml:9:11\n"
      "step-4 | power on | p.yaml:11:11\nstep-5 | power off | p.yaml:12:5\nstep-6 | reset | "
      "p.yaml:14:5\n");
}

TEST(Compile, Fragments) {
  CompileInputs in = inputs();
  in.fragments =
      fragments_from({{"boot",
                       "fragment: boot\nparams: { image: { type: string }, time: { type: duration, "
                       "default: 5s } }\nsteps:\n"
                       "  - id: write\n    flash: \"${image}\"\n  - expect: { seen: app.ready, "
                       "within: \"${time}\" }\n"},
                      {"outer", "fragment: outer\nsteps: [ use: boot, with: { image: base } ]\n"},
                      {"a", "fragment: a\nsteps:\n  - use: b\n"},
                      {"b", "fragment: b\nsteps:\n  - use: a\n"},
                      {"broken", "fragment: broken\nsteps: [ resett: ]\n"},
                      {"leaks", "fragment: leaks\nsteps: [ flash: \"${image}\" ]\n"}});
  EXPECT_EQ(listing(compiled("  - use: boot\n    with: { image: update, time: 1s }\n  - use: "
                             "boot\n    with: { image: base }",
                             in)),
            "boot.write | flash update | fragments/boot.yaml:4:5\n"
            "step-2 | expect app.ready within 1 s | fragments/boot.yaml:6:5\n"
            "boot.write#2 | flash base | fragments/boot.yaml:4:5\n"
            "step-4 | expect app.ready within 5 s | fragments/boot.yaml:6:5\n");
  EXPECT_EQ(wrong("  - use: boot", in),
            "p.yaml:6:10: fragment 'boot' needs 'image': add 'with: { image: ... }'");
  EXPECT_EQ(wrong("  - use: boot\n    with: { image: base, tiem: 1s, time: 9 }", in),
            "p.yaml:7:26: fragment 'boot' has no parameter 'tiem', did you mean 'time'?\n"
            "p.yaml:7:42: '9' has no unit: write 10ms, 10s or 2min");
  EXPECT_EQ(
      wrong("  - use: boots", in),
      "p.yaml:6:10: no fragment 'boots': it is looked for as fragments/boots.yaml beside the plan");
  EXPECT_EQ(wrong("  - use: a", in),
            "fragments/b.yaml:3:10: fragments use each other in a circle: a -> b -> a");
  EXPECT_EQ(wrong("  - use: broken", in),
            "fragments/broken.yaml:2:10: unknown verb 'resett', did you mean 'reset'?");
  // A fragment knows only what it is given.
  EXPECT_EQ(wrong("  - use: leaks", in, "params: { image: { type: string, default: base } }"),
            "fragments/leaks.yaml:2:17: '${image}' is not defined: declare it under 'params'");

  const Plan plan = plan_of(plan_with("  - repeat: { times: 1, steps: [ use: outer ] }"));
  const auto used = fragments_used(plan, in.fragments);
  EXPECT_EQ(used.size(), 2u);
  EXPECT_TRUE(used.contains("boot") && used.contains("outer"));
}

TEST(Compile, NoFragmentBombs) {
  CompileInputs in = inputs();
  std::map<std::string, std::string> texts;
  for (int i = 0; i < 7; ++i) {
    std::string text = "fragment: f" + std::to_string(i) + "\nsteps:\n";
    for (int k = 0; k < 100; ++k) text += "  - use: f" + std::to_string(i + 1) + "\n";
    texts["f" + std::to_string(i)] = text;
  }
  texts["f7"] = "fragment: f7\nsteps: [ reset: ]\n";
  in.fragments = fragments_from(texts);
  EXPECT_NE(
      wrong("  - use: f0", in).find("more than 10000 steps after 'repeat' and 'use' are expanded"),
      std::string::npos);
}

TEST(Compile, TheDigestCoversTheJob) {
  const auto one = compiled("  - power: on");
  ASSERT_TRUE(one);
  const std::string digest = spec_digest(*one);
  EXPECT_TRUE(is_sha256_hex(digest));
  EXPECT_EQ(digest, spec_digest(*compiled("  - power: on")));
  std::set<std::string> all = {digest};
  JobSpec other = *one;
  other.steps[0].action = Power{Power::To::off};
  all.insert(spec_digest(other));
  other.steps[0].action = Confirm{5s};
  all.insert(spec_digest(other));
  other.steps[0].action = Erase{5s};
  all.insert(spec_digest(other));
  other.steps[0].action = Flash{"base", ""};
  all.insert(spec_digest(other));
  other.steps[0].action = Flash{"base", "", true};
  all.insert(spec_digest(other));
  other.steps[0].action = Flash{"base", "", true, "map", {}};
  all.insert(spec_digest(other));
  other.steps[0].action = Flash{"base", "", true, "map", 5s};
  all.insert(spec_digest(other));
  other.roles[0].profile.deadline_factor = 2;
  all.insert(spec_digest(other));
  other.artifacts[0].sha256[0] = 'c';
  all.insert(spec_digest(other));
  other.artifacts[0].file_name = "\xFF";
  all.insert(spec_digest(other));
  EXPECT_EQ(all.size(), 11u);
}

}  // namespace
}  // namespace assay::plans
