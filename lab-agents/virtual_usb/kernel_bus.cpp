#include "virtual_usb/kernel_bus.hpp"

#include <fcntl.h>
#include <fmt/core.h>

#include <filesystem>

#include "base/fd.hpp"
#include "base/file.hpp"
#include "base/log.hpp"
#include "virtual_usb/usbip.hpp"

namespace assay::virtual_usb {

namespace {

namespace fs = std::filesystem;

constexpr const char* controller = "/sys/devices/platform/vhci_hcd.0";
constexpr int ports = 8;
enum Speed { low = 1, full = 2, high = 3 };  // the kernel's usb_device_speed

// An attribute takes its text in one write.
Result<> tell(const char* attribute, const std::string& text) {
  const auto path = fmt::format("{}/{}", controller, attribute);
  const UniqueFd fd(::open(path.c_str(), O_WRONLY | O_CLOEXEC));
  if (!fd) return fail_errno(path, Cause::device);
  return write_all(fd.get(), as_bytes(text), {}).map_error([&](const Error& error) {
    return error.in(fmt::format("{}: '{}'", path, text));
  });
}

}  // namespace

Result<std::unique_ptr<KernelBus>> KernelBus::open() {
  std::error_code error;
  for (fs::directory_iterator it(controller, error), end; !error && it != end;
       it.increment(error)) {
    const std::string name = it->path().filename();
    if (name.starts_with("usb") && read_text(it->path() / "speed", 64).value_or("") == "480\n")
      return std::unique_ptr<KernelBus>(new KernelBus(name.substr(3)));
  }
  return fail(Cause::not_found, "{} is not there: load the module vhci-hcd", controller);
}

KernelBus::~KernelBus() {
  while (!attached_.empty()) (void)detach(attached_.begin()->first);
}

Result<std::string> KernelBus::attach(std::shared_ptr<Model> model, int port) {
  const std::lock_guard lock(attaching_);
  if (port < 1 || port > ports) return fail(Cause::invalid, "port {}: there are {}", port, ports);
  if (attached_.contains(port))
    return fail(Cause::invalid, "port {} has a device: detach it first", port);
  const int megabits = model->facts().megabits;
  if (megabits > 480) return fail(Cause::invalid, "port {} is none of USB 3", port);
  auto [ours, kernels] = TRY(make_socket_pair());
  const int speed = megabits < 12 ? low : megabits < 480 ? full : high;
  const int device = 1 << 16 | port;  // any that is not 0
  auto usbip = std::make_shared<Usbip>(std::move(model), models_, std::move(ours));
  TRY(tell("attach", fmt::format("{} {} {} {}", port - 1, kernels.get(), device, speed)));
  attached_[port] = std::jthread([usbip, port](const std::stop_token& stop) {
    const auto served = usbip->serve({Deadline::never(), stop});
    if (!served && served.error().cause != Cause::cancelled)
      spdlog::error("vhci port {}: {}", port, served.error().text);
  });
  return fmt::format("{}-{}", bus_, port);
}

Result<> KernelBus::detach(int port) {
  const std::lock_guard lock(attaching_);
  const auto it = attached_.find(port);
  if (it == attached_.end()) return fail(Cause::invalid, "port {} has no device", port);
  const auto told = tell("detach", std::to_string(port - 1));
  attached_.erase(it);  // stops and joins
  return told;
}

}  // namespace assay::virtual_usb
