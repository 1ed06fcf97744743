// libftdi over a device that this process has for the moment. Single-threaded.
#pragma once

#include <ftdi.h>

#include <memory>
#include <string_view>

#include "usb/device.hpp"

namespace assay::drivers {

// Ends before the session does.
class Ftdi {
 public:
  static Result<Ftdi> over(usb::Session&);

  // `value` and its meaning are the mode's.
  Result<> set_mode(std::uint8_t value, ftdi_mpsse_mode mode, const Wait&);
  Result<> write(std::uint8_t pins, const Wait&);
  Result<std::uint8_t> read_pins(const Wait&);

 private:
  struct End {
    void operator()(ftdi_context*) const;
  };
  Ftdi(usb::Session& session, ftdi_context* context) : session_(&session), context_(context) {}
  Result<> done(int code, const Wait&);
  void limit(const Wait&);

  usb::Session* session_;
  std::unique_ptr<ftdi_context, End> context_;
};

}  // namespace assay::drivers
