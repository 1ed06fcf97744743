// A testbed with storage devices, and muxes made as the lab file's settings say.
#pragma once

#include "switch_fixture.hpp"
#include "virtual_usb/ftdi.hpp"

namespace assay::usb_test {

using Side = abilities::Mux::Side;

// A card reader: what is on its wires nobody needs to know.
class CardReader : public virtual_usb::Model {
 public:
  explicit CardReader(std::uint16_t vendor = 0x0424, std::uint16_t product = 0x4050,
                      std::string serial = "000000264001")
      : Model({.vendor = vendor,
               .product = product,
               .manufacturer = "Generic",
               .name = "Ultra Fast Media Reader",
               .serial = std::move(serial),
               .interfaces = {{.device_class = 8, .subclass = 6, .protocol = 0x50}}}) {}
};

class MuxTest : public SwitchTest {
 protected:
  static std::string side(abilities::Device& device) {
    const auto now = device.mux()->side(order());
    return now ? *now ? std::string(word(**now)) : "cannot be read" : now.error().text;
  }
  void add(const std::string& port, const virtual_usb::StorageFacts& facts) {
    const auto done = bed.add_storage(port, facts);
    ASSERT_TRUE(done) << done.error().text;
  }
};

}  // namespace assay::usb_test
