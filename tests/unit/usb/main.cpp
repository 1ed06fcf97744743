// These tests see the testbed that they make: they run under its preload library.
#include <gtest/gtest.h>

#include <cstdio>
#include <cstdlib>

#include "switch_fixture.hpp"

namespace {

// usb_test --switch KIND SETTINGS TIMES: another process that uses a device.
int switch_often(char** argv) {
  using namespace assay;
  const auto device = drivers::make_driver({argv[2], argv[3], "", nullptr});
  for (int left = std::atoi(argv[4]); device && left > 0; --left) {
    for (const bool to : {true, false}) {
      const auto order = usb_test::order();
      auto* power = (*device)->power();
      const auto done = to ? power->on(order) : power->off(order);
      if (done) continue;
      std::puts(done.error().text.c_str());
      return 1;
    }
  }
  return device ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
  assay::virtual_usb::enter_testbed(argv);
  if (argc == 5 && std::string_view(argv[1]) == "--switch") return switch_often(argv);
  testing::InitGoogleTest(&argc, argv);
  return RUN_ALL_TESTS();
}
