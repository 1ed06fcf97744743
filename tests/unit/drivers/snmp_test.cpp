// SNMP outlets by the real net-snmp library against a real snmpd, in which a script
// stands for the vendor's unit.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cstdlib>
#include <nlohmann/json.hpp>

#include "base/file.hpp"
#include "drivers/driver.hpp"
#include "drivers_net/kinds.hpp"
#include "server_program.hpp"

namespace assay::drivers {
namespace {

using abilities::Order;
using nlohmann::json;
using testing::HasSubstr;
using testing::Not;
using namespace std::chrono_literals;

const Order order{1, {}};

std::string error_of(const auto& result) {
  return result ? "no error" : result.error().text;
}
Cause cause_of(const auto& result) {
  return result ? Cause::internal : result.error().cause;
}

// What follows the vendor's table in an object's number is the outlet.
constexpr std::string_view unit_script = R"(#!/bin/sh
state="$(dirname "$0")/state.$2"
case $1 in
-g) [ -e "$state" ] || exit 0
    echo "$2"; echo integer; cat "$state" ;;
-s) [ -e "$state" ] || { echo not-writable; exit 0; }
    [ ! -e "$(dirname "$0")/stuck" ] && echo "$4" >"$state" ;;
esac
exit 0
)";
constexpr const char* apc = ".1.3.6.1.4.1.318.1.1.4.4.2.1.3";
constexpr const char* raritan = ".1.3.6.1.4.1.13742.6.4.1.2.1";

class Snmp : public testing::Test {
 protected:
  Snmp() {
    for (const auto& [name, value] : secrets) setenv(name, value, 1);
    const auto unit = (folder.path() / "unit").string();
    EXPECT_TRUE(write_file(unit, as_bytes(unit_script)));
    chmod(unit.c_str(), 0755);
    const auto config = (folder.path() / "snmpd.conf").string();
    EXPECT_TRUE(write_file(
        config, as_bytes(fmt::format(
                    "agentaddress udp:127.0.0.1:{}\nsysname lab-pdu\nrwcommunity lab-secret\n"
                    "createUser lab SHA {} AES {}\nrwuser lab priv\npass {} {}\npass {} {}\n",
                    port, secrets[1].second, secrets[2].second, apc, unit, raritan, unit))));
    setenv("SNMP_PERSISTENT_DIR", folder.path().c_str(), 1);
    agent = std::make_unique<ServerProgram>(
        std::vector<std::string>{"/usr/sbin/snmpd", "-f", "-Lo", "-C", "-c", config},
        "NET-SNMP version");
    unsetenv("SNMP_PERSISTENT_DIR");
  }
  ~Snmp() override {
    for (const auto& [name, value] : secrets) unsetenv(name);
  }
  void outlet(const std::string& object, const std::string& state) const {
    EXPECT_TRUE(write_file(folder.path() / ("state." + object), as_bytes(state + "\n")));
  }
  std::string state(const std::string& object) const {
    return read_text(folder.path() / ("state." + object)).value_or("none");
  }
  std::string place() const { return "127.0.0.1:" + std::to_string(port); }
  std::unique_ptr<abilities::Device> make(const json& more) const {
    json params{{"host", place()}, {"community", "lab-secret"}};
    params.update(more);
    auto made = make_driver({"snmp", params.dump(), "/nowhere", nullptr}, network_kinds());
    EXPECT_TRUE(made) << error_of(made);
    return made ? std::move(*made) : nullptr;
  }

  static constexpr std::pair<const char*, const char*> secrets[] = {
      {"ASSAY_TEST_COMMUNITY", "lab-secret"},
      {"ASSAY_TEST_PASSWORD", "authentication-1"},
      {"ASSAY_TEST_PRIVACY", "encryption-22"}};
  TempFolder folder = TempFolder::make("assay-snmp-").value();
  const int port = free_port(SOCK_DGRAM);
  std::unique_ptr<ServerProgram> agent;
};

TEST_F(Snmp, SwitchesAVendorsOutletAndReadsItBack) {
  const auto object = std::string(apc) + ".5";
  outlet(object, "2");
  const auto relay = make({{"vendor", "apc"}, {"outlet", "5"}});
  EXPECT_EQ(relay->power()->is_on(order).value(), false);
  ASSERT_TRUE(relay->power()->on(order));
  EXPECT_EQ(state(object), "1\n");
  EXPECT_EQ(relay->check("power", order).value(), abilities::Health::proven);
  ASSERT_TRUE(relay->power()->off(order));
  EXPECT_EQ(state(object), "2\n");
  EXPECT_EQ(relay->about("power"), "SNMP unit " + place() + ", outlet 5");
}

TEST_F(Snmp, ObjectsOfOnesOwn) {
  const auto object = std::string(apc) + ".1";
  outlet(object, "7");
  const auto relay =
      make({{"oid", object}, {"value-on", 6}, {"value-off", 7}, {"name", "lab-pdu"}});
  ASSERT_TRUE(relay->power()->on(order));
  EXPECT_EQ(state(object), "6\n");
  outlet(std::string(apc) + ".2", "3");
  const auto halfway = make({{"oid", std::string(apc) + ".2"}, {"value-on", 6}, {"value-off", 7}});
  EXPECT_EQ(error_of(halfway->power()->is_on(order)),
            "SNMP unit " + place() +
                ", object 1.3.6.1.4.1.318.1.1.4.4.2.1.3.2: its state is 3, neither 6 (on) "
                "nor 7 (off)");
}

// The unit tells its state elsewhere, and does not come round.
TEST_F(Snmp, AUnitThatDoesNotSwitch) {
  outlet(std::string(raritan) + ".2.1.4", "0");
  outlet(std::string(raritan) + ".3.1.4", "8");
  const auto relay = make({{"vendor", "raritan"}, {"outlet", "4"}, {"timeout_ms", 1500}});
  EXPECT_EQ(relay->power()->is_on(order).value(), false);
  EXPECT_EQ(error_of(relay->power()->on(order)), "SNMP unit " + place() +
                                                     ", outlet 4: was told on, but its state is 8 "
                                                     "after 1.5 s");
  EXPECT_EQ(state(std::string(raritan) + ".2.1.4"), "1\n");
}

TEST_F(Snmp, SaysWhatIsWrong) {
  const auto missing = make({{"vendor", "apc"}, {"outlet", "24"}});
  const auto object = place() + ", object 1.3.6.1.4.1.318.1.1.4.4.2.1.3.24: ";
  EXPECT_EQ(error_of(missing->power()->is_on(order)), object + "the agent has no such object");
  const auto on = missing->power()->on(order);
  EXPECT_EQ(cause_of(on), Cause::device);
  EXPECT_THAT(error_of(on), testing::StartsWith(object + "notWritable"));
  const auto other = make({{"vendor", "apc"}, {"outlet", "5"}, {"name", "lab-pdu-2"}});
  EXPECT_EQ(error_of(other->power()->on(order)),
            place() + ": this is 'lab-pdu', not 'lab-pdu-2': has its address changed?");
  const auto text = make({{"oid", "1.3.6.1.2.1.1.5.0"}, {"value-on", 1}, {"value-off", 0}});
  EXPECT_EQ(error_of(text->power()->is_on(order)),
            place() + ", object 1.3.6.1.2.1.1.5.0: is a text, no number");
}

TEST_F(Snmp, AWrongCommunityIsNotAnswered) {
  const auto relay =
      make({{"vendor", "apc"}, {"outlet", "5"}, {"community", "wrong-one"}, {"timeout_ms", 150}});
  const auto on = relay->power()->on(order);
  EXPECT_EQ(cause_of(on), Cause::device);
  EXPECT_EQ(error_of(on), place() + ": no answer within 150 ms: see its address and the community");
  const auto patient = make({{"vendor", "apc"}, {"outlet", "5"}, {"community", "wrong-one"}});
  EXPECT_EQ(cause_of(patient->power()->on({1, Wait::for_(20ms)})), Cause::timeout);
  std::stop_source stop;
  stop.request_stop();
  EXPECT_EQ(cause_of(patient->power()->on({1, {Deadline::never(), stop.get_token()}})),
            Cause::cancelled);
  const auto object = std::string(apc) + ".5";
  outlet(object, "2");
  EXPECT_TRUE(make({{"vendor", "apc"},
                    {"outlet", "5"},
                    {"community", "wrong-one"},
                    {"community-env", "ASSAY_TEST_COMMUNITY"}})
                  ->power()
                  ->on(order));
}

TEST_F(Snmp, Version3) {
  const auto object = std::string(apc) + ".2";
  outlet(object, "2");
  const json params{{"vendor", "apc"},
                    {"outlet", "2"},
                    {"version", 3},
                    {"user", "lab"},
                    {"password-env", "ASSAY_TEST_PASSWORD"},
                    {"privacy-env", "ASSAY_TEST_PRIVACY"},
                    {"timeout_ms", 2000}};
  const auto relay = make(params);
  ASSERT_TRUE(relay->power()->on(order));
  EXPECT_EQ(state(object), "1\n");
  setenv("ASSAY_TEST_PASSWORD", "not-this-one", 1);
  const auto wrong = error_of(relay->power()->off(order));
  EXPECT_THAT(wrong, HasSubstr("Authentication failure"));
  EXPECT_THAT(wrong, Not(HasSubstr("not-this-one")));
  setenv("ASSAY_TEST_PASSWORD", "short", 1);
  EXPECT_EQ(error_of(relay->power()->off(order)),
            place() + ": a password or privacy secret has less than 8 characters");
  auto stranger = params;
  stranger["user"] = "nobody";
  setenv("ASSAY_TEST_PASSWORD", "authentication-1", 1);
  EXPECT_THAT(error_of(make(stranger)->power()->off(order)), HasSubstr("Unknown user name"));
}

TEST(SnmpSettings, RefuseWhatCannotWork) {
  const auto refusal = [](const json& more) {
    json params{{"host", "pdu"}};
    params.update(more);
    return error_of(make_driver({"snmp", params.dump(), "/nowhere", nullptr}, network_kinds()));
  };
  EXPECT_EQ(refusal(json::object()),
            "driver snmp: vendor other needs 'oid', 'value-on' and 'value-off'");
  EXPECT_EQ(refusal({{"oid", "1.3.x"}, {"value-on", 1}, {"value-off", 2}}),
            "driver snmp: '1.3.x' is no object's number: write one like 1.3.6.1.2.1.1.5.0");
  EXPECT_EQ(refusal({{"vendor", "apc"}}),
            "driver snmp: 'outlet' is missing: the number that the unit counts it by");
  EXPECT_EQ(refusal({{"vendor", "apx"}, {"outlet", "1"}}),
            "driver snmp: no vendor 'apx'; there are apc, raritan, eaton, sentry, poe, other");
  EXPECT_EQ(refusal({{"vendor", "apc"}, {"outlet", "1"}, {"version", 3}}),
            "driver snmp: version 3 needs a 'user'");
}

}  // namespace
}  // namespace assay::drivers
