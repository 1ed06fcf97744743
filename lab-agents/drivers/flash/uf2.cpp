// The driver `uf2`: flash through a bootloader that is a USB disk which takes UF2 files.
// {"serial"?, "port"?, "volume"?, "board-id", "family", "enter"?, "timeout_ms"}
//
// The file (HEX, ELF or raw) becomes UF2 here. The disk must say that it is the
// configured board ("Board-ID" of its INFO_UF2.TXT) before a byte is written to it. Such
// a bootloader reads nothing back, and erases only what it writes.
#include "base/text.hpp"
#include "drivers/disk/arrivals.hpp"
#include "drivers/flash/kinds.hpp"
#include "drivers/flash/loader.hpp"
#include "drivers/flash/uf2_file.hpp"
#include "drivers/flash/uf2_volume.hpp"
#include "usb/bus.hpp"

namespace assay::drivers {

namespace {

using abilities::FlashJob;
using abilities::Health;
using abilities::Order;
using images::Segments;

constexpr Duration disk_within = std::chrono::seconds(20);  // of a bootloader that was entered

class Uf2 final : public LoaderTool {
 public:
  struct Settings {
    std::string serial, port, volume, board_id;
    std::uint32_t family = 0;
    bool enters = false;
    Duration timeout{};
  };
  explicit Uf2(Settings settings) : settings_(std::move(settings)) {}

  std::string about() const override {
    return fmt::format("UF2 bootloader {}, {}", settings_.board_id, place());
  }

  Result<Health> check(const Order& order) override {
    const auto disk = TRY(look());
    if (!disk) return Health::unproven;
    TRY(check_board(Uf2Volume(*disk), order));
    return Health::proven;
  }

  Result<> program(const FlashJob& job, const Segments& segments, const TempFolder&,
                   const Order& order) override {
    const bool slot = !job.erase_chip && job.erase_size != 0;
    const auto file =
        TRY(to_uf2(slot ? TRY(filled(segments, job)) : segments, settings_.family, job.erased));
    const Order limited{order.epoch, order.wait.at_most(settings_.timeout), order.progress};
    const Uf2Volume volume(TRY(await_disk(limited)));
    TRY(check_board(volume, limited));
    return volume.write(file, limited);
  }

 private:
  std::string place() const {
    if (!settings_.volume.empty()) return settings_.volume;
    return settings_.serial.empty() ? "USB port " + settings_.port
                                    : "USB device " + settings_.serial;
  }

  // nullopt: there is none now.
  Result<std::optional<std::filesystem::path>> look() const {
    std::error_code error;
    if (!settings_.volume.empty()) {
      if (!std::filesystem::exists(settings_.volume, error)) return std::nullopt;
      return std::filesystem::path(settings_.volume);
    }
    std::vector<std::string> ports;
    for (const auto& device : TRY(usb::attached())) {
      if (!settings_.port.empty() && device.port != settings_.port) continue;
      if (!settings_.serial.empty() && device.serial != settings_.serial) continue;
      ports.push_back(device.port);
    }
    if (ports.size() > 1) {
      return fail(Cause::device, "{} is there {} times, at {}: say which by 'port'", place(),
                  ports.size(), join(ports));
    }
    return ports.empty() ? std::nullopt : disk_at(ports.front());
  }

  Result<std::filesystem::path> await_disk(const Order& order) const {
    // The disk comes after its USB device.
    auto arrivals = TRY(Arrivals::listen(settings_.volume));
    const Wait wait = order.wait.at_most(settings_.enters ? disk_within : Duration());
    while (true) {
      if (const auto there = TRY(look())) return *there;
      const auto changed = arrivals.next(wait);
      if (changed) continue;
      if (changed.error().cause != Cause::timeout) return tl::unexpected(changed.error());
      break;
    }
    return fail(Cause::device, "{}: there is no disk: is the board in its bootloader?", place());
  }

  Result<> check_board(const Uf2Volume& volume, const Order& order) const {
    const auto says = TRY(volume.board_id(order));
    if (says == settings_.board_id) return {};
    return fail(Cause::device,
                "the wrong board: the lab file says that {} is '{}', but its disk says '{}'",
                place(), settings_.board_id, printable(says));
  }

  const Settings settings_;
};

}  // namespace

Made make_uf2(const DriverSetup&, const Json& params) {
  TRY(only_keys(params, {"serial", "port", "volume", "board-id", "family", "enter", "timeout_ms"}));
  Uf2::Settings settings;
  settings.serial = TRY(text_param(params, "serial", ""));
  settings.port = TRY(text_param(params, "port", ""));
  settings.volume = TRY(text_param(params, "volume", ""));
  settings.board_id = TRY(text_param(params, "board-id", ""));
  if (settings.serial.empty() && settings.port.empty() && settings.volume.empty())
    return fail(Cause::invalid, "'serial', 'port' or 'volume' is needed");
  if (settings.board_id.empty()) return fail(Cause::invalid, "'board-id' is needed");
  settings.family =
      static_cast<std::uint32_t>(TRY(range_param(params, "family", 1, 0xFFFFFFFF, 0)));
  settings.timeout = TRY(duration_param(params, "timeout", std::chrono::seconds(60)));
  auto enter = TRY(words_param(params, "enter"));
  settings.enters = !enter.empty();
  return make_loader_flasher(std::make_unique<Uf2>(std::move(settings)), std::move(enter));
}

}  // namespace assay::drivers
