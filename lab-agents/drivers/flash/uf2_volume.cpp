#include "drivers/flash/uf2_volume.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "base/fd.hpp"
#include "base/file.hpp"
#include "base/text.hpp"

namespace assay::drivers {

namespace {

using abilities::Order;
namespace fs = std::filesystem;

constexpr Duration info_within = std::chrono::seconds(10), copy_within = std::chrono::seconds(120);
constexpr const char* info_name = "INFO_UF2.TXT";
constexpr const char* image_name = "ASSAY.UF2";
constexpr std::size_t piece = 64 << 10;

// mtools 4's own words.
constexpr Symptom symptoms[] = {
    {"Permission denied",
     "the disk may not be opened: install the udev rules of Assay, or join "
     "the group disk"},
    {"non DOS media", "what is there is no FAT disk"},
    {"Disk full", "the disk has no room for the file"},
};

// What the device's end looks like to whoever writes.
bool is_gone(int error) {
  return error == EIO || error == ENODEV || error == ENXIO || error == ENOMEDIUM;
}

}  // namespace

Uf2Volume::Uf2Volume(fs::path place)
    : place_(std::move(place)),
      is_folder_([this] {
        std::error_code error;
        return fs::is_directory(place_, error);
      }()),
      type_("mtype", "type: apt-get install mtools", symptoms),
      copy_("mcopy", "type: apt-get install mtools", symptoms) {}

Result<std::string> Uf2Volume::board_id(const Order& order) const {
  std::string text;
  if (is_folder_) {
    const auto read = read_text(place_ / info_name, 64 << 10);
    if (!read) {
      return fail(Cause::device, "{} has no {}: it is not the disk of a UF2 bootloader",
                  place_.string(), info_name);
    }
    text = *read;
  } else {
    const auto read =
        type_.run({"-i", place_.string(), fmt::format("::{}", info_name)}, info_within, order);
    if (!read)
      return tl::unexpected(read.error().in(fmt::format("{}: {}", place_.string(), info_name)));
    text = *read;
  }
  constexpr std::string_view key = "Board-ID:";
  for (auto line : split(text, '\n')) {
    if (!line.starts_with(key)) continue;
    line.remove_prefix(key.size());
    while (line.starts_with(' ')) line.remove_prefix(1);
    while (line.ends_with('\r') || line.ends_with(' ')) line.remove_suffix(1);
    return std::string(line);
  }
  return fail(Cause::device, "{}: its {} has no Board-ID", place_.string(), info_name);
}

Result<> Uf2Volume::write(ByteView uf2, const Order& order) const {
  return is_folder_ ? copy_to_folder(uf2, order) : copy_to_disk(uf2, order);
}

Result<> Uf2Volume::copy_to_folder(ByteView uf2, const Order& order) const {
  const auto path = place_ / image_name;
  const auto failed = [&](bool is_late) -> Result<> {
    const int error = errno;
    if (is_late && is_gone(error)) return {};
    return fail(Cause::device, "{}: {}", path.string(), std::generic_category().message(error));
  };
  // Straight to the disk, so that progress is the bootloader's and not the cache's.
  const UniqueFd fd(open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644));
  if (!fd) return failed(false);
  for (std::size_t at = 0; at < uf2.size();) {
    if (order.wait.stop.stop_requested()) return fail(Cause::cancelled, "cancelled");
    if (order.wait.until.passed()) return fail(Cause::timeout, "{}: not in time", path.string());
    const auto n = ::write(fd.get(), uf2.data() + at, std::min(piece, uf2.size() - at));
    if (n < 0) return failed(false);
    at += static_cast<std::size_t>(n);
    const bool is_last = at == uf2.size();
    if (fdatasync(fd.get()) != 0) return failed(is_last);
    order.tell({"writing", at, uf2.size()});
  }
  if (fsync(fd.get()) != 0) return failed(true);
  return {};
}

Result<> Uf2Volume::copy_to_disk(ByteView uf2, const Order& order) const {
  const auto folder = TRY(TempFolder::make("assay-uf2-"));
  const auto file = folder.path() / image_name;
  TRY(write_file(file, uf2));
  order.tell({"writing", 0, uf2.size()});
  const auto copied = copy_.try_run(
      {"-i", place_.string(), "-D", "o", file.string(), fmt::format("::{}", image_name)},
      copy_within, order);
  TRY(copied);
  std::error_code error;
  // mcopy stumbles over a disk that left with the last block; then there is none.
  if (!copied->status.ok() && fs::exists(place_, error))
    return tl::unexpected(copy_.explain({"-i", place_.string()}, *copied));
  order.tell({"writing", uf2.size(), uf2.size()});
  return {};
}

std::optional<fs::path> disk_at(const std::string& port) {
  std::error_code error;
  const fs::path device = "/sys/bus/usb/devices/" + port;
  // 1-1.4/1-1.4:1.0/host0/target0:0:0/0:0:0:0/block/sda/sda1
  for (fs::recursive_directory_iterator it(device, error), end; !error && it != end;
       it.increment(error)) {
    if (it.depth() > 6) it.disable_recursion_pending();
    if (it->path().parent_path().filename() != "block") continue;
    const auto name = it->path().filename().string();
    std::string best = name;
    for (const auto& part : fs::directory_iterator(it->path(), error)) {
      const auto own = part.path().filename().string();
      const bool is_partition =
          own.starts_with(name) && fs::exists(part.path() / "partition", error);
      if (is_partition && (best == name || own < best)) best = own;
    }
    return fs::path("/dev") / best;
  }
  return std::nullopt;
}

}  // namespace assay::drivers
