// A USB hub, for the power of its ports.
// Source: USB 2.0 specification, 11.23 and 11.24; USB 3.2, 10.15 and 10.16.
#pragma once

#include <functional>

#include "virtual_usb/model.hpp"

namespace assay::virtual_usb {

class Hub : public Model {
 public:
  enum class Power : std::uint8_t { together = 0, one_by_one = 1, never = 2 };
  explicit Hub(unsigned ports, Power power = Power::one_by_one, bool usb3 = false)
      : Model({.vendor = 0x05e3,
               .product = static_cast<std::uint16_t>(usb3 ? 0x0616 : 0x0608),
               .manufacturer = "GenesysLogic",
               .name = usb3 ? "USB3.0 Hub" : "USB2.0 Hub",
               .device_class = 9,
               .megabits = usb3 ? 5000 : 480,
               .interfaces = {{.device_class = 9,
                               .endpoints = {{.type = EndpointFacts::Type::interrupt,
                                              .packet = 1,
                                              .interval = 12}}}}}),
        powered((1U << ports) - 1),
        ports_(ports),
        power_(power),
        usb3_(usb3) {}

  Answer control(const SetupPacket& setup, ByteView) override {
    constexpr std::uint16_t port_power = 8;
    if (setup.request_type == 0xA0 && setup.request == 6) return descriptor(setup.value >> 8);
    if (setup.request_type == 0xA0 && setup.request == 0) return {Answer::Kind::done, {0, 0, 0, 0}};
    if (setup.index < 1 || setup.index > ports_) return {Answer::Kind::stall};
    const unsigned bit = 1U << (setup.index - 1);
    if (setup.request_type == 0xA3 && setup.request == 0) {
      const unsigned status = (powered & bit) == 0 ? 0 : usb3_ ? 0x200 : 0x100;
      const bool sees = (connected & bit) != 0;
      return {Answer::Kind::done, {sees, static_cast<std::uint8_t>(status >> 8), 0, 0}};
    }
    if (setup.request_type != 0x23 || setup.value != port_power) return {Answer::Kind::stall};
    const bool on = setup.request == 3;
    if ((powered & bit) == (on ? bit : 0)) return {};
    powered = on ? powered | bit : powered & ~bit;
    if (on_power) on_power(setup.index, on);
    return {};
  }

  unsigned powered;        // bit n - 1: port n
  unsigned connected = 0;  // where it sees a device; power makes no difference: a hub that lies
  std::function<void(unsigned port, bool on)> on_power;  // none: the kernel does not hear of it

 private:
  [[nodiscard]] Answer descriptor(int type) const {
    const auto ports = static_cast<std::uint8_t>(ports_);
    const auto power = static_cast<std::uint8_t>(power_);
    if (type != (usb3_ ? 0x2A : 0x29)) return {Answer::Kind::stall};
    if (usb3_) return {Answer::Kind::done, {12, 0x2A, ports, power, 0, 50, 100, 0, 0, 0, 0, 0}};
    return {Answer::Kind::done, {9, 0x29, ports, power, 0, 50, 100, 0, 0xFF}};
  }

  const unsigned ports_;
  const Power power_;
  const bool usb3_;
};

}  // namespace assay::virtual_usb
