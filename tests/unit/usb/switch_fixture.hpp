// A testbed, and power switches made as the lab file's settings say.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "base/process.hpp"
#include "drivers/driver.hpp"
#include "virtual_usb/testbed.hpp"

namespace assay::usb_test {

using Json = nlohmann::json;

inline abilities::Order order() {
  return {1, Wait::for_(std::chrono::seconds(30))};
}
inline std::string error_of(const auto& result) {
  return result ? "no error" : result.error().text;
}

class SwitchTest : public testing::Test {
 protected:
  template <class M, class... Args>
  std::shared_ptr<M> plug(const std::string& port, Args&&... args) {
    auto model = std::make_shared<M>(std::forward<Args>(args)...);
    plug_in(model, port);
    return model;
  }
  void plug_in(std::shared_ptr<virtual_usb::Model> model, const std::string& port) {
    const auto done = bed.attach(std::move(model), port);
    EXPECT_TRUE(done) << done.error().text;
  }
  std::unique_ptr<abilities::Device> make(const std::string& kind, const Json& settings) {
    auto made = drivers::make_driver({kind, settings.dump(), "", nullptr});
    EXPECT_TRUE(made) << made.error().text;
    return made ? std::move(*made) : nullptr;
  }
  // What comes of switching it on.
  std::string fault(const std::string& kind, const Json& settings) {
    const auto device = make(kind, settings);
    return device ? error_of(device->power()->on(order())) : "";
  }
  std::string refusal(const std::string& kind, const Json& settings) {
    return error_of(drivers::make_driver({kind, settings.dump(), "", nullptr}));
  }

  // Two other processes switch what is at 1-1 at the same time, `times` on and off each.
  void switch_at_once(const std::string& kind, const Json& one, const Json& two, int times) {
    const auto start = [&](const Json& settings) {
      return Process::start(
          {.args = {"/proc/self/exe", "--switch", kind, settings.dump(), std::to_string(times)},
           .fds = {{1, 1}}});
    };
    auto first = start(one), second = start(two);
    ASSERT_TRUE(first && second);
    for (auto* process : {&*first, &*second}) {
      const auto status = process->wait(order().wait);
      ASSERT_TRUE(status);
      EXPECT_TRUE(status->ok()) << to_string(*status);
    }
    EXPECT_EQ(bed.contended("1-1"), 0U);
  }

  virtual_usb::Testbed bed;
};

}  // namespace assay::usb_test
