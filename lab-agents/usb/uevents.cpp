#include "usb/uevents.hpp"

#include <sys/socket.h>
// After sys/socket.h, whose types it needs:
#include <linux/netlink.h>

#include <array>
#include <cerrno>

namespace assay::usb {

Result<Uevents> Uevents::listen() {
  UniqueFd fd(socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_KOBJECT_UEVENT));
  sockaddr_nl address{};
  address.nl_family = AF_NETLINK;
  address.nl_groups = 1;  // the kernel's own, which come without a daemon
  if (!fd || bind(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0)
    return fail_errno("listening for devices that come and go");
  return Uevents(std::move(fd));
}

Result<> Uevents::next(const Wait& wait) {
  TRY(wait_readable(socket_.get(), wait));
  std::array<char, 8192> message;  // what it says is looked up in sysfs instead
  // A message that was lost (ENOBUFS) is news as well.
  while (recv(socket_.get(), message.data(), message.size(), 0) >= 0 || errno == ENOBUFS) {
  }
  return {};
}

}  // namespace assay::usb
