// One device that is open, whoever has it at the moment. Internal to usb.
#pragma once

#include <libusb.h>

#include <memory>
#include <optional>
#include <string>

#include "base/fd.hpp"
#include "usb/bus.hpp"
#include "usb/device.hpp"

namespace assay::usb {

class Opened {
 public:
  // `what`: of which kind it is, for errors.
  static Result<std::unique_ptr<Opened>> open(Attached, std::string what, int interface);
  ~Opened();
  Opened(const Opened&) = delete;
  Opened& operator=(const Opened&) = delete;

  // It was pulled out, so that it has to be found anew.
  [[nodiscard]] bool gone() const;
  // Lock and interface.
  Result<> take(const Wait&);
  void let_go();

  Result<std::size_t> control(const libusb_control_setup&, std::uint8_t* data, const Wait&);
  Result<std::size_t> transfer(std::uint8_t endpoint, std::uint8_t* data, std::size_t, const Wait&);
  Error failed(int code, const Wait&);
  // Of the interface; 0: it has none in that direction.
  struct Endpoints {
    std::uint8_t interface = 0, in = 0, out = 0;
  };
  [[nodiscard]] Endpoints endpoints();
  // "DCT-Tech relay BITFT at 1-1.4".
  [[nodiscard]] std::string about() const;

  [[nodiscard]] libusb_device_handle* handle() { return handle_; }
  [[nodiscard]] const Attached& device() const { return device_; }
  void set_serial(std::string serial) { device_.serial = std::move(serial); }

 private:
  Opened(Attached device, std::string what, int interface)
      : device_(std::move(device)), what_(std::move(what)), interface_(interface) {}
  Result<> claim();

  Attached device_;
  const std::string what_;
  const int interface_;
  UniqueFd fd_;  // libusb's and the lock's
  libusb_device_handle* handle_ = nullptr;
  bool gone_ = false;
  std::optional<Endpoints> endpoints_;
};

// "BITFT at 1-1.4", or "1-1.4" of one without a serial number.
std::string name_and_place(const Attached&);

}  // namespace assay::usb
