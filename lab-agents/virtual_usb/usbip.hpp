// One model behind a socket that speaks USB over IP: submitted transfers come in,
// their answers go out. The kernel's vhci_hcd takes such a socket for a device
// (kernel_bus.hpp).
// Source: the Linux kernel's Documentation/usb/usbip_protocol.rst.
#pragma once

#include <deque>
#include <memory>
#include <mutex>

#include "base/fd.hpp"
#include "virtual_usb/model.hpp"

namespace assay::virtual_usb {

// Single-threaded; the model is only touched under `models`.
class Usbip {
 public:
  Usbip(std::shared_ptr<Model>, std::shared_ptr<std::recursive_mutex> models, UniqueFd socket);
  ~Usbip();
  Usbip(const Usbip&) = delete;
  Usbip& operator=(const Usbip&) = delete;

  // Until the other end hangs up. Cause::io: what it says is no USB over IP.
  Result<> serve(const Wait&);

 private:
  struct Header;
  struct Submitted {
    std::uint32_t number = 0;
    std::uint8_t endpoint = 0;  // 0x80 set: to the host; of control transfers without it
    std::size_t length = 0;
    SetupPacket setup = {};
    Bytes out = {};
  };

  Result<bool> next(const Wait&);  // false: hung up
  Result<> submit(const Header&, const Wait&);
  Result<> unlink(const Header&, const Wait&);
  Result<> ask(const Wait&);
  Answer transfer(const Submitted&);
  Result<> answer(const Submitted&, const Answer&, const Wait&);

  const std::shared_ptr<Model> model_;
  const std::shared_ptr<std::recursive_mutex> models_;
  const UniqueFd socket_;
  UniqueFd woken_;
  std::deque<Submitted> pending_;  // not answered yet, oldest first
};

}  // namespace assay::virtual_usb
