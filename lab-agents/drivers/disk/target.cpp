#include "drivers/disk/target.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <filesystem>

#include "base/file.hpp"
#include "base/text.hpp"
#include "drivers/disk/arrivals.hpp"
#include "usb/bus.hpp"

namespace assay::drivers {

namespace {

constexpr std::uint64_t sector = 512;  // of /sys/.../size, whatever the disk's own
constexpr std::uint64_t longest_list = 16 << 20;

std::uint64_t size_of(const Storage& disk) {
  const std::string text = attribute(disk.folder, "size");
  std::uint64_t sectors = 0;
  std::from_chars(text.data(), text.data() + text.size(), sectors);
  return sectors * sector;
}

// Of a reader the kernel looks after its card when it is opened.
std::uint64_t medium_size(const Storage& disk) {
  if (const auto size = size_of(disk); size != 0) return size;
  const UniqueFd look(::open(disk.node.c_str(), O_RDONLY | O_CLOEXEC));
  return look ? size_of(disk) : 0;
}

std::string listed(const std::vector<Storage>& disks) {
  std::string text;
  for (const Storage& one : disks) {
    if (!one.port.empty()) text += (text.empty() ? "" : "; ") + about(one);
  }
  return text.empty() ? "no disk is attached to USB" : "attached to USB: " + text;
}

Result<Storage> find(const WhichDisk& which) {
  const auto all = TRY(storage("block"));
  std::string name;
  if (!which.path.empty()) {
    std::error_code error;
    name = std::filesystem::canonical(which.path, error).filename();
    if (error) return fail(Cause::not_found, "{} is not there; {}", which.path, listed(all));
  }
  std::vector<Storage> fits;
  bool empty_reader = false;
  for (const Storage& one : all) {
    if ((!which.serial.empty() && one.serial != which.serial) ||
        (!which.port.empty() && one.port != which.port) || (!name.empty() && one.name != name))
      continue;
    if (medium_size(one) != 0)
      fits.push_back(one);
    else
      empty_reader = true;
  }
  if (fits.size() == 1) return fits.front();
  if (fits.size() > 1) {
    return fail(Cause::device,
                "{} and {} are both the {}: name one of them by 'path:' (/dev/disk/by-path/...)",
                about(fits[0]), about(fits[1]), about(which));
  }
  if (!name.empty() && !empty_reader) {
    return fail(Cause::device, "{} is {}, which is no whole disk", which.path, name);
  }
  if (empty_reader)
    return fail(Cause::not_found, "the {} is a reader without a card", about(which));
  return fail(Cause::not_found, "the {} is not attached; {}", about(which), listed(all));
}

// Its numbers and names, and those of its partitions.
struct Names {
  std::vector<std::string> numbers, nodes, folders;
};
Names names_of(const Storage& disk) {
  Names names{{attribute(disk.folder, "dev")}, {disk.node}, {disk.folder}};
  std::error_code error;
  for (std::filesystem::directory_iterator it(disk.folder, error), end; !error && it != end;
       it.increment(error)) {
    std::error_code ignored;
    if (!std::filesystem::exists(it->path() / "partition", ignored)) continue;
    names.numbers.push_back(attribute(it->path(), "dev"));
    names.nodes.push_back("/dev/" + it->path().filename().string());
    names.folders.push_back(it->path());
  }
  return names;
}

bool has(const std::vector<std::string>& all, std::string_view one) {
  return std::find(all.begin(), all.end(), one) != all.end();
}

Result<> may_write(const Storage& disk) {
  const auto mounts = TRY(read_text("/proc/self/mountinfo", longest_list));
  const auto why = in_use(disk, mounts, read_text("/proc/swaps", longest_list).value_or(""));
  if (why.empty()) return {};
  return fail(Cause::device, "{}: {}", about(disk), why);
}

}  // namespace

std::string about(const WhichDisk& which) {
  std::string text;
  if (!which.file.empty()) text = "file " + which.file;
  if (!which.path.empty()) text = "disk " + which.path;
  if (!which.port.empty()) text = "disk at USB port " + which.port;
  if (!which.serial.empty())
    text += (text.empty() ? "disk" : "") + std::string(" with serial number ") + which.serial;
  return text;
}

std::string in_use(const Storage& disk, std::string_view mounts, std::string_view swaps) {
  const Names names = names_of(disk);
  // "36 35 98:0 /root /mnt options - ext4 /dev/sdb1 rw"
  for (const auto line : split(mounts, '\n')) {
    const auto words = split(line, ' ');
    if (words.size() < 5) continue;
    const auto dash = std::find(words.begin(), words.end(), "-");
    const auto source = words.end() - dash > 2 ? dash[2] : std::string_view();
    if (!has(names.numbers, words[2]) && !has(names.nodes, source)) continue;
    return fmt::format(
        "is mounted at {}, so nothing is written to it: unmount it, and keep desktops from "
        "mounting it (udev: ENV{{UDISKS_IGNORE}}=\"1\")",
        printable(words[4]));
  }
  for (const auto line : split(swaps, '\n')) {
    if (has(names.nodes, line.substr(0, line.find_first_of(" \t"))))
      return "is swapped to, so nothing is written to it";
  }
  for (const auto& folder : names.folders) {
    std::error_code error;
    const std::filesystem::directory_iterator holders(std::filesystem::path(folder) / "holders",
                                                      error);
    if (error || holders == std::filesystem::directory_iterator()) continue;
    return fmt::format("is part of {}, so nothing is written to it",
                       holders->path().filename().string());
  }
  if (attribute(disk.folder, "ro") == "1")
    return "is write-protected: has the card a switch for it?";
  return "";
}

Result<Target> Target::open(const WhichDisk& which, For what) {
  const int flags = (what == For::writing ? O_RDWR : O_RDONLY) | O_CLOEXEC;
  if (!which.file.empty()) {
    UniqueFd fd(::open(which.file.c_str(), flags));
    if (!fd && (errno == ENOENT || errno == ENOTDIR))
      return fail(Cause::not_found, "the {} is not there", drivers::about(which));
    struct stat facts {};
    if (!fd || fstat(fd.get(), &facts) != 0) return fail_errno(which.file, Cause::device);
    if (!S_ISREG(facts.st_mode)) {
      return fail(Cause::device, "{} is no file: name a disk by 'port', 'serial' or 'path'",
                  which.file);
    }
    const auto size = static_cast<std::uint64_t>(facts.st_size);
    return Target(std::move(fd), size, true,
                  fmt::format("file {}, {}", which.file, human_size(size)));
  }
  const auto disk = TRY(find(which));
  if (what == For::writing) TRY(may_write(disk));
  // O_EXCL: the kernel, too, refuses what is mounted anywhere or held by another device.
  UniqueFd fd(::open(disk.node.c_str(), flags | (what == For::writing ? O_EXCL : 0)));
  if (!fd && errno == EBUSY) {
    return fail(Cause::device,
                "{}: is in use (mounted, perhaps outside this container, or part of another "
                "device), so nothing is written to it",
                drivers::about(disk));
  }
  if (!fd && (errno == ENOENT || errno == ENXIO || errno == ENOMEDIUM || errno == ENODEV))
    return fail(Cause::not_found, "{}: {}", disk.node, std::strerror(errno));
  if (!fd) {
    // Its rights may be set in a moment.
    const bool denied = errno == EACCES || errno == EPERM;
    return fail(denied ? Cause::not_found : Cause::device, "{}",
                denied ? fmt::format("no permission to open {}: docs/HARDWARE.md says which udev "
                                     "rule gives it",
                                     disk.node)
                       : usb::cannot_open(disk.node, errno));
  }
  struct stat facts {};
  if (stat(disk.node.c_str(), &facts) != 0) return fail_errno(disk.node, Cause::device);
  if (!S_ISBLK(facts.st_mode)) return fail(Cause::not_found, "{} is no block device", disk.node);
  const auto size = size_of(disk);
  return Target(std::move(fd), size, false,
                fmt::format("{}, {}", drivers::about(disk), human_size(size)));
}

Result<Target> Target::wait_for(const WhichDisk& which, For what, const Wait& wait) {
  auto arrivals = TRY(Arrivals::listen(which.file.empty() ? which.path : which.file));
  const auto began = BootTime::now();
  for (;;) {
    auto opened = open(which, what);
    if (opened || opened.error().cause != Cause::not_found) return opened;
    const auto heard = arrivals.next(wait);
    if (heard) continue;
    if (heard.error().cause != Cause::timeout) return tl::unexpected(heard.error());
    return fail(Cause::device, "{} (waited {} for it)", opened.error().text,
                human(BootTime::now() - began));
  }
}

Result<> Target::past_end(std::uint64_t at, std::uint64_t size) const {
  if (at <= size_ && size <= size_ - at) return {};
  return fail(Cause::device, "{}: byte {} is past its end", about_, at + size);
}

void Target::go_direct(bool direct) {
  if (direct == direct_ || (direct && !can_be_direct_)) return;
  const int flags = fcntl(fd_.get(), F_GETFL);
  const bool done = fcntl(fd_.get(), F_SETFL, direct ? flags | O_DIRECT : flags & ~O_DIRECT) == 0;
  if (done)
    direct_ = direct;
  else
    can_be_direct_ = false;  // a file system without it
}

Result<> Target::write(ByteView bytes, std::uint64_t at) {
  TRY(past_end(at, bytes.size()));
  go_direct(at % alignment == 0 && bytes.size() % alignment == 0);
  while (!bytes.empty()) {
    const ssize_t n = pwrite(fd_.get(), bytes.data(), bytes.size(), static_cast<off_t>(at));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0 && errno == EINVAL && direct_) {
      go_direct(can_be_direct_ = false);
      continue;
    }
    if (n <= 0) {
      return fail(Cause::device, "{}: writing at byte {}: {}: is the card worn, the cable loose?",
                  about_, at, n == 0 ? "nothing was taken" : std::strerror(errno));
    }
    bytes = bytes.subspan(static_cast<std::size_t>(n));
    at += static_cast<std::uint64_t>(n);
    if (at % alignment != 0) go_direct(false);
  }
  return {};
}

Result<> Target::read(std::span<std::uint8_t> into, std::uint64_t at) {
  TRY(past_end(at, into.size()));
  go_direct(at % alignment == 0 && into.size() % alignment == 0);
  while (!into.empty()) {
    const ssize_t n = pread(fd_.get(), into.data(), into.size(), static_cast<off_t>(at));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0 && errno == EINVAL && direct_) {
      go_direct(can_be_direct_ = false);
      continue;
    }
    if (n <= 0) {
      return fail(Cause::device, "{}: reading at byte {}: {}", about_, at,
                  n == 0 ? "it ends there" : std::strerror(errno));
    }
    into = into.subspan(static_cast<std::size_t>(n));
    at += static_cast<std::uint64_t>(n);
    if (at % alignment != 0) go_direct(false);
  }
  return {};
}

Result<> Target::clear(std::uint64_t at, std::uint64_t size, ByteView zeros) {
  TRY(past_end(at, size));
  if (is_file_ && fallocate(fd_.get(), FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
                            static_cast<off_t>(at), static_cast<off_t>(size)) == 0)
    return {};
  while (size > 0) {
    const auto now = std::min<std::uint64_t>(size, zeros.size());
    TRY(write(zeros.first(now), at));
    at += now;
    size -= now;
  }
  return {};
}

Result<> Target::sync() {
  if (fsync(fd_.get()) != 0)
    return fail(Cause::device, "{}: syncing: {}", about_, std::strerror(errno));
  (void)posix_fadvise(fd_.get(), 0, 0, POSIX_FADV_DONTNEED);
  return {};
}

}  // namespace assay::drivers
