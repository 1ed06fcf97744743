// Port power of a USB hub, by requests to the hub itself. Only hubs that say that
// they switch ports one by one are taken; one that says so and does not is found
// out when what is plugged into the port stays. A USB 3 hub is two hubs with the
// same sockets: `peer` is the other one.
// Source: USB 2.0 specification, 11.23 and 11.24; USB 3.2, 10.13 to 10.16.
#include <algorithm>

#include "drivers/power/usb_switch.hpp"
#include "usb/changes.hpp"

namespace assay::drivers {

namespace {

constexpr std::uint8_t hub_class = 9;
constexpr std::uint8_t from_hub = 0xA0, from_port = 0xA3, to_port = 0x23, from_device = 0x80;
constexpr std::uint8_t get_status = 0, clear_feature = 1, set_feature = 3, get_descriptor = 6;
constexpr std::uint16_t port_power = 8;
constexpr unsigned one_by_one = 1;  // wHubCharacteristics, bits 0 and 1
// For the kernel to notice that a device is gone.
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

class UsbHub final : public Switch {
 public:
  UsbHub(std::vector<usb::Link> hubs, unsigned port) : hubs_(std::move(hubs)), port_(port) {}

  std::string about() const override {
    return fmt::format("{}, port {}", hubs_.front().about(), port_);
  }

  Result<> set(bool on, const Wait& wait) override {
    // Heard from now on, so that nothing that goes is missed.
    auto changes = TRY(usb::Changes::listen());
    std::vector<std::string> sockets;
    for (auto& link : hubs_) {
      auto hub = TRY(link.take(wait));
      TRY(check(hub, wait));
      sockets.push_back(socket_of(hub));
      TRY(hub.control_out(to_port, on ? set_feature : clear_feature, port_power, index(), {},
                          wait));
    }
    return on ? Result<>{} : wait_until_gone(changes, sockets, wait);
  }

  Result<std::optional<bool>> get(const Wait& wait) override {
    bool on = false;
    std::vector<std::string> sockets;
    for (auto& link : hubs_) {
      auto hub = TRY(link.take(wait));
      const auto facts = TRY(check(hub, wait));
      sockets.push_back(socket_of(hub));
      const auto status = TRY(hub.control_in(from_port, get_status, 0, index(), 4, wait, 4));
      on = on || ((status[0] | status[1] << 8) >> (facts.usb3 ? 9 : 8) & 1) != 0;
    }
    if (!on) TRY(nothing_stayed(sockets));
    return on;
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

  // Where a device that is plugged into the port is attached. A root hub "usb1" has
  // its ports at "1-4".
  [[nodiscard]] std::string socket_of(const usb::Session& hub) const {
    const std::string& at = hub.device().port;
    return at.starts_with("usb") ? fmt::format("{}-{}", at.substr(3), port_)
                                 : fmt::format("{}.{}", at, port_);
  }

  Result<> nothing_stayed(const std::vector<std::string>& sockets) const {
    for (const auto& device : TRY(usb::attached())) {
      if (std::find(sockets.begin(), sockets.end(), device.port) == sockets.end()) continue;
      return fail(Cause::device,
                  "{}: the hub says that the power is off, but {}{} is still attached at {}: the "
                  "hub does not cut the power, or the device has another supply",
                  about(), usb::to_string(device.id),
                  device.name.empty() ? "" : fmt::format(" '{}'", device.name), device.port);
    }
    return {};
  }

  Result<> wait_until_gone(usb::Changes& changes, const std::vector<std::string>& sockets,
                           const Wait& wait) const {
    const auto limit = wait.at_most(noticing);
    for (;;) {
      const auto gone = nothing_stayed(sockets);
      if (gone) return {};
      const auto heard = changes.next(limit);
      if (heard) continue;
      if (heard.error().cause == Cause::timeout && !wait.until.passed()) return gone;
      return heard;
    }
  }

  std::vector<usb::Link> hubs_;  // the one, and its peer
  const unsigned port_;
};

}  // namespace

MadeSwitch make_usb_hub(const Json& params) {
  TRY(only_keys(params, {"serial", "port", "peer", "channel", "invert", "settle_ms"}));
  auto match = TRY(usb_match(params, "USB hub", {}));
  match.device_class = hub_class;
  TRY(says_which(match, "a machine has many hubs"));
  const auto peer = TRY(text_param(params, "peer", ""));
  const auto channel = TRY(channel_param(params, 127));
  auto second = match;
  std::vector<usb::Link> hubs;
  hubs.emplace_back(std::move(match), -1);
  if (!peer.empty()) {
    second.serial.clear();
    second.port = peer;
    hubs.emplace_back(std::move(second), -1);
  }
  return std::make_unique<UsbHub>(std::move(hubs), channel);
}

}  // namespace assay::drivers
