#include "drivers/disk/arrivals.hpp"

#include <sys/inotify.h>
#include <unistd.h>

#include <array>

namespace assay::drivers {

Result<Arrivals> Arrivals::listen(std::filesystem::path path) {
  auto uevents = TRY(usb::Uevents::listen());
  UniqueFd files(inotify_init1(IN_CLOEXEC | IN_NONBLOCK));
  if (!files) return fail_errno("inotify");
  Arrivals made(std::move(uevents), std::move(files), std::move(path));
  made.watch();
  return made;
}

// Of folders that are not there yet those above; the same one again is no harm.
void Arrivals::watch() {
  constexpr auto what = IN_CREATE | IN_MOVED_TO | IN_ATTRIB | IN_DELETE_SELF | IN_MOVE_SELF;
  (void)inotify_add_watch(files_.get(), "/dev", what);
  for (auto at = path_.parent_path(); at.has_relative_path(); at = at.parent_path())
    (void)inotify_add_watch(files_.get(), at.c_str(), what);
}

Result<> Arrivals::next(const Wait& wait) {
  std::array<pollfd, 2> fds{{{files_.get(), POLLIN, 0}, {uevents_.fd(), POLLIN, 0}}};
  TRY(wait_ready(fds, wait));
  std::array<char, 8192> events;
  while (read(files_.get(), events.data(), events.size()) > 0) {
  }
  if (fds[1].revents != 0) TRY(uevents_.next(wait));
  watch();
  return {};
}

}  // namespace assay::drivers
