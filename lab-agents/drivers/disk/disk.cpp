// The driver `disk`: the storage that a board starts from, written while a mux has
// switched it to this machine, or on any USB storage device.
//   serial, port, path, file  which disk: the first one found is never taken
//   appears_ms                how long it may take to come
// Images are raw, .xz, .zst or .gz; with a block map only what it maps is written.
// Everything written is read back past the page cache and compared by SHA-256.
// Proven on files and on emulated disks, not on hardware.
#include "base/text.hpp"
#include "drivers/disk/copy.hpp"
#include "drivers/kinds.hpp"

namespace assay::drivers {

namespace {

using abilities::Health;
using abilities::Order;

constexpr std::uint64_t read_limit = 16 << 20;

// 0: not known.
std::uint64_t bytes_of(const std::filesystem::path& file) {
  std::error_code error;
  const auto size = std::filesystem::file_size(file, error);
  return error ? 0 : size;
}

class Disk final : public abilities::Device, private abilities::Flash {
 public:
  Disk(WhichDisk which, Duration appears) : which_(std::move(which)), appears_(appears) {}

  abilities::Flash* flash() override { return this; }

  // A disk here says nothing of its board, and one that is not may be with it.
  Result<Health> check(std::string_view, const Order&) override {
    const auto target = Target::open(which_, Target::For::reading);
    if (!target && target.error().cause != Cause::not_found) return tl::unexpected(target.error());
    if (target) about_ = target->about();
    return Health::unproven;
  }
  std::string about(std::string_view) const override {
    return about_.empty() ? drivers::about(which_) : about_ + done_;
  }
  void poll_fds(std::vector<pollfd>&, bool) override {}
  void on_ready(std::span<const pollfd>) override {}

 private:
  Result<> write(const Order& order, const abilities::FlashJob& job) override {
    done_.clear();
    // Before the disk is waited for: what is wrong with a file no disk changes.
    const auto image = TRY(open_image(job.file));
    std::optional<BlockMap> map;
    if (!job.map.empty()) map = TRY(read_block_map(job.map));
    auto target = TRY(wait_for(Target::For::writing, order));
    if (job.address >= target.size()) {
      return fail(Cause::device, "{}: too small: the image goes to byte {}", target.about(),
                  job.address);
    }
    auto room = target.size() - job.address;
    if (!job.erase_chip && job.erase_size != 0) room = std::min(room, job.erase_size);
    const auto copied = TRY(copy({.image = *image,
                                  .target = target,
                                  .map = map ? &*map : nullptr,
                                  .base = job.address,
                                  .room = room,
                                  .file_size = bytes_of(job.file),
                                  .progress = order.progress},
                                 order.wait));
    done_ = fmt::format("; {} of {} bytes written in {}, read back in {}, the same by SHA-256",
                        copied.written, map ? map->image_size : copied.image, human(copied.writing),
                        human(copied.verifying));
    return {};
  }

  Result<std::optional<Bytes>> read(const Order& order, std::uint64_t address,
                                    std::uint64_t size) override {
    if (size > read_limit)
      return fail(Cause::invalid, "reading {} bytes: {} at most", size, read_limit);
    auto target = TRY(wait_for(Target::For::reading, order));
    Bytes bytes(size);
    TRY(target.read(bytes, address));
    return bytes;
  }

  Result<Target> wait_for(Target::For what, const Order& order) {
    auto target = TRY(Target::wait_for(which_, what, order.wait.at_most(appears_)));
    about_ = target.about();
    return target;
  }

  const WhichDisk which_;
  const Duration appears_;
  std::string about_, done_;
};

}  // namespace

Made make_disk(const DriverSetup&, const Json& params) {
  TRY(only_keys(params, {"serial", "port", "path", "file", "appears_ms"}));
  WhichDisk which;
  which.serial = TRY(text_param(params, "serial", ""));
  which.port = TRY(text_param(params, "port", ""));
  which.path = TRY(text_param(params, "path", ""));
  which.file = TRY(text_param(params, "file", ""));
  const bool is_disk = !which.serial.empty() || !which.port.empty() || !which.path.empty();
  if (is_disk == !which.file.empty()) {
    return fail(Cause::invalid,
                "give 'port', 'serial' or 'path' of a disk, or 'file' and none of them");
  }
  if (!which.path.empty() && !which.path.starts_with("/dev/disk/")) {
    return fail(Cause::invalid,
                "'path' is {}, which may be another disk tomorrow: name it by a link below "
                "/dev/disk/by-id or /dev/disk/by-path",
                printable(which.path));
  }
  const auto appears = TRY(duration_param(params, "appears", std::chrono::seconds(15)));
  return std::make_unique<Disk>(std::move(which), appears);
}

}  // namespace assay::drivers
