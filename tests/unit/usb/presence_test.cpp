// Devices that are pulled out and put back while nobody uses them.
#include <algorithm>

#include "base/fd.hpp"
#include "drivers/presence.hpp"
#include "switch_fixture.hpp"
#include "virtual_usb/dcttech.hpp"
#include "virtual_usb/hub.hpp"

namespace assay::usb_test {
namespace {

using abilities::Incident;
using virtual_usb::DctTechRelay;

class PresenceTest : public SwitchTest {
 protected:
  std::unique_ptr<abilities::Device> relay(const Json& settings,
                                           const std::string& kind = "dcttech") {
    auto made = drivers::make_driver(
        {kind, settings.dump(), "", [this](const Incident& one) { told.push_back(one); }});
    EXPECT_TRUE(made) << made.error().text;
    return made ? std::move(*made) : nullptr;
  }
  // As a device host does, until `enough`; false: a descriptor was not ready in time.
  template <class Enough>
  bool serve(abilities::Device& device, const Enough& enough, Duration time) {
    const Deadline until = Deadline::after(time);
    while (!enough()) {
      std::vector<pollfd> fds;
      device.poll_fds(fds, false);
      if (!wait_ready(fds, {until, {}})) return false;
      device.on_ready(fds);
    }
    return true;
  }
  bool hears(abilities::Device& device, std::size_t count) {
    return serve(
        device, [&] { return told.size() >= count; }, std::chrono::seconds(20));
  }

  std::vector<Incident> told;
};

TEST_F(PresenceTest, ARelayThatIsPulledOutAndPutBackIsToldOf) {
  plug<DctTechRelay>("1-1", 2U, "BITFT");
  const auto device = relay({{"serial", "BITFT"}, {"channel", 1}});
  bed.detach("1-1");
  ASSERT_TRUE(hears(*device, 1));
  EXPECT_EQ(told[0].kind, Incident::Kind::gone);
  EXPECT_EQ(told[0].text, "no DCT-Tech relay with serial 'BITFT' is attached");
  // On another port: the serial number is what counts.
  plug<DctTechRelay>("1-2", 2U, "BITFT");
  ASSERT_TRUE(hears(*device, 2));
  EXPECT_EQ(told[1].kind, Incident::Kind::back);
  EXPECT_EQ(error_of(device->power()->on(order())), "no error");
}

TEST_F(PresenceTest, AHubIsToldOfAsWell) {
  plug<virtual_usb::Hub>("1-1", 4U);
  plug<DctTechRelay>("1-2", 1U);  // so that there is a bus
  const auto device = relay({{"port", "1-1"}, {"channel", 1}}, "usb-hub");
  bed.detach("1-1");
  ASSERT_TRUE(hears(*device, 1));
  EXPECT_EQ(told[0].text, "no USB hub at port 1-1 is attached");
  plug<virtual_usb::Hub>("1-1", 4U);
  ASSERT_TRUE(hears(*device, 2));
  EXPECT_EQ(told[1].kind, Incident::Kind::back);
}

TEST_F(PresenceTest, OneThatWasNotThereAtTheStartComes) {
  plug<DctTechRelay>("1-1", 2U, "OTHER");  // so that there is a bus
  const auto device = relay({{"serial", "BITFT"}, {"channel", 1}});
  plug<DctTechRelay>("1-3", 2U, "BITFT");
  ASSERT_TRUE(hears(*device, 1));
  EXPECT_EQ(told[0].kind, Incident::Kind::back);
}

TEST_F(PresenceTest, OneThatOnlyEnumeratesAnewIsNoNews) {
  plug<DctTechRelay>("1-1", 2U, "BITFT");
  const auto device = relay({{"serial", "BITFT"}, {"channel", 1}});
  bed.detach("1-1");
  plug<DctTechRelay>("1-1", 2U, "BITFT");
  // What comes next is told first.
  EXPECT_FALSE(serve(
      *device, [&] { return !told.empty(); }, std::chrono::milliseconds(1500)));
  bed.detach("1-1");
  ASSERT_TRUE(hears(*device, 1));
  EXPECT_EQ(told[0].kind, Incident::Kind::gone);
}

TEST_F(PresenceTest, AnotherDeviceIsNoNews) {
  plug<DctTechRelay>("1-1", 2U, "BITFT");
  plug<DctTechRelay>("1-2", 2U, "OTHER");
  const auto device = relay({{"serial", "BITFT"}, {"channel", 1}});
  bed.detach("1-2");
  EXPECT_FALSE(serve(
      *device, [&] { return !told.empty(); }, std::chrono::milliseconds(1500)));
}

}  // namespace
}  // namespace assay::usb_test
