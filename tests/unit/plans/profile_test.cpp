#include "plans/profile.hpp"

#include <gtest/gtest.h>

#include <cstdlib>
#include <map>

#include "support.hpp"

namespace assay::plans {
namespace {

std::string wrong(const std::string& lines) {
  return findings(parse_profile("profile: b\nabilities: [power]\n" + lines, "b.yaml"));
}

TEST(Profile, Markers) {
  EXPECT_EQ(wrong("markers: { ready: x }\n"),
            "b.yaml:3:12: 'ready' is not a marker's name: lower-case words joined by dots, such as "
            "boot.start");
  EXPECT_EQ(
      wrong("markers:\n  boot.start: x\n  boot.test: { line: 'y', after: boot.satrt, is: z }\n"),
      "b.yaml:5:34: no marker 'boot.satrt', did you mean 'boot.start'?\n"
      "b.yaml:5:50: 'is' compares the first group, and 'line' has none: add ( )");
  EXPECT_EQ(wrong("markers: { boot.test: { line: '(y)', is: z } }\n"),
            "b.yaml:3:42: 'is' needs 'after': of which lines must the first be this?");
  EXPECT_EQ(wrong("markers: { app.ready: 'a(' }\n"),
            "b.yaml:3:23: not a regular expression (RE2): missing ): a(");
  EXPECT_EQ(
      wrong("markers: { app.name: x }\nidentity: app.name\n"),
      "b.yaml:4:11: marker 'app.name' captures nothing: put ( ) around what names the program");
  EXPECT_EQ(wrong("markers: { app.name: (x) }\nalive: app.nmae\n"),
            "b.yaml:4:8: no marker 'app.nmae', did you mean 'app.name'?");
}

TEST(Profile, RecoveryAndHealth) {
  const std::string head = "profile: b\nabilities: [power]\n";
  const auto all = parse_profile(head, "b.yaml");
  EXPECT_EQ(all->recovery, (std::vector<Rung>{Rung::reset_probe, Rung::power_cycle, Rung::hub_cycle,
                                              Rung::golden}));
  EXPECT_EQ(all->health.plan, "");
  const auto some = parse_profile(head +
                                      "recovery: [golden, reset-probe]\nhealth: { plan: lab-check, "
                                      "every: 6h, at-start: false }\n",
                                  "b.yaml");
  ASSERT_EQ(findings(some), "");
  EXPECT_EQ(some->recovery, (std::vector<Rung>{Rung::golden, Rung::reset_probe}));
  EXPECT_EQ(some->health, (HealthCheck{"lab-check", std::chrono::hours(6), false, true}));
  EXPECT_TRUE(parse_profile(head + "recovery: []\n", "b.yaml")->recovery.empty());
  EXPECT_EQ(
      wrong("recovery: [reset-prob]\n"),
      "b.yaml:3:12: expected reset-probe, power-cycle, hub-cycle or golden, not 'reset-prob'");
  EXPECT_EQ(wrong("recovery: [golden, golden]\n"), "b.yaml:3:20: 'golden' is listed twice");
  EXPECT_EQ(wrong("health: { plan: lab-chek }\n"),
            "b.yaml:3:17: no plan 'lab-chek', did you mean 'lab-check'?");
  EXPECT_EQ(wrong("health: { plan: lab-check, every: 1s }\n"), "b.yaml:3:35: at least 1m");
  EXPECT_EQ(wrong("health: { every: 1h }\n"), "b.yaml:3:9: 'health' needs 'plan'");
}

TEST(Profile, MemoryMap) {
  EXPECT_EQ(wrong("flash: { base: 0, size: 64K, page: 1K, slots: { primary: { address: 0x8000, "
                  "size: 0x10000 } } }\n"),
            "b.yaml:3:49: slot 'primary' ends outside the flash, which is 0x0 to 0x10000");
  EXPECT_EQ(wrong("flash: { base: 0, size: 64K, page: 1000 }\n"),
            "b.yaml:3:36: 1000 is not a power of two");
  EXPECT_EQ(wrong("flash: { base: 0, size: 64K, page: 1K, write-alignment: 3 }\n"),
            "b.yaml:3:57: 3 is not 1, 2, 4, 8, 16 or 32");
  EXPECT_EQ(wrong("deadline-factor: 1000\n"), "b.yaml:3:18: 1000 is out of range: 0.1 to 100");
  EXPECT_EQ(wrong("deadline-factor: fast\n"), "b.yaml:3:18: expected a number, not 'fast'");
}

ProfileSource known(std::map<std::string, std::string> texts) {
  return [texts = std::move(texts)](const std::string& name) -> std::optional<SourceText> {
    const auto it = texts.find(name);
    if (it == texts.end()) return std::nullopt;
    return SourceText{name + ".yaml", it->second};
  };
}

constexpr const char* base_type = R"(profile: base
about: The one.
abilities: [power, console]
flash: { base: 0, size: 64K, page: 1K, write-alignment: 4, slots: { primary: { address: 0, size: 4K }, other: { address: 4K, size: 4K } } }
markers: { boot.start: 'one', boot.name: '(x)' }
identity: boot.name
deadline-factor: 3
)";

TEST(Profile, LikeAnotherButForWhatItSays) {
  const auto profile = parse_profile(
      "profile: mine\nlike: base\nabilities: [power]\n"
      "flash: { size: 128K, slots: { primary: { address: 0x10000, size: 4K } } }\n"
      "markers: { boot.start: 'mine', app.ready: 'new' }\n",
      "mine.yaml", known({{"base", base_type}}));
  ASSERT_EQ(findings(profile), "");
  EXPECT_EQ(profile->name, "mine");
  EXPECT_EQ(profile->abilities, std::vector<std::string>{"power"});
  EXPECT_EQ(profile->flash_size, 128u << 10);
  EXPECT_EQ(profile->page_size, 1024u);
  EXPECT_EQ(profile->write_alignment, 4u);
  EXPECT_EQ(profile->slots, (std::vector<Slot>{{"primary", 0x10000, 4096, 0}}));
  EXPECT_EQ(profile->identity, "boot.name");
  EXPECT_EQ(profile->deadline_factor, 3);
  ASSERT_EQ(profile->markers.size(), 3u);
  EXPECT_EQ(find_marker(*profile, "boot.start")->pattern, "mine");
  EXPECT_EQ(find_marker(*profile, "boot.name")->pattern, "(x)");
  EXPECT_EQ(find_marker(*profile, "app.ready")->pattern, "new");
}

TEST(Profile, LikeOneThatIsLikeAnother) {
  const auto profile = parse_profile(
      "profile: c\nlike: b\n", "c.yaml",
      known({{"base", base_type}, {"b", "profile: b\nlike: base\ndeadline-factor: 5\n"}}));
  ASSERT_EQ(findings(profile), "");
  EXPECT_EQ(profile->name, "c");
  EXPECT_EQ(profile->deadline_factor, 5);
  EXPECT_EQ(profile->slots.size(), 2u);
}

TEST(Profile, LikeNothingThatCanBe) {
  setenv("ASSAY_SHARE", ".", 1);  // tests run in the source tree
  const auto none = [](const std::string& lines, std::map<std::string, std::string> texts) {
    return findings(parse_profile("profile: b\n" + lines, "b.yaml", known(std::move(texts))));
  };
  EXPECT_EQ(none("like: desk-zephir\nabilities: [power]\n", {}),
            "b.yaml:2:7: no board type 'desk-zephir', did you mean 'desk-zephyr'?");
  EXPECT_EQ(none("like: b\nabilities: []\n", {}),
            "b.yaml:2:7: 'b' is like itself: b, which is like b");
  EXPECT_EQ(none("like: c\nabilities: []\n", {{"c", "profile: c\nlike: b\n"}}),
            "c.yaml:2:7: 'b' is like itself: b, which is like c, which is like b");
  EXPECT_EQ(none("like: [c]\nabilities: []\n", {}), "b.yaml:2:7: expected a name, not a list");
  // Of the two together, each part is named where it stands.
  EXPECT_EQ(none("like: base\nflash: { size: 4K }\n", {{"base", base_type}}),
            "base.yaml:4:104: slot 'other' ends outside the flash, which is 0x0 to 0x1000");
  EXPECT_EQ(none("like: base\nflahs: {}\n", {{"base", base_type}}),
            "b.yaml:3:1: unknown key 'flahs', did you mean 'flash'?");
  // `profile` and `about` are nobody else's.
  EXPECT_EQ(findings(parse_profile("like: base\n", "b.yaml", known({{"base", base_type}}))),
            "b.yaml:1:1: a board type needs 'profile'");
  unsetenv("ASSAY_SHARE");
}

TEST(Profile, WhatABoardOfTheTypeCanDo) {
  Profile profile;
  profile.abilities = {"power", "flash", "flash.read", "console", "ota.smp"};
  EXPECT_EQ(abilities_of(profile, {"power", "console", "reset"}),
            (std::vector<std::string>{"power", "console", "ota.smp"}));
  EXPECT_EQ(abilities_of(profile, {"power"}), (std::vector<std::string>{"power"}));
}

TEST(Profile, MuxNeedsPower) {
  EXPECT_EQ(findings(parse_profile("profile: b\nabilities: [flash, mux]\n", "b.yaml")),
            "b.yaml:2:12: 'mux' needs 'power': a disk is taken only from a board that is off");
}

}  // namespace
}  // namespace assay::plans
