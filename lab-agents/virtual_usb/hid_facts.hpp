// The facts of a HID device with one unnumbered report each way.
#pragma once

#include <string>

#include "virtual_usb/model.hpp"

namespace assay::virtual_usb {

struct HidFacts {
  std::uint16_t vendor = 0, product = 0;
  std::string manufacturer = {}, name = {}, serial = {};
  std::uint8_t report = 8;    // bytes
  bool out_endpoint = false;  // else reports come by the control endpoint
};

inline DeviceFacts hid_facts(const HidFacts& hid) {
  using Type = EndpointFacts::Type;
  std::vector<EndpointFacts> ends{
      {.address = 0x81, .type = Type::interrupt, .packet = hid.report, .interval = 10}};
  if (hid.out_endpoint)
    ends.push_back(
        {.address = 0x01, .type = Type::interrupt, .packet = hid.report, .interval = 10});
  return {.vendor = hid.vendor,
          .product = hid.product,
          .manufacturer = hid.manufacturer,
          .name = hid.name,
          .serial = hid.serial,
          .interfaces = {
              {.device_class = 3,
               .endpoints = std::move(ends),
               // A page of the maker's; one input, output and feature report.
               .hid_report = {0x06, 0x00, 0xFF, 0x09, 0x01, 0xA1,       0x01, 0x15, 0x00, 0x26,
                              0xFF, 0x00, 0x75, 0x08, 0x95, hid.report, 0x09, 0x00, 0x81, 0x02,
                              0x09, 0x00, 0x91, 0x02, 0x09, 0x00,       0xB2, 0x02, 0x01, 0xC0}}}};
}

}  // namespace assay::virtual_usb
