// What is wrong with a plan, to the letter.
#include "plans/plan.hpp"

#include <gtest/gtest.h>

#include "support.hpp"

namespace assay::plans {
namespace {

std::string wrong(const std::string& text) {
  return findings(parse_plan(text, "p.yaml"));
}
std::string wrong_step(std::string_view steps, std::string_view more = "") {
  return wrong(plan_with(steps, more));
}

TEST(Plan, AWholeOne) {
  const auto plan = parse_plan(R"(plan: ota
about: It works.
roles: { dut: { needs: [power, flash], tags: [ble, site=lab-b] } }
params:
  boots: { type: int, default: 3 }
  kind: { type: choice, choices: [a, b] }
artifacts:
  base: { about: all of it, prints: hello }
  bad: { from: base, flip: { in: header, offset: 0x10, bit: 3 }, truncate: 50% }
never: [ 'panic', app.fault ]
deadline: 2min
steps:
  - flash: base
  - repeat: { times: "${boots}", steps: [ reset:, assert: { running: base } ] }
finally:
  - power: off
)",
                               "p.yaml");
  ASSERT_EQ(findings(plan), "");
  EXPECT_EQ(plan->name, "ota");
  EXPECT_EQ(plan->roles.at(0).needs.size(), 2u);
  EXPECT_EQ(plan->roles.at(0).tags, (std::vector<std::string>{"ble", "site=lab-b"}));
  EXPECT_EQ(plan->params.at(0).fallback, "3");
  EXPECT_EQ(plan->params.at(1).choices, (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(plan->artifacts.at(0).prints, "hello");
  using images::Derivation;
  const auto& changes = plan->artifacts.at(1).derivations;
  ASSERT_EQ(changes.size(), 2u);
  EXPECT_EQ(changes[0], (Derivation{.kind = Derivation::Kind::flip,
                                    .region = Derivation::Region::header,
                                    .offset = 16,
                                    .bit = 3}));
  EXPECT_EQ(changes[1].keep_percent, 50);
  EXPECT_EQ(plan->never.size(), 2u);
  EXPECT_EQ(plan->deadline, Duration(std::chrono::minutes(2)));
}

TEST(Plan, KeysOfTheDocument) {
  EXPECT_EQ(
      wrong("plan: p\nroles: { dut: { needs: [] } }\nstpes: []\n"),
      "p.yaml:1:1: a plan needs 'steps'\np.yaml:3:1: unknown key 'stpes', did you mean 'steps'?");
  EXPECT_EQ(wrong("- a\n"), "p.yaml:1:1: expected a plan (a map), not a list");
  EXPECT_EQ(wrong(""), "p.yaml:1:1: expected a plan (a map), not nothing");
  EXPECT_EQ(
      wrong("plan: p\nroles: { dut: { neds: [] } }\nsteps: [ power: on ]\n"),
      "p.yaml:2:15: a role needs 'needs'\np.yaml:2:17: unknown key 'neds', did you mean 'needs'?");
  EXPECT_EQ(wrong("plan: p\nroles: { dut: { needs: [powr, teleport] } }\nsteps: [ power: on ]\n"),
            "p.yaml:2:25: unknown ability 'powr', did you mean 'power'?\n"
            "p.yaml:2:31: unknown ability 'teleport': there are power, flash, flash.read, console, "
            "reset, ota.smp, mux");
  EXPECT_EQ(
      wrong("plan: p\nroles: { dut: { needs: [], tags: [ble, 'a b'] } }\nsteps: [ power: on ]\n"),
      "p.yaml:2:40: 'a b' is not a name: 1 to 64 letters, digits and - _ . = : /");
  EXPECT_EQ(wrong("plan: p\nroles: { dut: { needs: [], tags: ble } }\nsteps: [ power: on ]\n"),
            "p.yaml:2:34: expected a list of tags, not 'ble'");
  EXPECT_EQ(wrong("plan: p\nroles: { dut: { needs: [] } }\nsteps: []\n"),
            "p.yaml:3:8: needs at least one step");
}

TEST(Plan, Params) {
  const auto params = [](std::string_view one) {
    return wrong_step("  - power: on", "params: { n: " + std::string(one) + " }");
  };
  EXPECT_EQ(params("{ type: int, default: 3 }"), "");
  EXPECT_EQ(params("{ type: int, default: ten }"),
            "p.yaml:4:36: expected a whole number, not 'ten'");
  EXPECT_EQ(params("{ type: integer }"),
            "p.yaml:4:22: expected int, string, bool, duration or choice, not 'integer'");
  EXPECT_EQ(params("{ type: duration, default: 10 }"),
            "p.yaml:4:41: '10' has no unit: write 10ms, 10s or 2min");
  EXPECT_EQ(params("{ type: choice }"), "p.yaml:4:14: 'type: choice' needs 'choices', a list");
  EXPECT_EQ(params("{ type: choice, choices: [a], default: b }"),
            "p.yaml:4:53: 'b' is none of the choices: a");
  EXPECT_EQ(params("{ type: int, choices: [a] }"),
            "p.yaml:4:36: only 'type: choice' has choices, not 'int'");
}

TEST(Plan, Artifacts) {
  const auto artifacts = [](std::string_view lines) {
    return wrong("plan: p\nroles: { dut: { needs: [] } }\nsteps: [ power: on ]\nartifacts:\n" +
                 std::string(lines) + "\n");
  };
  EXPECT_EQ(artifacts("  a: {}\n  b: { from: a, flip: payload }"), "");
  EXPECT_EQ(artifacts("  update: {}\n  b: { from: updte, flip: payload }"),
            "p.yaml:6:14: no artifact 'updte', did you mean 'update'?");
  EXPECT_EQ(artifacts("  a: {}\n  b: { from: a, flip: payload }\n  c: { from: b, truncate: 10 }"),
            "p.yaml:7:14: 'b' is derived itself: name the artifact that is given and list all "
            "changes here");
  EXPECT_EQ(artifacts("  a: { flip: payload }"),
            "p.yaml:5:8: 'flip' needs 'from', the artifact to change");
  EXPECT_EQ(artifacts("  a: {}\n  b: { from: a }"),
            "p.yaml:6:14: 'from' needs a change: flip, truncate or foreign-key");
  EXPECT_EQ(artifacts("  a: {}\n  b: { from: a, flip: body }"),
            "p.yaml:6:23: expected payload, header or tlv, not 'body'");
  EXPECT_EQ(artifacts("  a: {}\n  b: { from: a, truncate: 100% }"),
            "p.yaml:6:27: 100 is out of range: 0 to 99");
  EXPECT_EQ(artifacts("  a: { abuot: x }"),
            "p.yaml:5:8: unknown key 'abuot', did you mean 'about'?");
}

TEST(Plan, Verbs) {
  EXPECT_EQ(wrong_step("  - flsh: base"), "p.yaml:6:5: unknown verb 'flsh', did you mean 'flash'?");
  EXPECT_EQ(wrong_step("  - dance: base"),
            "p.yaml:6:5: unknown verb 'dance': there are flash, power, reset, expect, update, "
            "confirm, erase, "
            "assert, hold, check, repeat, use");
  EXPECT_EQ(wrong_step("  - reset"), "p.yaml:6:5: a step is a map: write 'reset:' with a colon");
  EXPECT_EQ(
      wrong_step("  - reset:\n    power: on"),
      "p.yaml:7:5: one verb a step: 'reset' and 'power' stand in one, begin the second with '-'");
  EXPECT_EQ(wrong_step("  - id: x"),
            "p.yaml:6:5: a step needs a verb: flash, power, reset, expect, update, confirm, erase, "
            "assert, hold, check, "
            "repeat, use");
  EXPECT_EQ(wrong_step("  - check: all"), "p.yaml:6:12: 'check' takes nothing, not 'all'");
  EXPECT_EQ(wrong_step("  - reset: now"), "p.yaml:6:12: 'reset' takes nothing, not 'now'");
  EXPECT_EQ(wrong_step("  - power: up"), "p.yaml:6:12: expected on, off or cycle, not 'up'");
  EXPECT_EQ(wrong_step("  - flash: bsae"), "p.yaml:6:12: no artifact 'bsae', did you mean 'base'?");
  EXPECT_EQ(wrong_step("  - flash: { image: base, slt: primary }"),
            "p.yaml:6:27: unknown key 'slt', did you mean 'slot'?");
  EXPECT_EQ(wrong_step("  - update: { image: update, until: pendig }"),
            "p.yaml:6:37: expected uploaded, pending or confirmed, not 'pendig'");
  EXPECT_EQ(wrong_step("  - update: { image: update, via: http }"),
            "p.yaml:6:35: expected smp, not 'http'");
  EXPECT_EQ(wrong_step("  - confirm: { within: 5 }"),
            "p.yaml:6:24: '5' has no unit: write 10ms, 10s or 2min");
  EXPECT_EQ(wrong_step("  - assert: { running: base, confirmed: maybe }"),
            "p.yaml:6:41: expected true or false, not 'maybe'");
  EXPECT_EQ(wrong_step("  - assert: {}"), "p.yaml:6:13: 'assert' needs 'running'");
  EXPECT_EQ(wrong_step("  - hold: {}"), "p.yaml:6:11: 'hold' needs 'for'");
}

TEST(Plan, Expectations) {
  EXPECT_EQ(wrong_step("  - expect: { seen: app.ready }"),
            "p.yaml:6:13: 'seen' needs 'within', how long to wait for it: within: 10s");
  EXPECT_EQ(wrong_step("  - expect: { absent: app.ready, within: 1s }"),
            "p.yaml:6:13: 'absent' needs 'for', how long to watch: for: 2s\n"
            "p.yaml:6:42: 'absent' takes 'for', not 'within'");
  EXPECT_EQ(wrong_step("  - expect: { within: 1s }"),
            "p.yaml:6:13: 'expect' needs either 'seen' with 'within', or 'absent' with 'for'");
  EXPECT_EQ(wrong_step("  - expect: { seen: 'foo(', within: 1s }"),
            "p.yaml:6:21: not a regular expression (RE2): missing ): foo(");
  EXPECT_EQ(wrong_step("  - power: on", "never: ['*']"),
            "p.yaml:4:9: not a regular expression (RE2): no argument for repetition operator: *");
}

TEST(Plan, RolesOfSteps) {
  const std::string two = "plan: p\nroles: { left: { needs: [] }, right: { needs: [] } }\nsteps:\n";
  EXPECT_EQ(wrong(two + "  - power: on\n"),
            "p.yaml:4:5: which role? Add 'on:' with one of left, right");
  EXPECT_EQ(wrong(two + "  - power: on\n    on: rihgt\n"),
            "p.yaml:5:9: no role 'rihgt', did you mean 'right'?");
  EXPECT_EQ(wrong(two + "  - power: on\n    on: left\n"), "");
  EXPECT_EQ(wrong_step("  - power: on\n    on: dt"),
            "p.yaml:7:9: no role 'dt', did you mean 'dut'?");
}

TEST(Plan, IdsAndRepeats) {
  EXPECT_EQ(wrong_step("  - id: a\n    power: on\n  - id: a\n    power: off"),
            "p.yaml:8:9: the id 'a' is taken by a step in line 6");
  EXPECT_EQ(wrong_step("  - repeat: { times: 0, steps: [ reset: ] }"),
            "p.yaml:6:22: 0 is out of range: 1 to 10000");
  EXPECT_EQ(wrong_step("  - repeat: { times: 2, steps: [] }"),
            "p.yaml:6:32: needs at least one step");
  EXPECT_EQ(wrong_step("  - repeat: { times: \"${n}\", steps: [ reset: ] }"),
            "p.yaml:6:22: '${n}' is not defined: declare it under 'params'");
  EXPECT_EQ(wrong_step("  - repeat:\n      times: 10000\n      steps:\n        - repeat: { times: "
                       "10000, steps: [ reset: ] }"),
            "p.yaml:9:11: more than 10000 steps after 'repeat' and 'use' are expanded");
  EXPECT_EQ(wrong_step("  - power: on\n    with: { a: 1 }"), "p.yaml:7:5: 'with' belongs to 'use'");
}

TEST(Plan, AllFindingsSortedByPlace) {
  EXPECT_EQ(wrong_step("  - power: up\n  - flsh: base\n  - expect: { seen: a b, within: 10 }",
                       "deadline: 3"),
            "p.yaml:4:11: '3' has no unit: write 10ms, 10s or 2min\n"
            "p.yaml:6:12: expected on, off or cycle, not 'up'\n"
            "p.yaml:7:5: unknown verb 'flsh', did you mean 'flash'?\n"
            "p.yaml:8:34: '10' has no unit: write 10ms, 10s or 2min");
}

TEST(Plan, MarkerNames) {
  for (const char* name : {"boot.test", "app.ready", "boot.bad-image", "a.b.c"})
    EXPECT_TRUE(looks_like_marker_name(name));
  for (const char* other : {"ready", "Boot.test", "a..b", ".a", "a.", "a. b", "^a.b", ""}) {
    EXPECT_FALSE(looks_like_marker_name(other)) << other;
  }
}

}  // namespace
}  // namespace assay::plans
