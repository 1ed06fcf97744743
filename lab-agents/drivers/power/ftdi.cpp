#include "drivers/power/ftdi.hpp"

#include <algorithm>

namespace assay::drivers {

namespace {
constexpr int stalled = -9;  // LIBUSB_ERROR_PIPE
}

Result<Ftdi> Ftdi::over(usb::Session& session) {
  auto* context = ftdi_new();
  if (context == nullptr) return fail(Cause::device, "libftdi does not start");
  ftdi_set_usbdev(context, session.handle());
  return Ftdi(session, context);
}

void Ftdi::End::operator()(ftdi_context* context) const {
  ftdi_set_usbdev(context, nullptr);  // it is the session's to close
  ftdi_free(context);
}

void Ftdi::limit(const Wait& wait) {
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(
      std::min<Duration>(wait.until.left(), std::chrono::seconds(1)));
  context_->usb_read_timeout = context_->usb_write_timeout =
      std::max(1, static_cast<int>(left.count()));
}

// libftdi mostly says -1. A harmless question to the device tells the rest.
Result<> Ftdi::done(int code, const Wait& wait) {
  if (code >= 0) return {};
  constexpr std::uint8_t from_device = 0xC0, get_latency = 0x0A;
  TRY(session_->control_in(from_device, get_latency, 0, 0, 1, wait));
  return tl::unexpected(session_->failed(stalled, wait));
}

Result<> Ftdi::set_mode(std::uint8_t value, ftdi_mpsse_mode mode, const Wait& wait) {
  limit(wait);
  return done(ftdi_set_bitmode(context_.get(), value, static_cast<unsigned char>(mode)), wait);
}

Result<> Ftdi::write(std::uint8_t pins, const Wait& wait) {
  limit(wait);
  return done(ftdi_write_data(context_.get(), &pins, 1), wait);
}

Result<std::uint8_t> Ftdi::read_pins(const Wait& wait) {
  limit(wait);
  std::uint8_t pins = 0;
  TRY(done(ftdi_read_pins(context_.get(), &pins), wait));
  return pins;
}

}  // namespace assay::drivers
