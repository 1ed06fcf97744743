// What every USB device says of itself: descriptors and standard requests, made
// from a model's facts. Thread-safe: free functions and values.
// Source: USB 2.0 specification, 9.4 and 9.6; Device Class Definition for HID
// 1.11, 6.2.1; of the USB 3.2 specification only 9.6.7.
#pragma once

#include <optional>

#include "virtual_usb/model.hpp"

namespace assay::virtual_usb {

Bytes device_descriptor(const DeviceFacts&);
// The configuration with its interfaces and endpoints; there is one, its value is 1.
Bytes configuration_descriptor(const DeviceFacts&);
// As a device hands it out: language 0409, text as UTF-16. nullopt: no such string.
std::optional<Bytes> string_descriptor(const DeviceFacts&, std::uint8_t index);

// Requests of the standard type, from the facts alone: a model has one
// configuration, no alternate settings and no features that could be set.
Answer standard_request(const DeviceFacts&, const SetupPacket&);
// Any control transfer: the standard ones here, the rest by the model. The answer
// is never longer than the host asked for.
Answer control_transfer(Model&, const SetupPacket&, ByteView out);

}  // namespace assay::virtual_usb
