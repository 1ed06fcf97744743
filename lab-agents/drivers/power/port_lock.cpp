#include "drivers/power/port_lock.hpp"

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/un.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstring>
#include <string>

namespace assay::drivers {

namespace {

constexpr int most_waiting = 4096;

struct Name {
  sockaddr_un address{};
  socklen_t size = 0;
};

Name name_of(const struct stat& device) {
  const auto text = fmt::format("assay/port/{}:{}", major(device.st_rdev), minor(device.st_rdev));
  Name name;
  name.address.sun_family = AF_UNIX;  // a path that begins with a zero byte is no file
  std::copy(text.begin(), text.end(), name.address.sun_path + 1);
  name.size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + 1 + text.size());
  return name;
}

UniqueFd make_socket() {
  return UniqueFd(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
}

}  // namespace

Result<PortLock> PortLock::take(const std::filesystem::path& port, const Wait& wait) {
  struct stat device {};
  if (stat(port.c_str(), &device) != 0) return fail_errno(port.string(), Cause::not_found);
  const auto name = name_of(device);
  const auto* address = reinterpret_cast<const sockaddr*>(&name.address);
  while (true) {
    auto ours = make_socket();
    if (!ours) return fail_errno("a socket");
    if (bind(ours.get(), address, name.size) == 0) {
      if (listen(ours.get(), most_waiting) != 0) return fail_errno("listen");
      return PortLock(std::move(ours));
    }
    if (errno != EADDRINUSE) return fail_errno("bind");
    const auto queued = make_socket();
    if (!queued) return fail_errno("a socket");
    if (connect(queued.get(), address, name.size) == 0) {
      TRY(wait_readable(queued.get(), wait));  // the holder's end hangs up
    } else {
      // Let go of just now, or not listening yet: a moment, so as not to spin.
      const auto moment = wait_ready({}, wait.at_most(std::chrono::milliseconds(1)));
      if (moment.error().cause != Cause::timeout || wait.until.passed()) {
        return tl::unexpected(moment.error());
      }
    }
  }
}

}  // namespace assay::drivers
