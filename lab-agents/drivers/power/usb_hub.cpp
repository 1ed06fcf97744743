// Port power of a USB hub, by requests to the hub itself. Only hubs that say that
// they switch ports one by one are taken; one that says so and does not is found
// out when it still sees what is plugged into the port. A USB 3 hub is two hubs with the
// same sockets: `peer` is the other one.
//
// Where the hub may not be opened, or `via` says so, the kernel is asked to do it (Linux
// 6.0 and later). It first lets go of what is plugged in, so that this is gone whatever
// the hub does: a hub that lies is not found out.
// Source: USB 2.0 specification, 11.23 and 11.24; USB 3.2, 10.13 to 10.16; the Linux
// kernel's Documentation/ABI/testing/sysfs-bus-usb, portX/disable.
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "base/file.hpp"

#include "drivers/power/usb_switch.hpp"
#include "usb/uevents.hpp"

namespace assay::drivers {

namespace {

constexpr std::uint8_t hub_class = 9;
constexpr std::uint8_t from_hub = 0xA0, from_port = 0xA3, to_port = 0x23, from_device = 0x80;
constexpr std::uint8_t get_status = 0, clear_feature = 1, set_feature = 3, get_descriptor = 6;
constexpr std::uint16_t port_power = 8;
constexpr unsigned one_by_one = 1;  // wHubCharacteristics, bits 0 and 1
// For the kernel or the hub to notice that a device is gone.
constexpr Duration noticing = std::chrono::seconds(1);

struct Facts {
  bool usb3 = false;
  unsigned ports = 0, power_switching = 0;
};

Result<Facts> facts_of(usb::Session& hub, const Wait& wait) {
  constexpr std::uint16_t device_descriptor = 0x0100;
  const auto device =
      TRY(hub.control_in(from_device, get_descriptor, device_descriptor, 0, 18, wait, 4));
  Facts facts{.usb3 = device[3] >= 3};
  const std::uint16_t which = facts.usb3 ? 0x2A00 : 0x2900;
  const auto said = TRY(hub.control_in(from_hub, get_descriptor, which, 0, 12, wait, 5));
  facts.ports = said[2];
  facts.power_switching = said[3] & 3U;
  return facts;
}

// Where a device that is plugged into the port is attached. A root hub "usb1" has
// its ports at "1-4".
std::string socket_of(const usb::Attached& hub, unsigned port) {
  return hub.port.starts_with("usb") ? fmt::format("{}-{}", hub.port.substr(3), port)
                                     : fmt::format("{}.{}", hub.port, port);
}

// The kernel's own switch of a port: 1 is off.
std::string kernel_switch(const usb::Attached& hub, unsigned port) {
  const auto home = "/sys/bus/usb/devices/" + hub.port;
  auto configuration = read_text(home + "/bConfigurationValue", 64).value_or("");
  while (!configuration.empty() && configuration.back() == '\n') configuration.pop_back();
  const auto interface = (hub.port.starts_with("usb") ? hub.port.substr(3) + "-0" : hub.port) +
                         ":" + configuration + ".0";
  return fmt::format("{}/{}/{}-port{}/disable", home, interface, hub.port, port);
}

Error kernel_refuses(const std::string& file, int error) {
  std::string cure;
  if (error == ENOENT)
    cure = ": this kernel has no such switch (Linux 6.0 has), or the hub has no such port";
  if (error == EACCES)
    cure = ": only root may, unless a udev rule of yours gives the file to the agent's group";
  return {Cause::device, fmt::format("{}: {}{}", file, std::strerror(error), cure)};
}

struct Half {
  usb::Match match;
  usb::Link link;
};

class UsbHub final : public Switch {
 public:
  enum class Via { either, usb, sysfs };
  UsbHub(std::vector<Half> hubs, unsigned port, Via via)
      : hubs_(std::move(hubs)), port_(port), via_(via) {}

  std::string about() const override {
    return fmt::format("{}, port {}", hubs_.front().link.about(), port_);
  }
  bool is_plugged() const override { return true; }
  Result<> look(const Wait&) override {
    for (const auto& half : hubs_) TRY(usb::find(half.match));
    return {};
  }

  Result<> set(bool on, const Wait& wait) override {
    // Heard from now on, so that nothing that goes is missed.
    auto uevents = TRY(usb::Uevents::listen());
    for (auto& half : hubs_) {
      const auto port = TRY(port_of(half));
      if (!port.file.empty()) {
        TRY(tell_kernel(port.file, on));
        continue;
      }
      auto hub = TRY(half.link.take(wait));
      TRY(check(hub, wait));
      TRY(hub.control_out(to_port, on ? set_feature : clear_feature, port_power, index(), {},
                          wait));
    }
    return on ? Result<>{} : wait_until_gone(uevents, wait);
  }

  Result<std::optional<bool>> get(const Wait& wait) override {
    bool on = false;
    for (auto& half : hubs_) {
      const auto port = TRY(port_of(half));
      if (!port.file.empty()) {
        on = TRY(ask_kernel(port.file)) || on;
        continue;
      }
      auto hub = TRY(half.link.take(wait));
      const auto facts = TRY(check(hub, wait));
      on = on || (TRY(status(hub, wait)) >> (facts.usb3 ? 9 : 8) & 1) != 0;
    }
    if (on) return true;
    if (const auto stayed = TRY(what_stayed(wait))) return tl::unexpected(not_cut(*stayed));
    return false;
  }

 private:
  [[nodiscard]] std::uint16_t index() const { return static_cast<std::uint16_t>(port_); }

  Result<Facts> check(usb::Session& hub, const Wait& wait) const {
    const auto facts = TRY(facts_of(hub, wait));
    if (port_ > facts.ports)
      return fail(Cause::device, "{}: the hub has {} ports", about(), facts.ports);
    if (facts.power_switching == one_by_one) return facts;
    return fail(Cause::device,
                "{}: this hub {} (by its descriptor), so it cannot be a board's switch; use "
                "another hub or a relay",
                about(),
                facts.power_switching == 0 ? "switches all its ports together"
                                           : "does not switch its ports' power");
  }

  // wPortStatus.
  Result<unsigned> status(usb::Session& hub, const Wait& wait) const {
    const auto said = TRY(hub.control_in(from_port, get_status, 0, index(), 4, wait, 4));
    return static_cast<unsigned>(said[0] | said[1] << 8);
  }

  struct Port {
    std::string socket;
    std::string file;  // by which the kernel switches it; "": the hub is asked itself
  };
  Result<Port> port_of(const Half& half) const {
    const auto hub = TRY(usb::find(half.match));
    Port port{socket_of(hub, port_), ""};
    if (via_ == Via::usb) return port;
    const auto file = kernel_switch(hub, port_);
    const bool may_not = !hub.trouble.empty() && access(file.c_str(), R_OK | W_OK) == 0;
    if (via_ == Via::sysfs || may_not) port.file = file;
    return port;
  }

  Result<> tell_kernel(const std::string& file, bool on) const {
    const UniqueFd fd(open(file.c_str(), O_WRONLY | O_CLOEXEC));
    if (fd && write(fd.get(), on ? "0" : "1", 1) == 1) return {};
    return tl::unexpected(kernel_refuses(file, errno).in(about()));
  }

  Result<bool> ask_kernel(const std::string& file) const {
    const UniqueFd fd(open(file.c_str(), O_RDONLY | O_CLOEXEC));
    char said = 0;
    if (!fd || read(fd.get(), &said, 1) != 1)
      return tl::unexpected(kernel_refuses(file, errno).in(about()));
    return said == '0';
  }

  // What is plugged into the port and can still be talked to, though the power is off. The kernel's
  // list is not enough: hubs need not tell it, and then it goes on listing what has no power.
  Result<std::optional<usb::Attached>> what_stayed(const Wait& wait) {
    const auto all = TRY(usb::attached());
    for (auto& half : hubs_) {
      const auto port = TRY(port_of(half));
      const auto device = std::find_if(all.begin(), all.end(),
                                       [&](const auto& one) { return one.port == port.socket; });
      if (device == all.end()) continue;
      if (!port.file.empty()) return *device;
      auto hub = TRY(half.link.take(wait));
      constexpr unsigned connection = 1;
      if ((TRY(status(hub, wait)) & connection) != 0) return *device;
    }
    return std::nullopt;
  }

  [[nodiscard]] Error not_cut(const usb::Attached& device) const {
    return {Cause::device,
            fmt::format("{}: the hub says that the power is off, but {}{} is still attached at {}: "
                        "the hub does not cut the power, or the device has another supply",
                        about(), usb::to_string(device.id),
                        device.name.empty() ? "" : fmt::format(" '{}'", device.name), device.port)};
  }

  Result<> wait_until_gone(usb::Uevents& uevents, const Wait& wait) {
    const auto limit = wait.at_most(noticing);
    for (;;) {
      if (!TRY(what_stayed(wait))) return {};
      const auto heard = uevents.next(limit);
      if (heard) continue;
      if (heard.error().cause == Cause::timeout && !wait.until.passed()) {
        // Where nobody tells of changes, it may have gone all the same.
        const auto last = TRY(what_stayed(wait));
        if (!last) return {};
        return tl::unexpected(not_cut(*last));
      }
      return heard;
    }
  }

  std::vector<Half> hubs_;  // the one, and its peer
  const unsigned port_;
  const Via via_;
};

}  // namespace

MadeSwitch make_usb_hub(const Json& params) {
  TRY(only_keys(params, {"serial", "port", "peer", "channel", "via", "invert", "settle_ms"}));
  auto match = TRY(usb_match(params, "USB hub", {}));
  match.device_class = hub_class;
  TRY(says_which(match, "a machine has many hubs"));
  const auto peer = TRY(text_param(params, "peer", ""));
  const auto channel = TRY(channel_param(params, 127));
  const auto via = TRY(text_param(params, "via", "either"));
  if (via != "either" && via != "usb" && via != "sysfs")
    return fail(Cause::invalid, "'via' must be either, usb or sysfs");
  std::vector<Half> hubs;
  const auto add = [&](const usb::Match& which) { hubs.push_back({which, usb::Link(which, -1)}); };
  add(match);
  if (!peer.empty()) {
    match.serial.clear();
    match.port = peer;
    add(match);
  }
  using Via = UsbHub::Via;
  return std::make_unique<UsbHub>(std::move(hubs), channel,
                                  via == "usb"     ? Via::usb
                                  : via == "sysfs" ? Via::sysfs
                                                   : Via::either);
}

}  // namespace assay::drivers
