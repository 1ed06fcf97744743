// A machine with devices of which only the descriptors count, and serial ports as
// the kernel and udev would list them.
#pragma once

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <memory>
#include <string>

#include "scan/scan.hpp"
#include "virtual_usb/dcttech.hpp"
#include "virtual_usb/testbed.hpp"

namespace assay::scan {

class Thing final : public virtual_usb::Model {
 public:
  explicit Thing(virtual_usb::DeviceFacts facts) : Model(std::move(facts)) {}
};

inline virtual_usb::DeviceFacts probe_facts(std::string serial) {
  return {
      .vendor = 0x0d28,
      .product = 0x0204,
      .manufacturer = "ARM",
      .name = "DAPLink CMSIS-DAP",
      .serial = std::move(serial),
      .interfaces = {{.name = "CMSIS-DAP v1"}, {.device_class = 2, .name = "mbed Serial Port"}}};
}

class ScanTest : public testing::Test {
 protected:
  void plug(const std::string& port, virtual_usb::DeviceFacts facts) {
    attach(port, std::make_shared<Thing>(std::move(facts)));
  }
  void plug_relay(const std::string& port, unsigned channels) {
    attach(port, std::make_shared<virtual_usb::DctTechRelay>(channels));
  }
  void attach(const std::string& port, std::shared_ptr<virtual_usb::Model> model) {
    const auto done = bed_.attach(std::move(model), port);
    ASSERT_TRUE(done) << done.error().text;
  }
  // `interface`: "2-1:1.1" of an adapter that is plugged in; "": a port on the mainboard.
  void add_port(const std::string& name, const std::string& interface, const std::string& by_id) {
    namespace fs = std::filesystem;
    const fs::path terminal = real("/sys/class/tty/" + name);
    fs::create_directories(terminal);
    if (interface.empty()) {
      fs::create_directories(terminal / "device");
    } else {
      const auto device = fs::canonical(real("/sys/bus/usb/devices/" + interface));
      fs::create_symlink(fs::relative(device, terminal), terminal / "device");
    }
    fs::create_directories(real("/dev"));
    std::ofstream(real("/dev/" + name)).put('\n');
    if (by_id.empty()) return;
    fs::create_directories(real("/dev/serial/by-id"));
    fs::create_symlink("../../" + name, real("/dev/serial/by-id/" + by_id));
  }
  void add_attribute(const std::string& path, const std::string& text) {
    std::ofstream(real(path)) << text << "\n";
  }
  [[nodiscard]] std::string real(const std::string& path) const { return bed_.real_path(path); }
  static std::vector<Device> found() {
    auto all = scan();
    EXPECT_TRUE(all) << all.error().text;
    return all.value_or(std::vector<Device>{});
  }

 private:
  virtual_usb::Testbed bed_;
};

}  // namespace assay::scan
