#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <nlohmann/json.hpp>

#include "base/fd.hpp"
#include "base/file.hpp"
#include "base/text.hpp"
#include "drivers/driver.hpp"

using namespace assay;
using namespace assay::drivers;
using abilities::Order;
using testing::HasSubstr;
using namespace std::chrono_literals;

namespace {

std::string error_of(const auto& result) {
  return result ? "no error" : result.error().text;
}
Cause cause_of(const auto& result) {
  return result ? Cause::internal : result.error().cause;
}

class CommandDriver : public testing::Test {
 protected:
  // A program of two lines; returns its path.
  std::string program(const std::string& name, const std::string& body) {
    const auto path = folder.path() / name;
    EXPECT_TRUE(write_file(path, as_bytes("#!/bin/sh\n" + body + "\n")));
    chmod(path.c_str(), 0755);
    return path;
  }
  std::string file(const std::string& name) const { return folder.path() / name; }
  std::string text(const std::string& name) const { return read_text(file(name)).value_or(""); }
  std::unique_ptr<abilities::Device> make(const nlohmann::json& params) {
    auto made = make_driver({"command", params.dump(), folder.path(), nullptr});
    EXPECT_TRUE(made) << made.error().text;
    return made ? std::move(*made) : nullptr;
  }
  std::string refusal(const nlohmann::json& params) {
    return error_of(make_driver({"command", params.dump(), folder.path(), nullptr}));
  }

  TempFolder folder = TempFolder::make("assay-command-").value();
  const Order order{1, Wait::for_(60s)};
};

}  // namespace

TEST_F(CommandDriver, TakesAPercentageThatTheWriterPrintsForProgress) {
  const auto flasher = program("flasher", "echo 'writing: 25%'; printf '\\r[#### ] 50 %%'");
  const auto image = file("image.bin");
  ASSERT_TRUE(write_file(image, Bytes(1000)));
  const auto driver = make({{"write", {flasher, "{file}"}}});
  std::vector<std::uint64_t> done;
  const Order with{1, Wait::for_(60s), [&](const abilities::Progress& now) {
                     EXPECT_EQ(now.doing, "writing");
                     EXPECT_EQ(now.total, 1000U);
                     if (done.empty() || done.back() != now.done) done.push_back(now.done);
                   }};
  ASSERT_TRUE(driver->flash()->write(with, {.file = image}));
  EXPECT_EQ(done, (std::vector<std::uint64_t>{250, 500}));
}

TEST_F(CommandDriver, SwitchesPowerAndReadsItBack) {
  const auto state = file("state");
  const auto relay = program(
      "relay", "case $1 in on|off) echo $1 >" + state + ";; state) cat " + state + ";; esac");
  const auto driver =
      make({{"on", {relay, "on"}}, {"off", {relay, "off"}}, {"status", {relay, "state"}}});
  ASSERT_NE(driver->power(), nullptr);
  EXPECT_EQ(driver->flash(), nullptr);
  EXPECT_EQ(driver->reset(), nullptr);
  EXPECT_EQ(driver->console(), nullptr);
  ASSERT_TRUE(driver->power()->on(order));
  EXPECT_EQ(driver->power()->is_on(order).value(), true);
  EXPECT_EQ(driver->check("power", order).value(), abilities::Health::proven);
  ASSERT_TRUE(driver->power()->off(order));
  EXPECT_EQ(driver->power()->is_on(order).value(), false);
  // Somebody else switched it.
  ASSERT_TRUE(write_file(state, as_bytes("ON\n")));
  const auto fault = driver->check("power", order);
  EXPECT_EQ(cause_of(fault), Cause::device);
  EXPECT_EQ(error_of(fault), "power was switched off, but '" + relay + " state' says on");
  // Unreadable is not off.
  ASSERT_TRUE(write_file(state, as_bytes("perhaps\n")));
  EXPECT_EQ(error_of(driver->power()->is_on(order)),
            "'" + relay + " state': exit status 0: perhaps; it must print on or off");
}

TEST_F(CommandDriver, ARelayThatDoesNothingIsFound) {
  const auto relay = program("relay", "[ $1 != state ] || echo off");
  const auto driver =
      make({{"on", {relay, "on"}}, {"off", {relay, "off"}}, {"status", {relay, "state"}}});
  EXPECT_EQ(error_of(driver->power()->on(order)),
            "power was switched on, but '" + relay + " state' says off");
  EXPECT_TRUE(driver->power()->off(order));
}

// That a program can be run says nothing of the board behind it.
TEST_F(CommandDriver, WhatCannotBeReadBackIsUnproven) {
  const auto yes = program("yes", "exit 0");
  const auto relay = make({{"on", {yes}}, {"off", {yes}}});
  ASSERT_TRUE(relay->power()->on(order));
  EXPECT_EQ(relay->check("power", order).value(), abilities::Health::unproven);
  EXPECT_EQ(make({{"pulse", {yes}}})->check("reset", order).value(), abilities::Health::unproven);
  EXPECT_EQ(make({{"write", {yes}}, {"read", {yes}}})->check("flash", order).value(),
            abilities::Health::unproven);
  // Nobody has switched it yet, but it can be asked.
  EXPECT_EQ(make({{"on", {yes}}, {"off", {yes}}, {"status", {yes}}})->check("power", order).value(),
            abilities::Health::proven);
}

TEST_F(CommandDriver, StatusByExitStatus) {
  const auto yes = program("yes", "exit 0"), no = program("no", "exit 1");
  EXPECT_EQ(make({{"on", {yes}}, {"off", {yes}}, {"status", {yes}}})->power()->is_on(order).value(),
            true);
  EXPECT_EQ(make({{"on", {yes}}, {"off", {yes}}, {"status", {no}}})->power()->is_on(order).value(),
            false);
  EXPECT_EQ(make({{"on", {yes}}, {"off", {yes}}})->power()->is_on(order).value(), std::nullopt);
}

TEST_F(CommandDriver, SaysWhatTheProgramSaid) {
  const auto relay = program("relay", "echo no such port >&2; exit 3");
  const auto driver = make({{"on", {relay, "on"}}, {"off", {relay, "off"}}});
  const auto on = driver->power()->on(order);
  EXPECT_EQ(cause_of(on), Cause::device);
  EXPECT_EQ(error_of(on), "'" + relay + " on': exit status 3: no such port");
  const auto wordy = program("wordy", "echo connecting; echo; echo '  no target' >&2; exit 1");
  EXPECT_EQ(error_of(make({{"pulse", {wordy}}})->reset()->pulse(order)),
            "'" + wordy + "': exit status 1: connecting | no target");
  const auto missing = make({{"pulse", {"/nowhere/reset"}}});
  EXPECT_EQ(error_of(missing->reset()->pulse(order)), "/nowhere/reset: No such file or directory");
  EXPECT_EQ(error_of(missing->check("reset", order)),
            "reset: there is no program '/nowhere/reset'");
}

// Arguments are arguments, whatever stands in them.
TEST_F(CommandDriver, NeverASystemShell) {
  const auto show = program("show", "for a; do echo \"[$a]\"; done >" + file("out"));
  const auto driver = make({{"pulse", {show, "$(touch x)", "a b", "; rm -rf *", "{other}"}}});
  ASSERT_TRUE(driver->reset()->pulse(order));
  EXPECT_EQ(text("out"), "[$(touch x)]\n[a b]\n[; rm -rf *]\n[{other}]\n");
}

TEST_F(CommandDriver, FlashesAndReadsBack) {
  const auto chip = file("chip");
  const auto tool =
      program("tool", "echo \"$@\" >>" + file("log") + "; case $1 in write) cp \"$2\" " + chip +
                          ";; read) head -c \"$3\" " + chip + " >\"$4\";; esac");
  const auto driver = make({{"write", {tool, "write", "{file}", "--base={address}"}},
                            {"read", {tool, "read", "{address}", "{size}", "{file}"}},
                            {"erase", {tool, "erase", "{address}", "{size}"}}});
  const auto image = file("image {size}.bin");  // a name is not looked into
  ASSERT_TRUE(write_file(image, as_bytes("firmware")));
  ASSERT_TRUE(
      driver->flash()->write(order, {.file = image, .address = 0x8000, .erase_size = 4096}));
  ASSERT_TRUE(driver->flash()->write(order, {.file = image, .erase_chip = true}));
  EXPECT_EQ(text("log"), "erase 0x8000 4096\nwrite " + image + " --base=0x8000\n" +
                             "erase 0x0 0\nwrite " + image + " --base=0x0\n");
  const auto read = driver->flash()->read(order, 0x8000, 4).value();
  ASSERT_TRUE(read);
  EXPECT_EQ(as_text(*read), "firm");
  EXPECT_THAT(error_of(driver->flash()->read(order, 0x8000, 100)),
              HasSubstr("left 8 instead of 100 bytes"));
  const auto blind = make({{"write", {tool, "write", "{file}"}}});
  EXPECT_EQ(blind->flash()->read(order, 0, 4).value(), std::nullopt);
}

TEST_F(CommandDriver, ATooSlowProgramDiesWithItsChildren) {
  const auto slow =
      program("slow", "sleep 1000 & echo $! >" + file("child") + "; echo ready; wait");
  const auto driver = make({{"pulse", {slow}}, {"timeout_ms", 400}});
  const auto late = driver->reset()->pulse(order);
  EXPECT_EQ(cause_of(late), Cause::device);
  EXPECT_EQ(error_of(late), "'" + slow + "': did not end in time and was killed");
  // Killed with its parent (and takes a moment to be gone).
  const UniqueFd child(static_cast<int>(syscall(SYS_pidfd_open, std::stoi(text("child")), 0)));
  EXPECT_TRUE(!child || wait_readable(child.get(), Wait::for_(10s)));
  // The caller's own deadline is a timeout, not a fault of the device.
  EXPECT_EQ(cause_of(driver->reset()->pulse({1, Wait::for_(100ms)})), Cause::timeout);
}

TEST_F(CommandDriver, RefusesParametersThatCannotWork) {
  EXPECT_EQ(refusal({{"on", {"a"}}}), "driver command: power needs both 'on' and 'off'");
  EXPECT_EQ(refusal(nlohmann::json::object()),
            "driver command: give 'on' and 'off', 'write', 'pulse', or 'host' and 'dut'");
  EXPECT_EQ(refusal({{"pulse", "reset --now"}}),
            "driver command: 'pulse' must be a list: the program and its arguments");
  EXPECT_EQ(refusal({{"puls", {"a"}}}),
            "driver command: unknown key 'puls', did you mean 'pulse'?");
  EXPECT_EQ(refusal({{"pulse", {"a"}}, {"timeout_ms", 0}}),
            "driver command: 'timeout_ms' must be from 1 to 3600000");
  EXPECT_EQ(error_of(make_driver({"comand", "{}", folder.path(), nullptr})),
            "no driver 'comand', did you mean 'command'?; there are " + join(driver_kinds()));
}
