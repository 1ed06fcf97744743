// A USB device without hardware, as its firmware sees the bus: control
// transfers and endpoints. Front ends (umockdev, a QEMU guest) present models to
// unmodified libusb, libftdi and tools.
//
// Calls come from one thread at a time; they must not block for long: the whole
// bus waits meanwhile. Only wake() is thread-safe.
// Source of descriptors and requests: USB 2.0 specification, chapter 9.
#pragma once

#include <cstdint>
#include <functional>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "base/bytes.hpp"

namespace assay::virtual_usb {

struct SetupPacket {
  std::uint8_t request_type = 0;
  std::uint8_t request = 0;
  std::uint16_t value = 0;
  std::uint16_t index = 0;
  std::uint16_t length = 0;
  [[nodiscard]] bool to_host() const { return (request_type & 0x80) != 0; }
};

// What the device answers to one transfer.
struct Answer {
  enum class Kind {
    done,
    stall,  // refused: the host sees a broken pipe
    later,  // NAK: nothing to send, or no room, yet; ask again
  };
  Kind kind = Kind::done;
  Bytes bytes = {};  // to the host
};

struct EndpointFacts {
  std::uint8_t address = 0x81;  // 0x80 set: to the host
  enum class Type : std::uint8_t { bulk = 2, interrupt = 3 } type = Type::bulk;
  std::uint16_t packet = 64;
  std::uint8_t interval = 1;
};

struct InterfaceFacts {
  std::uint8_t device_class = 0xFF, subclass = 0, protocol = 0;
  std::string name = {};
  std::vector<EndpointFacts> endpoints = {};
  Bytes hid_report = {};  // descriptor; with one the interface gets a HID descriptor
  Bytes of_class = {};    // further descriptors of its class
  // Further settings (1, 2 ...), the same but for their names.
  std::vector<std::string> alternates = {};
};

// Strings that are empty are not there (no serial number, as with many relays).
struct DeviceFacts {
  std::uint16_t vendor = 0, product = 0, release = 0x0100;
  std::string manufacturer = {}, name = {}, serial = {};
  std::uint8_t device_class = 0;
  int megabits = 12;  // 1.5 is written as 1, 12, 480, 5000
  std::vector<InterfaceFacts> interfaces = {};
};

class Model {
 public:
  explicit Model(DeviceFacts facts) : facts_(std::move(facts)) {}
  virtual ~Model() = default;
  Model(const Model&) = delete;
  Model& operator=(const Model&) = delete;

  [[nodiscard]] const DeviceFacts& facts() const { return facts_; }

  // Class and vendor requests; the standard ones are the front end's to answer
  // (descriptors.hpp). `out` is what the host sends with it.
  virtual Answer control(const SetupPacket&, ByteView /*out*/) { return {Answer::Kind::stall}; }
  // `in` gives at most `length` bytes.
  virtual Answer out(std::uint8_t /*endpoint*/, ByteView) { return {Answer::Kind::stall}; }
  virtual Answer in(std::uint8_t /*endpoint*/, std::size_t /*length*/) {
    return {Answer::Kind::later};
  }

  // One of an interface's alternates was chosen.
  virtual void choose(std::uint8_t /*interface*/, std::uint8_t /*setting*/) {}

  // Endpoints that answered `later` may be asked again now: for what arrives by
  // another thread. What a call itself changes needs none.
  void wake() {
    const std::lock_guard lock(waking_);
    if (woken_) woken_();
  }
  // The front end's.
  void on_wake(std::function<void()> woken) {
    const std::lock_guard lock(waking_);
    woken_ = std::move(woken);
  }

 private:
  DeviceFacts facts_;
  std::mutex waking_;
  std::function<void()> woken_;
};

}  // namespace assay::virtual_usb
