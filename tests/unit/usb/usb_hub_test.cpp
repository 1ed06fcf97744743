#include "virtual_usb/hub.hpp"

#include <filesystem>
#include <fstream>

#include "base/file.hpp"
#include "switch_fixture.hpp"
#include "usb/bus.hpp"
#include "virtual_usb/dcttech.hpp"

namespace assay::usb_test {
namespace {

using virtual_usb::DctTechRelay;
using virtual_usb::Hub;

class UsbHubTest : public SwitchTest {
 protected:
  // Cuts what hangs on its ports.
  std::shared_ptr<Hub> honest(const std::string& port, bool usb3 = false) {
    auto hub = plug<Hub>(port, 4U, Hub::Power::one_by_one, usb3);
    hub->on_power = [this, port](unsigned number, bool on) {
      const auto socket = port + "." + std::to_string(number);
      if (!on && !bed.node(socket).empty()) {
        EXPECT_TRUE(bed.detach(socket));
      }
    };
    return hub;
  }
  static std::string attached_at(const std::vector<usb::Attached>& all) {
    std::string ports;
    for (const auto& one : all) ports += one.port + " ";
    return ports;
  }
};

TEST_F(UsbHubTest, CutsOnePortAndNoOther) {
  const auto hub = honest("1-1");
  plug<DctTechRelay>("1-1.2", 1U);
  plug<DctTechRelay>("1-1.3", 1U);
  const auto port = make("usb-hub", {{"port", "1-1"}, {"channel", 3}});
  EXPECT_EQ(port->power()->is_on(order()).value(), true);
  ASSERT_TRUE(port->power()->off(order()));
  EXPECT_EQ(hub->powered, 0b1011U);
  EXPECT_EQ(attached_at(usb::attached().value()), "1-1 1-1.2 ");
  EXPECT_EQ(port->power()->is_on(order()).value(), false);
  ASSERT_TRUE(port->power()->on(order()));
  EXPECT_EQ(hub->powered, 0b1111U);
  EXPECT_EQ(port->about("power"), "USB hub at 1-1, port 3");
}

TEST_F(UsbHubTest, AHubThatDoesNotTellTheKernelIsBelieved) {
  const auto hub = plug<Hub>("1-1", 4U);
  plug<DctTechRelay>("1-1.3", 1U);
  const auto port = make("usb-hub", {{"port", "1-1"}, {"channel", 3}});
  ASSERT_TRUE(port->power()->off(order()));
  EXPECT_EQ(attached_at(usb::attached().value()), "1-1 1-1.3 ");
  EXPECT_EQ(port->power()->is_on(order()).value(), false);
  EXPECT_EQ(hub->powered, 0b1011U);
}

TEST_F(UsbHubTest, AHubThatLiesIsFoundOut) {
  plug<Hub>("1-1", 4U)->connected = 0b0100;
  plug<DctTechRelay>("1-1.3", 1U);
  const auto port = make("usb-hub", {{"port", "1-1"}, {"channel", 3}});
  EXPECT_EQ(error_of(port->power()->off(order())),
            "USB hub at 1-1, port 3: the hub says that the power is off, but 16c0:05df 'USBRelay1' "
            "is still attached at 1-1.3: the hub does not cut the power, or the device has another "
            "supply");
}

TEST_F(UsbHubTest, HubsThatCannotSwitchOnePortAreRefused) {
  const auto together = plug<Hub>("1-1", 4U, Hub::Power::together);
  const auto never = plug<Hub>("1-2", 4U, Hub::Power::never);
  EXPECT_EQ(fault("usb-hub", {{"port", "1-1"}, {"channel", 1}}),
            "USB hub at 1-1, port 1: this hub switches all its ports together (by its descriptor), "
            "so it cannot be a board's switch; use another hub or a relay");
  EXPECT_EQ(
      fault("usb-hub", {{"port", "1-2"}, {"channel", 1}}),
      "USB hub at 1-2, port 1: this hub does not switch its ports' power (by its descriptor), "
      "so it cannot be a board's switch; use another hub or a relay");
  EXPECT_EQ(together->powered & never->powered, 0b1111U);
  EXPECT_EQ(fault("usb-hub", {{"port", "1-1"}, {"channel", 5}}),
            "USB hub at 1-1, port 5: the hub has 4 ports");
  EXPECT_EQ(refusal("usb-hub", {{"channel", 1}}),
            "driver usb-hub: give 'serial' or 'port': a machine has many hubs");
}

TEST_F(UsbHubTest, BothHalvesOfAUsb3HubAreSwitched) {
  const auto half = honest("1-1"), other = honest("2-1", true);
  plug<DctTechRelay>("2-1.4", 1U);
  const auto port = make("usb-hub", {{"port", "1-1"}, {"peer", "2-1"}, {"channel", 4}});
  ASSERT_TRUE(port->power()->off(order()));
  EXPECT_EQ(half->powered, 0b0111U);
  EXPECT_EQ(other->powered, 0b0111U);
  EXPECT_EQ(attached_at(usb::attached().value()), "1-1 2-1 ");
  // Power by one half is power.
  other->powered = 0b1111;
  EXPECT_EQ(port->power()->is_on(order()).value(), true);
}

class KernelSwitchTest : public UsbHubTest {
 protected:
  // The kernel's switch of port 3, as a file that nothing is behind.
  std::filesystem::path kernel_switch(const std::string& says) {
    const std::filesystem::path folder =
        bed.real_path("/sys/bus/usb/devices/1-1/1-1:1.0/1-1-port3");
    std::filesystem::create_directories(folder);
    const auto file = folder / "disable";
    write(file, says);
    return file;
  }
  static void write(const std::filesystem::path& file, const std::string& says) {
    std::ofstream(file) << says;
  }
  static std::string read(const std::filesystem::path& file) {
    return read_text(file).value_or("none");
  }
};

TEST_F(KernelSwitchTest, TheKernelSwitchesWhereTheLabFileSaysSo) {
  const auto hub = honest("1-1");
  const auto file = kernel_switch("0");
  const auto port = make("usb-hub", {{"port", "1-1"}, {"channel", 3}, {"via", "sysfs"}});
  EXPECT_EQ(port->power()->is_on(order()).value(), true);
  ASSERT_TRUE(port->power()->off(order()));
  EXPECT_EQ(read(file), "1");
  EXPECT_EQ(port->power()->is_on(order()).value(), false);
  ASSERT_TRUE(port->power()->on(order()));
  EXPECT_EQ(read(file), "0");
  EXPECT_EQ(hub->powered, 0b1111U) << "the hub was asked itself";
}

TEST_F(KernelSwitchTest, AHubThatMayBeOpenedIsAskedItself) {
  const auto hub = honest("1-1");
  const auto file = kernel_switch("0");
  const auto port = make("usb-hub", {{"port", "1-1"}, {"channel", 3}});
  ASSERT_TRUE(port->power()->off(order()));
  EXPECT_EQ(read(file), "0");
  EXPECT_EQ(hub->powered, 0b1011U);
}

TEST_F(KernelSwitchTest, WhatStaysIsSeenThisWayToo) {
  honest("1-1");
  kernel_switch("0");
  plug<DctTechRelay>("1-1.3", 1U);
  const auto port = make("usb-hub", {{"port", "1-1"}, {"channel", 3}, {"via", "sysfs"}});
  EXPECT_THAT(error_of(port->power()->off(order())), testing::HasSubstr("still attached at 1-1.3"));
}

TEST_F(KernelSwitchTest, AnOldKernelIsToldFromANewOne) {
  honest("1-1");
  EXPECT_EQ(
      fault("usb-hub", {{"port", "1-1"}, {"channel", 3}, {"via", "sysfs"}}),
      "USB hub at 1-1, port 3: /sys/bus/usb/devices/1-1/1-1:1.0/1-1-port3/disable: No such file "
      "or directory: this kernel has no such switch (Linux 6.0 has), or the hub has no such "
      "port");
  EXPECT_EQ(refusal("usb-hub", {{"port", "1-1"}, {"channel", 3}, {"via", "magic"}}),
            "driver usb-hub: 'via' must be either, usb or sysfs");
}

TEST_F(UsbHubTest, WhatIsNoHubIsNotTaken) {
  plug<DctTechRelay>("1-1", 1U);
  EXPECT_EQ(fault("usb-hub", {{"port", "1-1"}, {"channel", 1}}),
            "no USB hub at port 1-1 is attached; 1-1 is 16c0:05df 'USBRelay1'");
}

}  // namespace
}  // namespace assay::usb_test
