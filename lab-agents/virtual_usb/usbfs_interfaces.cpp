// Who has an interface: a program, a kernel driver or nobody.
#include <sys/ioctl.h>
// Then, as it needs its macros:
#include <linux/usbdevice_fs.h>

#include <algorithm>
#include <cerrno>

#include "virtual_usb/usbfs.hpp"

namespace assay::virtual_usb {

namespace {

constexpr std::uint8_t hid_class = 3, hub_class = 9;
constexpr std::uint8_t type_mask = 0x60, vendor = 0x40;
constexpr std::uint8_t recipient_mask = 0x1F, interface_recipient = 1;

}  // namespace

std::string Usbfs::driver_of(unsigned interface) const {
  if (claimed_.contains(interface)) return "usbfs";
  const auto& all = model_->facts().interfaces;
  if (interface >= all.size() || kernel_left_.contains(interface)) return "";
  switch (all[interface].device_class) {
    case hid_class:
      return "usbhid";
    case hub_class:
      return "hub";
    default:
      return "";
  }
}

int Usbfs::claim(Client* client, unsigned interface, bool from_kernel) {
  if (interface >= model_->facts().interfaces.size()) return EINVAL;
  if (const auto held = claimed_.find(interface); held != claimed_.end())
    return held->second == client ? 0 : EBUSY;
  if (!driver_of(interface).empty()) {
    if (!from_kernel) return EBUSY;
    kernel_left_.insert(interface);
  }
  claimed_[interface] = client;
  return 0;
}

int Usbfs::release(Client* client, unsigned interface) {
  const auto held = claimed_.find(interface);
  if (held == claimed_.end() || held->second != client) return EINVAL;
  claimed_.erase(held);
  post_ask_again();
  return 0;
}

// As the kernel does, which claims an interface that nobody has when it is used.
int Usbfs::may_use(Client* client, const Transfer& transfer) {
  const auto& urb = *reinterpret_cast<usbdevfs_urb*>(transfer.block->data);
  const auto& all = model_->facts().interfaces;
  if (urb.type == USBDEVFS_URB_TYPE_CONTROL) {
    if (transfer.buffer == nullptr || transfer.buffer->data_len < 8) return EINVAL;
    const auto* setup = transfer.buffer->data;
    if (urb.buffer_length < 8 + (setup[6] | setup[7] << 8)) return EINVAL;
    if ((setup[0] & type_mask) == vendor || (setup[0] & recipient_mask) != interface_recipient)
      return 0;
    return claim(client, setup[4], false);
  }
  for (unsigned i = 0; i < all.size(); ++i) {
    const auto& ends = all[i].endpoints;
    if (std::any_of(ends.begin(), ends.end(),
                    [&](const EndpointFacts& end) { return end.address == urb.endpoint; }))
      return claim(client, i, false);
  }
  return ENOENT;
}

int Usbfs::driver_ioctl(Client* client) {
  const auto& asked = argument<usbdevfs_ioctl>(client);
  const auto interface = static_cast<unsigned>(asked.ifno);
  switch (asked.ioctl_code) {
    case static_cast<int>(USBDEVFS_DISCONNECT):
      if (driver_of(interface).empty()) return ENODATA;
      kernel_left_.insert(interface);
      return 0;
    case static_cast<int>(USBDEVFS_CONNECT):
      kernel_left_.erase(interface);
      return 0;
    default:
      return ENOTTY;
  }
}

void Usbfs::closed(const void* client) {
  const std::lock_guard lock(*models_);
  clients_.erase(client);
  std::erase_if(claimed_, [&](const auto& held) { return held.second == client; });
  for (auto it = transfers_.begin(); it != transfers_.end();) {
    if (it->client != client) {
      ++it;
      continue;
    }
    let_go(*it);
    it = transfers_.erase(it);
  }
  ask_again();
}

}  // namespace assay::virtual_usb
