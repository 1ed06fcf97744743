// These tests see the testbed that they make: they run under its preload library.
#include <gtest/gtest.h>

#include "virtual_usb/testbed.hpp"

int main(int argc, char** argv) {
  assay::virtual_usb::enter_testbed(argv);
  testing::InitGoogleTest(&argc, argv);
  return RUN_ALL_TESTS();
}
