// USB devices without hardware for a whole Linux machine: models are plugged into
// the ports of vhci_hcd, the kernel's client of USB over IP. The kernel binds its
// drivers to them, udev its rules, and they can be pulled out. Needs root and that
// module. Thread-safe; models run on threads of their own, under lock(). All are pulled out when
// this ends, or its process dies.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

#include "base/result.hpp"
#include "virtual_usb/model.hpp"

namespace assay::virtual_usb {

class KernelBus {
 public:
  // Cause::not_found: the module is not loaded.
  static Result<std::unique_ptr<KernelBus>> open();
  ~KernelBus();

  // `port`: 1 to 8, for devices that are not USB 3. Returns at once where it will be,
  // such as "3-1": the kernel then gets to know it.
  Result<std::string> attach(std::shared_ptr<Model>, int port);
  Result<> detach(int port);

  // Held while models are looked at or changed.
  [[nodiscard]] std::unique_lock<std::recursive_mutex> lock() const {
    return std::unique_lock(*models_);
  }

 private:
  explicit KernelBus(std::string bus) : bus_(std::move(bus)) {}

  const std::string bus_;  // "3"
  const std::shared_ptr<std::recursive_mutex> models_ = std::make_shared<std::recursive_mutex>();
  std::mutex attaching_;
  std::map<int, std::jthread> attached_;  // by port
};

}  // namespace assay::virtual_usb
