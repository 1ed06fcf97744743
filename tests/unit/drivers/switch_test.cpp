// What all power switches have in common, on a contact that can misbehave.
#include "drivers/power/switch.hpp"

#include <gtest/gtest.h>

namespace assay::drivers {
namespace {

struct Contact {
  bool closed = false, welded = false, blind = false;
  int failures = 0;  // of the next calls
  int calls = 0;
};

class Relay final : public Switch {
 public:
  explicit Relay(Contact& contact) : contact_(contact) {}
  std::string about() const override { return "relay R1, channel 2"; }
  Result<> set(bool on, const Wait&) override {
    ++contact_.calls;
    if (contact_.failures > 0 && contact_.failures-- > 0)
      return fail(Cause::device, "relay R1: it does not answer");
    contact_.closed = on || contact_.welded;
    return {};
  }
  Result<std::optional<bool>> get(const Wait&) override {
    if (contact_.blind) return std::optional<bool>();
    return std::optional<bool>(contact_.closed);
  }

 private:
  Contact& contact_;
};

std::unique_ptr<abilities::Device> device(Contact& contact, const Json& params = Json::object()) {
  return std::move(make_switch_device(std::make_unique<Relay>(contact), {}, params).value());
}

const abilities::Order order{1, {}};  // however long the tests before took

TEST(Switch, SwitchesAndReadsBack) {
  Contact contact;
  const auto relay = device(contact);
  ASSERT_TRUE(relay->power()->on(order));
  EXPECT_TRUE(contact.closed);
  EXPECT_EQ(relay->power()->is_on(order).value(), std::optional(true));
  EXPECT_EQ(relay->check("power", order).value(), abilities::Health::proven);
  ASSERT_TRUE(relay->power()->off(order));
  EXPECT_FALSE(contact.closed);
  EXPECT_EQ(relay->about("power"), "relay R1, channel 2");
}

TEST(Switch, TheNormallyClosedContactIsInverted) {
  Contact contact;
  const auto relay = device(contact, {{"invert", true}});
  EXPECT_EQ(relay->power()->is_on(order).value(), std::optional(true));
  ASSERT_TRUE(relay->power()->off(order));
  EXPECT_TRUE(contact.closed);
  EXPECT_EQ(relay->power()->is_on(order).value(), std::optional(false));
}

TEST(Switch, WhatCannotBeReadIsNeverOff) {
  Contact contact{.blind = true};
  const auto relay = device(contact);
  ASSERT_TRUE(relay->power()->on(order));
  EXPECT_EQ(relay->power()->is_on(order).value(), std::nullopt);
  EXPECT_EQ(relay->check("power", order).value(), abilities::Health::unproven);
}

TEST(Switch, AWeldedContactIsFound) {
  Contact contact{.closed = true, .welded = true};
  const auto relay = device(contact);
  const auto off = relay->power()->off(order);
  ASSERT_FALSE(off);
  EXPECT_EQ(off.error().cause, Cause::device);
  EXPECT_EQ(off.error().text,
            "relay R1, channel 2: power was switched off, but it reads back as on");
  EXPECT_EQ(contact.calls, 3);
}

TEST(Switch, SomebodyElseSwitchedIt) {
  Contact contact;
  const auto relay = device(contact);
  ASSERT_TRUE(relay->power()->on(order));
  contact.closed = false;
  EXPECT_EQ(relay->check("power", order).error().text,
            "relay R1, channel 2: power was switched on, but it reads back as off");
}

TEST(Switch, AGlitchIsTriedAgainButNotForEver) {
  Contact contact{.failures = 2};
  const auto relay = device(contact);
  EXPECT_TRUE(relay->power()->on(order));
  contact.failures = 3;
  EXPECT_EQ(relay->power()->off(order).error().text, "relay R1: it does not answer");
}

TEST(Switch, SettlingEndsWithItsStop) {
  Contact contact;
  const auto relay = device(contact, {{"settle_ms", 60'000}});
  std::stop_source stop;
  stop.request_stop();
  const auto on = relay->power()->on({1, {Deadline::never(), stop.get_token()}});
  ASSERT_FALSE(on);
  EXPECT_EQ(on.error().cause, Cause::cancelled);
}

}  // namespace
}  // namespace assay::drivers
