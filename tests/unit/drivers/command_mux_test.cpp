// A mux that programs drive: real programs, which keep its side in a file.
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "base/file.hpp"
#include "drivers/driver.hpp"

namespace assay::drivers {
namespace {

using Json = nlohmann::json;
using Side = abilities::Mux::Side;

class CommandMux : public testing::Test {
 protected:
  std::unique_ptr<abilities::Device> make(const Json& settings) {
    auto made = make_driver({"command", settings.dump(), "", nullptr});
    EXPECT_TRUE(made) << made.error().text;
    return made ? std::move(*made) : nullptr;
  }
  [[nodiscard]] Json script(const std::string& line) const { return {"/bin/sh", "-c", line, file}; }
  static abilities::Order order() { return {1, Wait::for_(std::chrono::seconds(30))}; }

  TempFolder folder = *TempFolder::make("command-mux-");
  const std::string file = folder.path() / "side";
};

TEST_F(CommandMux, SwitchesAndIsReadBack) {
  const auto mux = make({{"host", script("echo host > $0")},
                         {"dut", script("echo dut > $0")},
                         {"status", script("cat $0")}});
  ASSERT_TRUE(mux->mux()->to(order(), Side::dut));
  EXPECT_EQ(mux->mux()->side(order()).value(), Side::dut);
  ASSERT_TRUE(mux->mux()->to(order(), Side::host));
  EXPECT_EQ(mux->mux()->side(order()).value(), Side::host);
  EXPECT_EQ(mux->power(), nullptr);
  EXPECT_EQ(mux->check("mux", order()).value(), abilities::Health::proven);
}

TEST_F(CommandMux, WithoutStatusItCannotBeRead) {
  const auto mux = make({{"host", script("true")}, {"dut", script("true")}});
  ASSERT_TRUE(mux->mux()->to(order(), Side::dut));
  const auto side = mux->mux()->side(order());
  ASSERT_TRUE(side);
  EXPECT_EQ(*side, std::nullopt);
  EXPECT_EQ(mux->check("mux", order()).value(), abilities::Health::unproven);
}

TEST_F(CommandMux, WhatGoesWrongIsTheDevicesAndNamed) {
  const auto mux = make({{"host", script("echo no such switch; exit 3")},
                         {"dut", script("true")},
                         {"status", script("echo on")}});
  const auto failed = mux->mux()->to(order(), Side::host);
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().cause, Cause::device);
  EXPECT_EQ(failed.error().text,
            "'/bin/sh -c echo no such switch; exit 3 " + file + "': exit status 3: no such switch");
  EXPECT_EQ(mux->mux()->side(order()).error().text,
            "'/bin/sh -c echo on " + file + "': exit status 0: on; it must print host or dut");
}

TEST_F(CommandMux, NeedsBothSides) {
  const auto made = make_driver({"command", Json{{"host", {"true"}}}.dump(), "", nullptr});
  ASSERT_FALSE(made);
  EXPECT_EQ(made.error().text, "driver command: a mux needs both 'host' and 'dut'");
}

}  // namespace
}  // namespace assay::drivers
