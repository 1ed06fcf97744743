// The driver `fastboot`: flash through Android's bootloader protocol, by fastboot
// (Debian's package) as a program. {"serial"?, "port"?, "partition", "no-reboot"?,
// "enter"?, "program", "timeout_ms"}
//
// One file to one partition; the protocol has no addresses and reads nothing back.
#include "base/text.hpp"
#include "drivers/flash/kinds.hpp"
#include "drivers/flash/loader.hpp"
#include "drivers/flash/pieces.hpp"

namespace assay::drivers {

namespace {

using abilities::FlashJob;
using abilities::Health;
using abilities::Order;
using images::Segments;
using Words = std::vector<std::string>;

// fastboot waits for ever for a device that is not there.
constexpr Duration answers_within = std::chrono::seconds(5),
                   boots_within = std::chrono::seconds(60);

// fastboot 29's own words; "remote" is what the bootloader said.
constexpr Symptom symptoms[] = {
    {"no permissions", "the device may not be opened: install the udev rules of Assay"},
    {"(remote: ", "the board's bootloader refused"},
    {"Status read failed", "the device went away"},
    {"Write to device failed", "the device went away"},
};

class Fastboot final : public LoaderTool {
 public:
  struct Settings {
    std::string device, partition, program;  // "SERIAL", "usb:1-2" or "tcp:HOST:PORT"
    bool no_reboot = false, enters = false;
    Duration timeout{};
  };
  explicit Fastboot(Settings settings)
      : settings_(std::move(settings)),
        tool_(settings_.program, "type: apt-get install fastboot, or name it as 'program'",
              symptoms) {}

  std::string about() const override {
    return fmt::format("fastboot{}, {}, partition {}", tool_.version(), settings_.device,
                       settings_.partition);
  }

  Result<Health> check(const Order& order) override {
    tool_.ask_version(order);
    if (settings_.device.starts_with("tcp:")) return Health::unproven;
    const auto listed = TRY(tool_.run({"devices", "-l"}, answers_within, order));
    for (const auto line : split(listed, '\n')) {
      for (const auto word : split(line, ' ')) {
        if (word.substr(0, word.find('\t')) == settings_.device) return Health::proven;
      }
    }
    return Health::unproven;  // it runs its program
  }

  Result<> program(const FlashJob& job, const Segments& segments, const TempFolder& folder,
                   const Order& order) override {
    tool_.ask_version(order);
    TRY(await_device(order));
    const auto size = segments.end() - segments.lowest();
    const Segments one{
        {{segments.lowest(), TRY(segments.flatten(segments.lowest(), size, job.erased))}}};
    const auto piece = TRY(pieces_of(one, folder)).front();
    order.tell({"writing", 0, size});
    TRY(tool_.run(words({"flash", settings_.partition, piece.file}), settings_.timeout, order));
    order.tell({"writing", size, size});
    if (!settings_.no_reboot) TRY(tool_.run(words({"reboot"}), answers_within, order));
    return {};
  }

 private:
  Words words(const Words& more) const {
    Words all{"-s", settings_.device};
    all.insert(all.end(), more.begin(), more.end());
    return all;
  }

  Result<> await_device(const Order& order) const {
    const auto limit = settings_.enters ? boots_within : answers_within;
    const auto asked = tool_.run(words({"getvar", "version"}), limit, order);
    if (asked) return {};
    if (asked.error().cause != Cause::device) return tl::unexpected(asked.error());
    return fail(Cause::device,
                "no device '{}' in fastboot mode answers: is the board in its bootloader? ({})",
                settings_.device, asked.error().text);
  }

  const Settings settings_;
  Tool tool_;
};

}  // namespace

Made make_fastboot(const DriverSetup&, const Json& params) {
  TRY(only_keys(params,
                {"serial", "port", "partition", "no-reboot", "enter", "program", "timeout_ms"}));
  Fastboot::Settings settings;
  settings.device = TRY(text_param(params, "serial", ""));
  const auto port = TRY(text_param(params, "port", ""));
  if (settings.device.empty() == port.empty())
    return fail(Cause::invalid, "either 'serial' or 'port' is needed");
  if (settings.device.empty()) settings.device = "usb:" + port;
  settings.partition = TRY(text_param(params, "partition", ""));
  if (settings.partition.empty() || settings.partition.starts_with('-'))
    return fail(Cause::invalid, "'partition' must be the name of one");
  settings.no_reboot = TRY(flag_param(params, "no-reboot"));
  settings.program = TRY(text_param(params, "program", "fastboot"));
  settings.timeout = TRY(duration_param(params, "timeout", std::chrono::minutes(10)));
  auto enter = TRY(words_param(params, "enter"));
  settings.enters = !enter.empty();
  return make_loader_flasher(std::make_unique<Fastboot>(std::move(settings)), std::move(enter));
}

}  // namespace assay::drivers
