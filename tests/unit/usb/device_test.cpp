// Finding devices and talking to them, when things go wrong.
#include "usb/device.hpp"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <linux/capability.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>
// After sys/ioctl.h, whose macros it needs:
#include <linux/usbdevice_fs.h>

#include <atomic>
#include <thread>

#include "base/fd.hpp"
#include "virtual_usb/testbed.hpp"

namespace assay::usb {
namespace {

using testing::HasSubstr;
using virtual_usb::Answer;
using virtual_usb::SetupPacket;

enum Request : std::uint8_t { echo = 1, stalls = 2, never = 3 };
constexpr std::uint8_t to_device = 0x40, from_device = 0xC0, in_end = 0x81, out_end = 0x02;

class Box : public virtual_usb::Model {
 public:
  explicit Box(std::string serial = "B1", std::uint8_t device_class = 0xFF)
      : Model({.vendor = 0x1209,
               .product = 7,
               .manufacturer = "Maker",
               .name = "Box 2",
               .serial = std::move(serial),
               .interfaces = {{.device_class = device_class,
                               .endpoints = {{.address = in_end}, {.address = out_end}}}}}) {}
  Answer control(const SetupPacket& setup, ByteView bytes) override {
    ++asked;
    if (setup.request == stalls) return {Answer::Kind::stall};
    if (setup.request == never) return {Answer::Kind::later};
    if (!setup.to_host()) held.assign(bytes.begin(), bytes.end());
    return {Answer::Kind::done, setup.to_host() ? held : Bytes{}};
  }
  Answer out(std::uint8_t, ByteView bytes) override {
    held.assign(bytes.begin(), bytes.end());
    return {};
  }
  Answer in(std::uint8_t, std::size_t) override {
    ++asked;
    if (held.empty()) return {Answer::Kind::later};
    return {Answer::Kind::done, std::exchange(held, {})};
  }
  Bytes held;
  std::atomic<int> asked = 0;
};

Match a_box() {
  return {.what = "box", .ids = {{0x1209, 7}}};
}
Wait soon() {
  return Wait::for_(std::chrono::seconds(30));
}
std::string error_of(const auto& result) {
  return result ? "no error" : result.error().text;
}
Cause cause_of(const auto& result) {
  return result ? Cause::internal : result.error().cause;
}

class LinkTest : public testing::Test {
 protected:
  std::shared_ptr<Box> plug(const std::string& port, std::string serial = "B1") {
    auto box = std::make_shared<Box>(std::move(serial));
    EXPECT_TRUE(bed.attach(box, port));
    return box;
  }
  std::string file(const std::string& port) { return bed.real_path(bed.node(port)); }

  virtual_usb::Testbed bed;
};

// Until destroyed this thread may not open what its file's permissions forbid,
// root or not.
class Unprivileged {
 public:
  Unprivileged() { set(kept_, SYS_capget), drop(); }
  ~Unprivileged() { set(kept_, SYS_capset); }

 private:
  using Sets = __user_cap_data_struct[2];
  static void set(Sets& sets, long call) {
    __user_cap_header_struct head{_LINUX_CAPABILITY_VERSION_3, 0};
    EXPECT_EQ(syscall(call, &head, sets), 0);
  }
  void drop() {
    Sets less{kept_[0], kept_[1]};
    less[0].effective &= ~(1U << CAP_DAC_OVERRIDE | 1U << CAP_DAC_READ_SEARCH);
    set(less, SYS_capset);
  }
  Sets kept_{};
};

TEST_F(LinkTest, ListsWhatIsAttached) {
  EXPECT_TRUE(attached().value().empty());
  plug("1-10", "B10");
  plug("1-2", "");
  const auto all = attached().value();
  ASSERT_EQ(all.size(), 2U);
  EXPECT_EQ(all[0].port, "1-2");
  EXPECT_EQ(all[0].serial, "");
  EXPECT_EQ(all[1].port, "1-10");
  EXPECT_EQ(to_string(all[1].id), "1209:0007");
  EXPECT_EQ(all[1].node, bed.node("1-10"));
  EXPECT_EQ(all[1].manufacturer + "/" + all[1].name + "/" + all[1].serial, "Maker/Box 2/B10");
  EXPECT_EQ(all[1].trouble, "");
}

TEST_F(LinkTest, CarriesBytes) {
  plug("1-1");
  Link link(a_box(), 0);
  EXPECT_EQ(link.about(), "box");
  auto session = link.take(soon()).value();
  EXPECT_EQ(link.about(), "box B1 at 1-1");
  const Bytes bytes{1, 2, 3};
  ASSERT_TRUE(session.control_out(to_device, echo, 0, 0, bytes, soon()));
  EXPECT_EQ(session.control_in(from_device, echo, 0, 0, 64, soon()).value(), bytes);
  ASSERT_TRUE(session.out(out_end, bytes, soon()));
  EXPECT_EQ(session.in(in_end, 64, soon()).value(), bytes);
}

TEST_F(LinkTest, NamesWhatElseIsAttached) {
  Match match = a_box();
  EXPECT_EQ(error_of(Link(match, 0).take(soon())), "no box is attached");
  EXPECT_EQ(cause_of(Link(match, 0).take(soon())), Cause::device);
  plug("1-1", "B1");
  match.port = "1-2";
  EXPECT_EQ(error_of(Link(match, 0).take(soon())),
            "no box at port 1-2 is attached; there is B1 at 1-1");
  match.serial = "B2";
  match.port = "";
  EXPECT_EQ(error_of(Link(match, 0).take(soon())),
            "no box with serial 'B2' is attached; there is B1 at 1-1");
  match.ids = {{0x1209, 8}};
  match.port = "1-1";
  EXPECT_EQ(error_of(Link(match, 0).take(soon())),
            "no box with serial 'B2' at port 1-1 is attached; 1-1 is 1209:0007 'Box 2'");
}

TEST_F(LinkTest, NeverTakesTheFirstOneFound) {
  plug("1-1", "B1");
  plug("1-2", "B1");
  plug("1-3", "B3");
  Match match = a_box();
  EXPECT_EQ(error_of(Link(match, 0).take(soon())),
            "box: 3 are attached: B1 at 1-1, B1 at 1-2, B3 at 1-3; give 'serial' or 'port'");
  match.serial = "B1";
  EXPECT_EQ(error_of(Link(match, 0).take(soon())),
            "box with serial 'B1': 2 are attached: B1 at 1-1, B1 at 1-2; give 'port'");
  match.port = "1-2";
  EXPECT_EQ(Link(match, 0).take(soon()).value().device().port, "1-2");
}

TEST_F(LinkTest, AStallIsARefusal) {
  plug("1-1");
  Link link(a_box(), 0);
  auto session = link.take(soon()).value();
  const auto refused = session.control_in(from_device, stalls, 0, 0, 8, soon());
  EXPECT_EQ(cause_of(refused), Cause::device);
  EXPECT_EQ(error_of(refused), "box B1 at 1-1: it refused a request (stall)");
  EXPECT_TRUE(session.control_out(to_device, echo, 0, 0, {}, soon()));
}

TEST_F(LinkTest, SilenceIsTheDevicesFaultUnlessTheCallerHadNoTime) {
  plug("1-1");
  Link link(a_box(), 0);
  auto session = link.take(soon()).value();
  const auto silent = session.in(in_end, 8, soon());
  EXPECT_EQ(cause_of(silent), Cause::device);
  EXPECT_EQ(error_of(silent), "box B1 at 1-1: it did not answer within 1 s");
  const auto late =
      session.control_in(from_device, never, 0, 0, 8, Wait::for_(std::chrono::milliseconds(20)));
  EXPECT_EQ(cause_of(late), Cause::timeout);
  EXPECT_EQ(error_of(late), "box B1 at 1-1: it did not answer in time");
  std::stop_source stop;
  stop.request_stop();
  EXPECT_EQ(cause_of(session.in(in_end, 8, {Deadline::never(), stop.get_token()})),
            Cause::cancelled);
}

TEST_F(LinkTest, AShortAnswerIsNoAnswer) {
  const auto box = plug("1-1");
  Link link(a_box(), 0);
  auto session = link.take(soon()).value();
  ASSERT_TRUE(session.control_out(to_device, echo, 0, 0, Bytes{1, 2, 3}, soon()));
  EXPECT_EQ(error_of(session.control_in(from_device, echo, 0, 0, 8, soon(), 8)),
            "box B1 at 1-1: it answered 3 of 8 bytes");
  EXPECT_EQ(error_of(session.in(in_end, 8, soon(), 8)), "box B1 at 1-1: it answered 3 of 8 bytes");
}

TEST_F(LinkTest, PulledOutInTheMiddleOfATransfer) {
  const auto box = plug("1-1");
  Link link(a_box(), 0);
  {
    auto session = link.take(soon()).value();
    std::jthread hand([&] {
      while (box->asked == 0) std::this_thread::yield();
      EXPECT_TRUE(bed.detach("1-1"));
    });
    const auto lost = session.in(in_end, 8, soon());
    EXPECT_EQ(cause_of(lost), Cause::device);
    EXPECT_EQ(error_of(lost), "box B1 at 1-1: it was unplugged, or lost its power");
  }
  EXPECT_EQ(error_of(link.take(soon())), "no box is attached");
  EXPECT_EQ(link.about(), "box B1 at 1-1");
}

TEST_F(LinkTest, ComesBackUnderAnotherNumber) {
  const auto box = plug("1-1");
  Link link(a_box(), 0);
  const std::string before = link.take(soon()).value().device().node;
  ASSERT_TRUE(bed.detach("1-1"));
  ASSERT_TRUE(bed.attach(box, "1-1"));
  auto session = link.take(soon()).value();
  EXPECT_NE(session.device().node, before);
  EXPECT_TRUE(session.control_out(to_device, echo, 0, 0, {}, soon()));
}

TEST_F(LinkTest, NamesTheRuleThatGivesPermission) {
  plug("1-1");
  ASSERT_EQ(chmod(file("1-1").c_str(), 0), 0);
  const Unprivileged here;
  const auto refused = Link(a_box(), 0).take(soon());
  EXPECT_EQ(cause_of(refused), Cause::device);
  EXPECT_EQ(error_of(refused),
            "box B1 at 1-1: no permission to open /dev/bus/usb/001/002: write what `assay-agent "
            "udev-rules` prints to /etc/udev/rules.d/70-assay.rules, run `udevadm control "
            "--reload`, and plug it in again");
  // access() goes by the user alone.
  if (geteuid() != 0) {
    EXPECT_THAT(attached().value().at(0).trouble, HasSubstr("70-assay.rules"));
  }
}

TEST_F(LinkTest, WaitsForItsTurn) {
  plug("1-1");
  Link link(a_box(), 0);
  const UniqueFd other(open(file("1-1").c_str(), O_RDWR | O_CLOEXEC));
  ASSERT_EQ(flock(other.get(), LOCK_EX), 0);
  const auto late = link.take(Wait::for_(std::chrono::milliseconds(30)));
  EXPECT_EQ(cause_of(late), Cause::timeout);
  EXPECT_EQ(error_of(late),
            "box B1 at 1-1: /dev/bus/usb/001/002: another process has had it for too long");
  std::jthread hand([&] { flock(other.get(), LOCK_UN); });
  EXPECT_TRUE(link.take(soon()));
}

TEST_F(LinkTest, LetsGoBetweenSessions) {
  plug("1-1");
  Link one(a_box(), 0), two(a_box(), 0);
  for (int i = 0; i < 5; ++i) {
    EXPECT_TRUE(one.take(soon()));
    EXPECT_TRUE(two.take(soon()));
  }
}

TEST_F(LinkTest, AKernelDriverIsDetached) {
  auto box = std::make_shared<Box>("B1", 3);
  ASSERT_TRUE(bed.attach(box, "1-1"));
  Link link(a_box(), 0);
  EXPECT_TRUE(link.take(soon()).value().out(out_end, Bytes{1}, soon()));
}

// A program of somebody else's, which knows nothing of the lock.
TEST_F(LinkTest, AnotherProgramsInterfaceIsNotTaken) {
  plug("1-1");
  Link link(a_box(), 0);
  const UniqueFd other(open(bed.node("1-1").c_str(), O_RDWR | O_CLOEXEC));
  unsigned interface = 0;
  ASSERT_EQ(ioctl(other.get(), USBDEVFS_CLAIMINTERFACE, &interface), 0);
  EXPECT_EQ(error_of(link.take(soon())),
            "box B1 at 1-1: another program uses it: end that one, or set it up not to");
}

}  // namespace
}  // namespace assay::usb
