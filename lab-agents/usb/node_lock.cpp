#include "usb/node_lock.hpp"

#include <fcntl.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <memory>
#include <thread>

#include "usb/bus.hpp"

namespace assay::usb {

Result<UniqueFd> open_node(const std::string& node) {
  UniqueFd fd(open(node.c_str(), O_RDWR | O_CLOEXEC));
  if (!fd) return fail(Cause::device, "{}", cannot_open(node, errno));
  return fd;
}

// flock() takes no deadline. Whoever would have to wait lets a thread do so, by a
// second open file and once: when the lock was had there, it is this one's turn.
Result<> lock_node(int fd, const std::string& node, const Wait& wait) {
  while (flock(fd, LOCK_EX | LOCK_NB) != 0) {
    if (errno == EINTR) continue;
    if (errno != EWOULDBLOCK) return fail_errno("locking " + node, Cause::device);
    UniqueFd theirs = TRY(open_node(node));
    const UniqueFd free(eventfd(0, EFD_CLOEXEC));
    UniqueFd tell(fcntl(free.get(), F_DUPFD_CLOEXEC, 0));
    if (!free || !tell) return fail_errno("eventfd");
    // Outlives a wait that is given up; it then holds the lock for an instant.
    std::thread([theirs = std::move(theirs), tell = std::move(tell)]() mutable {
      while (flock(theirs.get(), LOCK_EX) != 0 && errno == EINTR) {
      }
      theirs.reset();
      eventfd_write(tell.get(), 1);
    }).detach();
    const auto waited = wait_readable(free.get(), wait);
    if (!waited)
      return fail(waited.error().cause, "{}: another process has had it for too long", node);
  }
  return {};
}

void unlock_node(int fd) {
  flock(fd, LOCK_UN);
}

bool node_is_gone(int fd) {
  struct stat now {};
  return fstat(fd, &now) != 0 || now.st_nlink == 0;
}

}  // namespace assay::usb
