// Switches that speak HTTP, by the real libcurl against a server on loopback.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <nlohmann/json.hpp>

#include "base/file.hpp"
#include "drivers/driver.hpp"
#include "drivers_net/kinds.hpp"
#include "http_server.hpp"

namespace assay::drivers {
namespace {

using abilities::Order;
using nlohmann::json;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;
using namespace std::chrono_literals;

const Order order{1, {}};
constexpr const char* password = "s3cret&\"%";

std::string error_of(const auto& result) {
  return result ? "no error" : result.error().text;
}
Cause cause_of(const auto& result) {
  return result ? Cause::internal : result.error().cause;
}

std::unique_ptr<abilities::Device> make(const std::string& kind, const json& params) {
  auto made = make_driver({kind, params.dump(), "/nowhere", nullptr}, network_kinds());
  EXPECT_TRUE(made) << error_of(made);
  return made ? std::move(*made) : nullptr;
}
std::string refusal(const std::string& kind, const json& params) {
  return error_of(make_driver({kind, params.dump(), "/nowhere", nullptr}, network_kinds()));
}

class HttpSwitches : public testing::Test {
 protected:
  HttpSwitches() { setenv("ASSAY_TEST_PASSWORD", password, 1); }
  ~HttpSwitches() override { unsetenv("ASSAY_TEST_PASSWORD"); }
  json generic(const HttpServer& server) const {
    return {{"on", server.url("/on")}, {"off", server.url("/off")}};
  }
};

TEST_F(HttpSwitches, TheGenericOneSwitchesAndReadsBack) {
  std::string state = "off";
  HttpServer server([&](const std::string& line, const std::string& request) {
    if (line == "POST /set") {
      state = request.substr(request.find("\r\n\r\n") + 4);
      EXPECT_THAT(request, HasSubstr("Content-Type: text/plain\r\n"));
    }
    return HttpServer::answer(R"({"relays": [{"is": ")" + state + R"("}], "ok": 1})");
  });
  const auto relay = make("http", {{"on", server.url("/set")},
                                   {"off", server.url("/set")},
                                   {"status", server.url("/state?of=all")},
                                   {"method", "POST"},
                                   {"on-body", "on"},
                                   {"off-body", "off"},
                                   {"content-type", "text/plain"},
                                   {"expect", "\"ok\": 1"},
                                   {"pointer", "/relays/0/is"},
                                   {"value-on", "on"},
                                   {"value-off", "off"}});
  ASSERT_TRUE(relay->power()->on(order));
  EXPECT_EQ(state, "on");
  EXPECT_EQ(relay->power()->is_on(order).value(), true);
  ASSERT_TRUE(relay->power()->off(order));
  EXPECT_EQ(relay->check("power", order).value(), abilities::Health::proven);
  EXPECT_THAT(server.lines(), ElementsAre("POST /set", "GET /state?of=all", "GET /state?of=all",
                                          "POST /set", "GET /state?of=all", "GET /state?of=all"));
  EXPECT_EQ(relay->about("power"), "HTTP switch " + server.url("/set"));
  state = "halfway";
  EXPECT_EQ(error_of(relay->power()->is_on(order)),
            server.url("/state") + ": says 'halfway', neither 'on' nor 'off'");
}

TEST_F(HttpSwitches, WithoutAStatusItCannotBeRead) {
  HttpServer server([](auto&, auto&) { return HttpServer::answer(""); });
  const auto relay = make("http", generic(server));
  ASSERT_TRUE(relay->power()->on(order));
  EXPECT_EQ(relay->power()->is_on(order).value(), std::nullopt);
}

TEST_F(HttpSwitches, SaysWhatWentWrong) {
  std::string next;
  HttpServer server([&](auto&, auto&) { return next; });
  auto params = generic(server);
  params["expect"] = "done";
  params["status"] = server.url("/state");
  params["pointer"] = "/on";
  const auto relay = make("http", params);
  const auto place = server.url("/on");
  next = HttpServer::answer("no relay 7", "404 Not Found");
  const auto on = relay->power()->on(order);
  EXPECT_EQ(cause_of(on), Cause::device);
  EXPECT_EQ(error_of(on), place + ": HTTP 404: 'no relay 7'");
  EXPECT_THAT(server.lines(), testing::SizeIs(3));
  next = HttpServer::answer("busy");
  EXPECT_EQ(error_of(relay->power()->on(order)), place + ": answers 'busy' instead of 'done'");
  next = HttpServer::answer("", "302 Found", "Location: " + server.url("/elsewhere") + "\r\n");
  EXPECT_EQ(error_of(relay->power()->on(order)),
            place + ": HTTP 302: redirects are not followed: write where it leads to");
  next = HttpServer::answer(std::string(70'000, 'x'));
  EXPECT_EQ(error_of(relay->power()->on(order)), place + ": answers with more than 64.0 KiB");
  next = HttpServer::answer("{}");
  EXPECT_EQ(error_of(relay->power()->is_on(order)),
            server.url("/state") + ": nothing at '/on' in '{}'");
  next = "nonsense\r\n\r\n";
  EXPECT_THAT(error_of(relay->power()->on(order)), StartsWith(place + ": "));
  for (const auto& line : server.lines()) EXPECT_NE(line, "GET /elsewhere");
}

TEST_F(HttpSwitches, AServerThatHangsOrIsNotThere) {
  std::string place;
  {
    std::stop_source stop;
    HttpServer server([&](const std::string& line, auto&) {
      if (line == "GET /off") stop.request_stop();
      return "";
    });
    place = server.url("/on");
    auto params = generic(server);
    params["timeout_ms"] = 20;
    const auto on = make("http", params)->power()->on(order);
    EXPECT_EQ(cause_of(on), Cause::device);
    EXPECT_EQ(error_of(on), place + ": no answer within 20 ms");
    params["timeout_ms"] = 60'000;
    const auto patient = make("http", params);
    EXPECT_EQ(cause_of(patient->power()->on({1, Wait::for_(20ms)})), Cause::timeout);
    EXPECT_EQ(cause_of(patient->power()->off({1, {Deadline::never(), stop.get_token()}})),
              Cause::cancelled);
  }
  const auto refused = make("http", {{"on", place}, {"off", place}})->power()->on(order);
  EXPECT_EQ(cause_of(refused), Cause::device);
  EXPECT_EQ(error_of(refused), place + ": Couldn't connect to server");
}

TEST_F(HttpSwitches, PasswordsAreSentAndNeverTold) {
  bool accepted = true;
  HttpServer server([&](const std::string& line, const std::string& request) {
    if (request.find("Authorization: Basic YWRtaW46czNjcmV0JiIl\r\n") == std::string::npos) {
      return HttpServer::answer("", "401 Unauthorized", "WWW-Authenticate: Basic realm=x\r\n");
    }
    // A server that shows too much.
    if (line == "GET /off") return HttpServer::answer(std::string("you are ") + password);
    return accepted ? HttpServer::answer("done")
                    : HttpServer::answer(password, "500 Internal Server Error");
  });
  auto params = generic(server);
  params.update({{"user", "admin"}, {"password-env", "ASSAY_TEST_PASSWORD"}, {"expect", "done"}});
  const auto relay = make("http", params);
  EXPECT_TRUE(relay->power()->on(order));
  EXPECT_EQ(error_of(relay->power()->off(order)),
            server.url("/off") + ": answers 'you are ***' instead of 'done'");
  accepted = false;
  EXPECT_EQ(error_of(relay->power()->on(order)), server.url("/on") + ": HTTP 500");
  setenv("ASSAY_TEST_PASSWORD", "another", 1);
  EXPECT_EQ(error_of(relay->power()->on(order)),
            server.url("/on") + ": HTTP 401: it refuses user 'admin' or the password");
  unsetenv("ASSAY_TEST_PASSWORD");
  EXPECT_EQ(error_of(relay->power()->on(order)),
            "no variable ASSAY_TEST_PASSWORD in the agent's environment: start it with one");
}

TEST_F(HttpSwitches, RefuseSettingsThatCannotWork) {
  const json good{{"on", "http://a/"}, {"off", "http://a/"}};
  const auto with = [&](const json& more) {
    auto params = good;
    params.update(more);
    return refusal("http", params);
  };
  EXPECT_EQ(with({{"on", "ftp://a/"}}),
            "driver http: an address begins with 'ftp:': it must be http or https");
  EXPECT_EQ(with({{"off", "http://me:hush@a/"}}),
            "driver http: an address holds a user or password: write 'user', and 'password-env' or "
            "'password-file'");
  EXPECT_THAT(with({{"status", "http://me:hush@a:x/"}}), Not(HasSubstr("hush")));
  EXPECT_EQ(with({{"on-body", "x"}}),
            "driver http: a GET has no body: set 'method' to POST or PUT");
  EXPECT_EQ(with({{"pointer", "on"}}),
            "driver http: 'pointer' is no JSON pointer: write one like /relays/0/on");
  EXPECT_EQ(with({{"password-env", "X"}}), "driver http: a password needs a 'user'");
  EXPECT_EQ(with({{"user", "u"}, {"password-env", "X"}, {"password-file", "/x"}}),
            "driver http: give 'password-env' or 'password-file', not both");
  EXPECT_EQ(refusal("tasmota", {{"host", "http://plug/"}}),
            "driver tasmota: 'host' is no name or address of a host: write it without http:// and "
            "without a path");
  EXPECT_EQ(refusal("shelly", {{"host", "plug"}, {"generation", 0}}),
            "driver shelly: 'generation' must be 1, or 2 for all later ones");
}

// Answers as Tasmota does; `relays` are its relays.
struct Tasmota {
  std::vector<bool> relays;
  std::string wanted;  // of user and password

  std::string operator()(const std::string& line) {
    if (line.find(wanted) == std::string::npos) {
      return HttpServer::answer(R"({"WARNING":"Need user=<username>&password=<password>"})",
                                "401 Unauthorized");
    }
    const auto words = line.substr(line.find("cmnd=") + 5);
    if (words == "Status%205") {
      return HttpServer::answer(R"({"StatusNET":{"Hostname":"plug","Mac":"5C:CF:7F:00:00:01"}})");
    }
    auto channel = static_cast<std::size_t>(words[5] - '0');
    if (channel > relays.size()) channel = 1;
    if (words.ends_with("%20on")) relays[channel - 1] = true;
    if (words.ends_with("%20off")) relays[channel - 1] = false;
    const auto name = relays.size() == 1 ? "" : std::to_string(channel);
    return HttpServer::answer("{\"POWER" + name + "\":\"" + (relays[channel - 1] ? "ON" : "OFF") +
                              "\"}");
  }
};

TEST_F(HttpSwitches, TasmotaWithOneRelayAndWithMore) {
  Tasmota plug{{false}, ""}, strip{{false, false, true}, ""};
  HttpServer one([&](auto& line, auto&) { return plug(line); });
  HttpServer three([&](auto& line, auto&) { return strip(line); });
  const auto single = make("tasmota", {{"host", one.host()}});
  ASSERT_TRUE(single->power()->on(order));
  EXPECT_EQ(plug.relays, (std::vector{true}));
  EXPECT_EQ(single->power()->is_on(order).value(), true);
  const auto third = make("tasmota", {{"host", three.host()}, {"channel", 3}});
  EXPECT_EQ(third->power()->is_on(order).value(), true);
  ASSERT_TRUE(third->power()->off(order));
  EXPECT_EQ(strip.relays, (std::vector{false, false, false}));
  EXPECT_EQ(third->about("power"), "Tasmota at " + three.host() + ", relay 3");
  // It would have switched the first one.
  const auto fourth = make("tasmota", {{"host", three.host()}, {"channel", 4}});
  EXPECT_EQ(error_of(fourth->power()->on(order)),
            "Tasmota at " + three.host() + ", relay 4: answers '{\"POWER1\":\"OFF\"}'");
  EXPECT_EQ(strip.relays, (std::vector{false, false, false}));
}

TEST_F(HttpSwitches, TasmotaWithAPassword) {
  const auto folder = TempFolder::make("assay-http-").value();
  const auto file = folder.path() / "password";
  ASSERT_TRUE(write_file(file, as_bytes(std::string(password) + "\n")));
  Tasmota plug{{false}, "user=admin&password=s3cret%26%22%25&"};
  bool broken = false;
  HttpServer server([&](auto& line, auto&) {
    // Its whole request in the answer, in each form.
    if (broken) return HttpServer::answer(json{{"a", line}, {"b", password}}.dump());
    return plug(line);
  });
  const auto relay = make("tasmota", {{"host", server.host()}, {"password-file", file.string()}});
  ASSERT_TRUE(relay->power()->on(order));
  EXPECT_EQ(plug.relays, (std::vector{true}));
  broken = true;
  const auto told = error_of(relay->power()->is_on(order));
  EXPECT_THAT(told, StartsWith("Tasmota at " + server.host() + ", relay 1: answers '"));
  EXPECT_THAT(told, Not(HasSubstr("s3cret")));
  broken = false;
  ASSERT_TRUE(write_file(file, as_bytes("wrong")));
  EXPECT_EQ(
      error_of(relay->power()->off(order)),
      server.url("/cm") + ": HTTP 401: it wants a user and a password, and others than these");
  EXPECT_EQ(error_of(make("tasmota", {{"host", server.host()}})->power()->off(order)),
            server.url("/cm") + ": HTTP 401: it wants a user and a password");
}

TEST_F(HttpSwitches, AnAddressThatWasGivenToAnotherDevice) {
  Tasmota plug{{false}, ""};
  HttpServer server([&](auto& line, auto&) { return plug(line); });
  ASSERT_TRUE(
      make("tasmota", {{"host", server.host()}, {"mac", "5ccf7f000001"}})->power()->on(order));
  plug.relays[0] = false;
  const auto other = make("tasmota", {{"host", server.host()}, {"mac", "5C-CF-7F-00-00-02"}});
  EXPECT_EQ(error_of(other->power()->on(order)),
            "Tasmota at " + server.host() +
                ": this is the device with the MAC '5C:CF:7F:00:00:01', not '5C-CF-7F-00-00-02': "
                "has its address changed?");
  EXPECT_EQ(plug.relays, (std::vector{false}));
}

TEST_F(HttpSwitches, ShellyOfBothGenerations) {
  bool on = false;
  HttpServer first([&](const std::string& line, const std::string&) {
    if (line == "GET /shelly") return HttpServer::answer(R"({"type":"SHPLG-S","mac":"A1"})");
    if (line == "GET /relay/0?turn=on") on = true;
    if (line == "GET /relay/0?turn=off") on = false;
    return HttpServer::answer(json{{"ison", on}, {"has_timer", false}}.dump());
  });
  const auto plug = make("shelly", {{"host", first.host()}, {"generation", 1}, {"mac", "a1"}});
  ASSERT_TRUE(plug->power()->on(order));
  EXPECT_TRUE(on);
  ASSERT_TRUE(plug->power()->off(order));
  EXPECT_EQ(plug->power()->is_on(order).value(), false);
  HttpServer second([&](const std::string& line, const std::string&) {
    if (line == "GET /rpc/Switch.Set?id=2&on=true") return on = true, HttpServer::answer("{}");
    if (line == "GET /rpc/Switch.GetStatus?id=2")
      return HttpServer::answer(json{{"id", 2}, {"output", on}}.dump());
    return HttpServer::answer(R"({"code":-105,"message":"no such id"})", "404 Not Found");
  });
  const auto relay = make("shelly", {{"host", second.host()}, {"channel", 2}});
  EXPECT_EQ(relay->power()->is_on(order).value(), false);
  ASSERT_TRUE(relay->power()->on(order));
  EXPECT_EQ(error_of(make("shelly", {{"host", second.host()}})->power()->on(order)),
            second.url("/rpc/Switch.Set") +
                ": HTTP 404: '{\"code\":-105,\"message\":\"no such "
                "id\"}'");
}

TEST_F(HttpSwitches, ShellyWantsDigest) {
  bool seen = false;
  HttpServer server([&](const std::string&, const std::string& request) {
    if (request.find("Authorization: Digest username=\"admin\"") == std::string::npos) {
      return HttpServer::answer(
          "", "401 Unauthorized",
          "WWW-Authenticate: Digest qop=\"auth\", realm=\"shelly\", nonce=\"60dc5e8a\", "
          "algorithm=SHA-256\r\n");
    }
    seen = request.find("algorithm=SHA-256") != std::string::npos &&
           request.find("s3cret") == std::string::npos;
    return HttpServer::answer(R"({"id":0,"output":true})");
  });
  const auto relay =
      make("shelly", {{"host", server.host()}, {"password-env", "ASSAY_TEST_PASSWORD"}});
  EXPECT_EQ(relay->power()->is_on(order).value(), true);
  EXPECT_TRUE(seen);
}

}  // namespace
}  // namespace assay::drivers
