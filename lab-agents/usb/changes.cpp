#include "usb/changes.hpp"

#include <sys/inotify.h>
#include <unistd.h>

#include <array>
#include <filesystem>

namespace assay::usb {

namespace {

constexpr const char* nodes = "/dev/bus/usb";
// IN_ATTRIB: udev gives a node its permissions once it is there.
constexpr std::uint32_t changes = IN_CREATE | IN_DELETE | IN_ATTRIB | IN_ONLYDIR;

}  // namespace

Result<Changes> Changes::listen() {
  Changes made(UniqueFd(inotify_init1(IN_NONBLOCK | IN_CLOEXEC)));
  if (!made.notices_) return fail_errno("listening for devices that come and go");
  TRY(made.watch());
  return made;
}

// Each bus has a folder of its own, and there may be none yet. A folder that is
// watched already stays so.
Result<> Changes::watch() {
  std::filesystem::path folder = nodes;
  while (inotify_add_watch(notices_.get(), folder.c_str(), changes) < 0) {
    if (folder == folder.parent_path()) return fail_errno("listening for devices that come and go");
    folder = folder.parent_path();
  }
  if (folder != nodes) return {};
  std::error_code ignored;
  for (const auto& bus : std::filesystem::directory_iterator(folder, ignored))
    (void)inotify_add_watch(notices_.get(), bus.path().c_str(), changes);
  return {};
}

void Changes::drain() {
  std::array<char, 8192> notices;  // what they say is looked up in sysfs instead
  while (::read(notices_.get(), notices.data(), notices.size()) > 0) {
  }
  (void)watch();
}

}  // namespace assay::usb
