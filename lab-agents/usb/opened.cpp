#include "usb/opened.hpp"

#include <algorithm>
#include <cerrno>

#include "usb/node_lock.hpp"

namespace assay::usb {

namespace {

constexpr Duration longest_transfer = std::chrono::seconds(1);

// One for the process, and for good. It lists no devices: they are opened by file.
Result<libusb_context*> context() {
  static libusb_context* made = nullptr;
  if (made != nullptr) return made;
  libusb_set_option(nullptr, LIBUSB_OPTION_NO_DEVICE_DISCOVERY);
  if (const int code = libusb_init(&made); code != 0) {
    made = nullptr;
    return fail(Cause::device, "libusb does not start: {}", libusb_strerror(code));
  }
  return made;
}

Result<> go_on(const Wait& wait) {
  if (wait.stop.stop_requested()) return fail(Cause::cancelled, "cancelled");
  if (wait.until.passed()) return fail(Cause::timeout, "the time is over");
  return {};
}

unsigned milliseconds(const Wait& wait) {
  const auto left = std::min(wait.until.left(), longest_transfer);
  // To libusb 0 is for ever.
  return static_cast<unsigned>(
      std::max<std::int64_t>(1, std::chrono::ceil<std::chrono::milliseconds>(left).count()));
}

}  // namespace

std::string name_and_place(const Attached& device) {
  return device.serial.empty() ? device.port : device.serial + " at " + device.port;
}

Result<std::unique_ptr<Opened>> Opened::open(Attached device, std::string what, int interface) {
  std::unique_ptr<Opened> made(new Opened(std::move(device), std::move(what), interface));
  auto fd = open_node(made->device_.node);
  if (!fd) return tl::unexpected(fd.error().in(made->about()));
  made->fd_ = std::move(*fd);
  auto* const libusb = TRY(context());
  if (const int code = libusb_wrap_sys_device(libusb, made->fd_.get(), &made->handle_); code != 0) {
    made->handle_ = nullptr;
    return tl::unexpected(made->failed(code, {}));
  }
  return made;
}

Opened::~Opened() {
  if (handle_ != nullptr) libusb_close(handle_);
}

bool Opened::gone() const {
  return gone_ || node_is_gone(fd_.get());
}

Result<> Opened::take(const Wait& wait) {
  if (auto locked = lock_node(fd_.get(), device_.node, wait); !locked)
    return tl::unexpected(locked.error().in(about()));
  auto claimed = claim();
  if (!claimed) unlock_node(fd_.get());
  return claimed;
}

Result<> Opened::claim() {
  if (interface_ < 0) return {};
  int code = libusb_claim_interface(handle_, interface_);
  if (code == LIBUSB_ERROR_BUSY) {
    // Left detached: putting it back would make it probe the device each time.
    libusb_detach_kernel_driver(handle_, interface_);
    code = libusb_claim_interface(handle_, interface_);
  }
  if (code == LIBUSB_ERROR_BUSY)
    return fail(Cause::device, "{}: another program uses it: end that one, or set it up not to",
                about());
  if (code != 0) return tl::unexpected(failed(code, {}));
  return {};
}

void Opened::let_go() {
  if (interface_ >= 0) libusb_release_interface(handle_, interface_);
  unlock_node(fd_.get());
}

Result<std::size_t> Opened::control(const libusb_control_setup& setup, std::uint8_t* data,
                                    const Wait& wait) {
  if (auto ready = go_on(wait); !ready) return tl::unexpected(ready.error().in(about()));
  const int done =
      libusb_control_transfer(handle_, setup.bmRequestType, setup.bRequest, setup.wValue,
                              setup.wIndex, data, setup.wLength, milliseconds(wait));
  if (done < 0) return tl::unexpected(failed(done, wait));
  return static_cast<std::size_t>(done);
}

Result<std::size_t> Opened::transfer(std::uint8_t endpoint, std::uint8_t* data, std::size_t size,
                                     const Wait& wait) {
  if (auto ready = go_on(wait); !ready) return tl::unexpected(ready.error().in(about()));
  int moved = 0;
  // Linux takes the kind of transfer from the endpoint.
  const int code = libusb_interrupt_transfer(handle_, endpoint, data, static_cast<int>(size),
                                             &moved, milliseconds(wait));
  if (code != 0) return tl::unexpected(failed(code, wait));
  return static_cast<std::size_t>(moved);
}

Error Opened::failed(int code, const Wait& wait) {
  const auto error = [&](std::string_view text) {
    return Error{Cause::device, about() + ": " + std::string(text)};
  };
  switch (code) {
    case LIBUSB_ERROR_PIPE:
      return error("it refused a request (stall)");
    case LIBUSB_ERROR_NO_DEVICE:
      gone_ = true;
      return error("it was unplugged, or lost its power");
    case LIBUSB_ERROR_TIMEOUT:
      if (wait.until.passed()) return {Cause::timeout, error("it did not answer in time").text};
      return error("it did not answer within 1 s");
    case LIBUSB_ERROR_ACCESS:
      return error(cannot_open(device_.node, EACCES));
    default:
      return error(libusb_strerror(code));
  }
}

Opened::Endpoints Opened::endpoints() {
  if (endpoints_) return *endpoints_;
  endpoints_.emplace(Endpoints{static_cast<std::uint8_t>(interface_)});
  libusb_config_descriptor* config = nullptr;
  if (libusb_get_active_config_descriptor(libusb_get_device(handle_), &config) != 0)
    return *endpoints_;
  if (interface_ >= 0 && interface_ < config->bNumInterfaces) {
    const auto& it = config->interface[interface_].altsetting[0];
    for (int i = it.bNumEndpoints - 1; i >= 0; --i) {
      const auto address = it.endpoint[i].bEndpointAddress;
      ((address & LIBUSB_ENDPOINT_IN) != 0 ? endpoints_->in : endpoints_->out) = address;
    }
  }
  libusb_free_config_descriptor(config);
  return *endpoints_;
}

std::string Opened::about() const {
  return what_ + (device_.serial.empty() ? " at " : " ") + name_and_place(device_);
}

}  // namespace assay::usb
