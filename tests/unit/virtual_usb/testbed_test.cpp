// The testbed as unmodified libusb and lsusb see it.
#include "virtual_usb/testbed.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <libusb.h>

#include <atomic>
#include <cstdlib>
#include <thread>

#include "base/process.hpp"

namespace assay::virtual_usb {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

constexpr std::uint8_t in_end = 0x81, out_end = 0x02;

DeviceFacts echo_facts(std::uint16_t product, std::string serial,
                       std::uint8_t device_class = 0xFF) {
  return {.vendor = 0x1209,
          .product = product,
          .manufacturer = "Maker \\ Co",
          .name = "Echo",
          .serial = std::move(serial),
          .interfaces = {{.device_class = device_class,
                          .endpoints = {{.address = in_end}, {.address = out_end}}}}};
}

// Sends back what it is sent, and what it is pushed.
class Echo : public Model {
 public:
  explicit Echo(std::string serial = "E1", std::uint8_t device_class = 0xFF)
      : Model(echo_facts(1, std::move(serial), device_class)) {}
  Answer control(const SetupPacket& setup, ByteView out) override {
    if (setup.request == 0x7F) return {Answer::Kind::later};
    if (setup.request == 0x7E) return {Answer::Kind::stall};
    if (setup.to_host()) return {Answer::Kind::done, last};
    last.assign(out.begin(), out.end());
    return {};
  }
  Answer out(std::uint8_t, ByteView bytes) override {
    heard.insert(heard.end(), bytes.begin(), bytes.end());
    return {};
  }
  Answer in(std::uint8_t, std::size_t length) override {
    ++asked;
    if (heard.empty()) return {Answer::Kind::later};
    Bytes now(heard.begin(),
              heard.begin() + static_cast<std::ptrdiff_t>(std::min(length, heard.size())));
    heard.erase(heard.begin(), heard.begin() + static_cast<std::ptrdiff_t>(now.size()));
    return {Answer::Kind::done, now};
  }
  Bytes last, heard;
  std::atomic<int> asked = 0;
};

class Hub : public Model {
 public:
  Hub()
      : Model({.vendor = 0x05e3,
               .product = 0x0608,
               .device_class = 9,
               .interfaces = {{.device_class = 9}}}) {}
};

class TestbedTest : public testing::Test {
 protected:
  ~TestbedTest() override {
    for (auto* handle : handles) libusb_close(handle);
    if (context != nullptr) libusb_exit(context);
  }
  // "1-4.2 1209:0001" of all that libusb finds.
  std::vector<std::string> found() {
    start();
    libusb_device** list = nullptr;
    const auto count = libusb_get_device_list(context, &list);
    std::vector<std::string> all;
    for (ssize_t i = 0; i < count; ++i) {
      libusb_device_descriptor d{};
      libusb_get_device_descriptor(list[i], &d);
      std::uint8_t ports[8];
      const int depth = libusb_get_port_numbers(list[i], ports, 8);
      std::string place = std::to_string(libusb_get_bus_number(list[i]));
      for (int p = 0; p < depth; ++p) place += (p == 0 ? "-" : ".") + std::to_string(ports[p]);
      all.push_back(fmt::format("{} {:04x}:{:04x} #{}", place, d.idVendor, d.idProduct,
                                libusb_get_device_address(list[i])));
    }
    libusb_free_device_list(list, 1);
    std::sort(all.begin(), all.end());
    return all;
  }
  libusb_device_handle* open() {
    start();
    auto* handle = libusb_open_device_with_vid_pid(context, 0x1209, 1);
    EXPECT_NE(handle, nullptr);
    if (handle != nullptr) handles.push_back(handle);
    return handle;
  }
  void start() {
    if (context == nullptr) {
      ASSERT_EQ(libusb_init(&context), 0);
    }
  }
  static std::string name(int code) { return libusb_error_name(code); }

  Testbed bed;
  libusb_context* context = nullptr;
  std::vector<libusb_device_handle*> handles;
};

TEST_F(TestbedTest, DevicesAreWhereTheyWereAttached) {
  ASSERT_TRUE(bed.attach(std::make_shared<Hub>(), "1-1"));
  ASSERT_TRUE(bed.attach(std::make_shared<Echo>("E1"), "1-1.4"));
  ASSERT_TRUE(bed.attach(std::make_shared<Echo>("E2"), "2-3"));
  EXPECT_THAT(found(), ElementsAre("1-1 05e3:0608 #2", "1-1.4 1209:0001 #3", "2-3 1209:0001 #2"));
  EXPECT_EQ(bed.node("1-1.4"), "/dev/bus/usb/001/003");
}

TEST_F(TestbedTest, RefusesPortsThatCannotBe) {
  for (const auto* port : {"1", "1-", "a-1", "1-4.", "0-1", "1-300"})
    EXPECT_FALSE(bed.attach(std::make_shared<Echo>(), port)) << port;
  EXPECT_EQ(bed.attach(std::make_shared<Echo>(), "1-2.1").error().text,
            "port 1-2.1: attach a hub at 1-2 first");
  ASSERT_TRUE(bed.attach(std::make_shared<Echo>(), "1-2"));
  EXPECT_EQ(bed.attach(std::make_shared<Echo>(), "1-2").error().text,
            "port 1-2 has a device: detach it first");
  EXPECT_EQ(bed.detach("1-3").error().text, "port 1-3 has no device");
}

TEST_F(TestbedTest, StringsComeFromTheDevice) {
  ASSERT_TRUE(bed.attach(std::make_shared<Echo>("E7"), "1-1"));
  unsigned char text[64] = {};
  auto* device = open();
  ASSERT_GT(libusb_get_string_descriptor_ascii(device, 1, text, sizeof text), 0);
  EXPECT_STREQ(reinterpret_cast<char*>(text), "Maker \\ Co");
  ASSERT_GT(libusb_get_string_descriptor_ascii(device, 3, text, sizeof text), 0);
  EXPECT_STREQ(reinterpret_cast<char*>(text), "E7");
}

TEST_F(TestbedTest, CarriesTransfersOfEachKind) {
  const auto echo = std::make_shared<Echo>();
  ASSERT_TRUE(bed.attach(echo, "1-1"));
  auto* device = open();
  ASSERT_EQ(libusb_claim_interface(device, 0), 0);
  unsigned char bytes[600];
  for (std::size_t i = 0; i < sizeof bytes; ++i) bytes[i] = static_cast<unsigned char>(i);
  EXPECT_EQ(libusb_control_transfer(device, 0x40, 1, 0, 0, bytes, 300, 1000), 300);
  unsigned char back[600] = {};
  EXPECT_EQ(libusb_control_transfer(device, 0xC0, 1, 0, 0, back, 600, 1000), 300);
  EXPECT_EQ(std::memcmp(bytes, back, 300), 0);
  int moved = 0;
  EXPECT_EQ(libusb_bulk_transfer(device, out_end, bytes, 600, &moved, 1000), 0);
  EXPECT_EQ(moved, 600);
  EXPECT_EQ(libusb_bulk_transfer(device, in_end, back, 64, &moved, 1000), 0);
  EXPECT_EQ(moved, 64);
  EXPECT_EQ(libusb_bulk_transfer(device, in_end, back, 600, &moved, 1000), 0);
  EXPECT_EQ(moved, 536);
  EXPECT_EQ(std::memcmp(bytes + 64, back, 536), 0);
}

TEST_F(TestbedTest, StallsAndTimesOut) {
  const auto echo = std::make_shared<Echo>();
  ASSERT_TRUE(bed.attach(echo, "1-1"));
  auto* device = open();
  unsigned char bytes[8];
  EXPECT_EQ(name(libusb_control_transfer(device, 0xC0, 0x7E, 0, 0, bytes, 8, 1000)),
            "LIBUSB_ERROR_PIPE");
  EXPECT_EQ(name(libusb_control_transfer(device, 0xC0, 0x7F, 0, 0, bytes, 8, 20)),
            "LIBUSB_ERROR_TIMEOUT");
  int moved = 0;
  ASSERT_EQ(libusb_claim_interface(device, 0), 0);
  EXPECT_EQ(name(libusb_bulk_transfer(device, in_end, bytes, 8, &moved, 100)),
            "LIBUSB_ERROR_TIMEOUT");
  // Asked about once a millisecond: nothing spins.
  EXPECT_LT(echo->asked, 300);
}

TEST_F(TestbedTest, WhatIsPushedArrives) {
  const auto echo = std::make_shared<Echo>();
  ASSERT_TRUE(bed.attach(echo, "1-1"));
  auto* device = open();
  ASSERT_EQ(libusb_claim_interface(device, 0), 0);
  std::jthread pusher([&] {
    while (echo->asked == 0) std::this_thread::yield();
    {
      const auto held = bed.lock();
      echo->heard = {1, 2, 3};
    }
    echo->wake();
  });
  unsigned char bytes[8];
  int moved = 0;
  EXPECT_EQ(libusb_bulk_transfer(device, in_end, bytes, 8, &moved, 10'000), 0);
  EXPECT_EQ(moved, 3);
}

TEST_F(TestbedTest, AnInterfaceHasOneUser) {
  ASSERT_TRUE(bed.attach(std::make_shared<Echo>("E1", 3), "1-1"));
  auto* one = open();
  auto* two = open();
  unsigned char bytes[8] = {};
  const auto report = [&](auto* device) {
    return libusb_control_transfer(device, 0x21, 9, 0x300, 0, bytes, 0, 1000) == 0;
  };
  EXPECT_EQ(libusb_kernel_driver_active(one, 0), 1);
  EXPECT_FALSE(report(one));
  EXPECT_EQ(name(libusb_claim_interface(one, 0)), "LIBUSB_ERROR_BUSY");
  libusb_set_auto_detach_kernel_driver(one, 1);
  libusb_set_auto_detach_kernel_driver(two, 1);
  ASSERT_EQ(libusb_claim_interface(one, 0), 0);
  EXPECT_TRUE(report(one));
  EXPECT_EQ(name(libusb_claim_interface(two, 0)), "LIBUSB_ERROR_BUSY");
  EXPECT_EQ(bed.contended("1-1"), 1U);
  EXPECT_FALSE(report(two));
  ASSERT_EQ(libusb_release_interface(one, 0), 0);
  EXPECT_EQ(libusb_kernel_driver_active(one, 0), 1);
  EXPECT_EQ(libusb_claim_interface(two, 0), 0);
  // Closing lets go.
  libusb_close(two);
  handles.pop_back();
  EXPECT_EQ(libusb_claim_interface(one, 0), 0);
}

TEST_F(TestbedTest, DetachedInTheMiddleOfATransfer) {
  const auto echo = std::make_shared<Echo>();
  ASSERT_TRUE(bed.attach(echo, "1-1"));
  auto* device = open();
  ASSERT_EQ(libusb_claim_interface(device, 0), 0);
  std::jthread hand([&] {
    while (echo->asked == 0) std::this_thread::yield();
    EXPECT_TRUE(bed.detach("1-1"));
  });
  unsigned char bytes[8];
  int moved = 0;
  EXPECT_EQ(name(libusb_bulk_transfer(device, in_end, bytes, 8, &moved, 10'000)),
            "LIBUSB_ERROR_NO_DEVICE");
  hand.join();
  EXPECT_EQ(name(libusb_control_transfer(device, 0xC0, 1, 0, 0, bytes, 8, 1000)),
            "LIBUSB_ERROR_NO_DEVICE");
}

TEST_F(TestbedTest, AModelMayPullItselfOut) {
  class Shy final : public Echo {
   public:
    explicit Shy(Testbed& bed) : bed_(bed) {}
    Answer control(const SetupPacket&, ByteView) override {
      (void)bed_.detach("1-1");
      return {};
    }

   private:
    Testbed& bed_;
  };
  ASSERT_TRUE(bed.attach(std::make_shared<Shy>(bed), "1-1"));
  EXPECT_EQ(name(libusb_control_transfer(open(), 0x40, 1, 0, 0, nullptr, 0, 1000)),
            "LIBUSB_ERROR_NO_DEVICE");
}

TEST_F(TestbedTest, ComesBackUnderAnotherNumber) {
  const auto echo = std::make_shared<Echo>();
  ASSERT_TRUE(bed.attach(std::make_shared<Hub>(), "1-1"));
  ASSERT_TRUE(bed.attach(echo, "1-1.2"));
  ASSERT_TRUE(bed.detach("1-1"));
  EXPECT_THAT(found(), ElementsAre());
  ASSERT_TRUE(bed.attach(std::make_shared<Hub>(), "1-1"));
  ASSERT_TRUE(bed.attach(echo, "1-1.2"));
  libusb_exit(std::exchange(context, nullptr));
  EXPECT_THAT(found(), ElementsAre("1-1 05e3:0608 #4", "1-1.2 1209:0001 #5"));
  EXPECT_EQ(libusb_control_transfer(open(), 0x40, 1, 0, 0, nullptr, 0, 1000), 0);
}

TEST_F(TestbedTest, LibusbHearsOfComingAndGoing) {
  start();
  std::vector<std::string> heard;
  const auto note = +[](libusb_context*, libusb_device*, libusb_hotplug_event event, void* to) {
    static_cast<std::vector<std::string>*>(to)->emplace_back(
        event == LIBUSB_HOTPLUG_EVENT_DEVICE_ARRIVED ? "came" : "went");
    return 0;
  };
  ASSERT_EQ(libusb_hotplug_register_callback(
                context, LIBUSB_HOTPLUG_EVENT_DEVICE_ARRIVED | LIBUSB_HOTPLUG_EVENT_DEVICE_LEFT, 0,
                LIBUSB_HOTPLUG_MATCH_ANY, LIBUSB_HOTPLUG_MATCH_ANY, LIBUSB_HOTPLUG_MATCH_ANY, note,
                &heard, nullptr),
            0);
  const auto hear = [&] {
    const auto before = heard.size();
    timeval limit{10, 0};
    const auto until = Deadline::after(std::chrono::seconds(10));
    while (heard.size() == before && !until.passed())
      libusb_handle_events_timeout_completed(context, &limit, nullptr);
    return heard.size() == before ? "" : heard.back();
  };
  ASSERT_TRUE(bed.attach(std::make_shared<Echo>(), "1-1"));
  EXPECT_EQ(hear(), "came");
  ASSERT_TRUE(bed.detach("1-1"));
  EXPECT_EQ(hear(), "went");
}

// A program that knows nothing of this.
TEST_F(TestbedTest, LsusbListsTheDevices) {
  ASSERT_TRUE(bed.attach(std::make_shared<Echo>("E5"), "1-1"));
  const auto listed =
      run({.args = {"lsusb", "-v", "-d", "1209:"}}, Wait::for_(std::chrono::seconds(30)), 1 << 20);
  ASSERT_TRUE(listed) << listed.error().text;
  EXPECT_THAT(listed->out, HasSubstr("Bus 001 Device 002: ID 1209:0001"));
  EXPECT_THAT(listed->out, HasSubstr("iSerial                 3 E5"));
}

}  // namespace
}  // namespace assay::virtual_usb
