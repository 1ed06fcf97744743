#include "plans/profile.hpp"

#include <gtest/gtest.h>

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

TEST(Profile, WhatABoardOfTheTypeCanDo) {
  Profile profile;
  profile.abilities = {"power", "flash", "flash.read", "console", "ota.smp"};
  EXPECT_EQ(abilities_of(profile, {"power", "console", "reset"}),
            (std::vector<std::string>{"power", "console", "ota.smp"}));
  EXPECT_EQ(abilities_of(profile, {"power"}), (std::vector<std::string>{"power"}));
}

}  // namespace
}  // namespace assay::plans
