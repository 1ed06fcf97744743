// The driver `dfu-util`: flash through USB DFU, by dfu-util
// (https://dfu-util.sourceforge.net) as a program. {"serial"?, "port"?, "id"?, "alt",
// "dfuse"?, "read-back", "enter"?, "program", "timeout_ms"}
//
// Plain DFU takes one image for the whole of a setting (`alt`) and no addresses; DfuSe,
// which ST's system bootloaders speak, has addresses, pages and a mass erase.
#include "base/text.hpp"
#include "drivers/flash/kinds.hpp"
#include "drivers/flash/loader.hpp"
#include "drivers/flash/pieces.hpp"
#include "drivers/flash/tool_progress.hpp"

namespace assay::drivers {

namespace {

using abilities::FlashJob;
using abilities::Health;
using abilities::Order;
using images::Segments;
using Words = std::vector<std::string>;

constexpr Duration quick = std::chrono::seconds(20);

// dfu-util 0.11's own words.
constexpr Symptom symptoms[] = {
    {"LIBUSB_ERROR_ACCESS", "the device may not be opened: install the udev rules of Assay"},
    {"LIBUSB_ERROR_BUSY", "the device is in use by another program"},
    {"No DFU capable USB device available",
     "no device in DFU mode with this serial or port is attached: is the board in its bootloader?"},
    {"More than one DFU capable USB device",
     "several devices in DFU mode match: give both 'serial' and 'port'"},
    {"status(11)", "the chip is locked against reading and writing"},  // ST's
    {"status(4)", "the chip could not be erased"},
    {"status(3)", "the chip could not be programmed"},
    {"status(6)", "the chip could not be programmed"},
    {"status(7)", "the chip could not be programmed"},
    {"status(8)", "the chip has no flash at an address of this file", Cause::invalid},
    {"is not writeable", "the chip has no flash at an address of this file", Cause::invalid},
    {"Error during upload",
     "nothing can be read back: where the device cannot upload at all, say read-back: false"},
    {"LIBUSB_ERROR_NO_DEVICE", "the device went away"},
};

constexpr Phase phases[] = {
    {"Erase", "erasing"}, {"Download", "writing"}, {"Upload", "reading back"}};

class DfuUtil final : public LoaderTool {
 public:
  struct Settings {
    std::string serial, port, id, alt, program;
    bool dfuse = false, read_back = true, enters = false;
    Duration timeout{};
  };
  explicit DfuUtil(Settings settings)
      : settings_(std::move(settings)),
        tool_(settings_.program, "type: apt-get install dfu-util, or name it as 'program'",
              symptoms) {}

  std::string about() const override {
    return fmt::format("dfu-util{}, {}", tool_.version(), device());
  }

  Result<Health> check(const Order& order) override {
    tool_.ask_version(order);
    Words words = which();
    words.emplace_back("--list");
    const auto listed = TRY(tool_.run(words, quick, order));
    return listed.find("Found DFU: ") != std::string::npos ? Health::proven : Health::unproven;
  }

  Result<> program(const FlashJob& job, const Segments& segments, const TempFolder& folder,
                   const Order& order) override {
    tool_.ask_version(order);
    return settings_.dfuse ? with_addresses(job, segments, folder, order)
                           : whole(job, segments, folder, order);
  }

 private:
  std::string device() const {
    return settings_.serial.empty() ? "device at " + settings_.port : "device " + settings_.serial;
  }

  // Never a device that runs its program: its serial may be another one.
  Words which() const {
    Words words{"--device", "," + settings_.id};
    if (!settings_.serial.empty()) words.insert(words.end(), {"--serial", settings_.serial});
    if (!settings_.port.empty()) words.insert(words.end(), {"--path", settings_.port});
    return words;
  }

  Result<> run(const Words& more, std::uint64_t bytes, const Order& order) const {
    Words words = which();
    words.insert(words.end(), {"--alt", settings_.alt});
    if (settings_.enters) words.emplace_back("-w");  // it is on its way (--wait is refused)
    words.insert(words.end(), more.begin(), more.end());
    auto output =
        TRY(tool_.try_run(words, settings_.timeout, order, Percentages(phases, bytes, order)));
    if (output.status.ok()) return {};
    // It begins with what went wrong the time before, when the device still says so.
    if (const auto at = output.out.rfind("Clearing status"); at != std::string::npos)
      output.out.erase(0, at);
    return tl::unexpected(tool_.explain(words, output));
  }

  // The file's bytes from the first to the last, wherever they say that they belong.
  Result<> whole(const FlashJob& job, const Segments& segments, const TempFolder& folder,
                 const Order& order) const {
    const auto size = segments.end() - segments.lowest();
    const Segments one{
        {{segments.lowest(), TRY(segments.flatten(segments.lowest(), size, job.erased))}}};
    const auto to = TRY(pieces_of(one, folder)), from = pieces_for(one, folder);
    TRY(run({"--download", to.front().file}, size, order));
    if (!settings_.read_back) return {};
    TRY(run({"--upload-size", std::to_string(size), "--upload", from.front().file}, size, order));
    // The device gives all that it has, which may be more.
    std::error_code error;
    if (std::filesystem::file_size(from.front().file, error) > size && !error)
      std::filesystem::resize_file(from.front().file, size, error);
    return compare(one.all.front(), from.front(), device());
  }

  Result<> with_addresses(const FlashJob& job, const Segments& segments, const TempFolder& folder,
                          const Order& order) const {
    const bool slot = !job.erase_chip && job.erase_size != 0;
    const Segments written = slot ? TRY(filled(segments, job)) : segments;
    const auto to = TRY(pieces_of(written, folder)), from = pieces_for(written, folder);
    for (std::size_t i = 0; i < to.size(); ++i) {
      const auto how = job.erase_chip && i == 0 ? ":mass-erase:force" : "";
      TRY(run(
          {"--dfuse-address", fmt::format("{:#x}{}", to[i].address, how), "--download", to[i].file},
          to[i].size, order));
    }
    for (std::size_t i = 0; i < from.size() && settings_.read_back; ++i) {
      TRY(run({"--dfuse-address", fmt::format("{:#x}:{}", from[i].address, from[i].size),
               "--upload", from[i].file},
              from[i].size, order));
      TRY(compare(written.all[i], from[i], device()));
    }
    return leave(segments.lowest(), order);
  }

  // Begins the program.
  Result<> leave(std::uint64_t address, const Order& order) const {
    return run({"--dfuse-address", fmt::format("{:#x}:leave", address)}, 0, order);
  }

  const Settings settings_;
  Tool tool_;
};

// "0483:df11", or nothing.
Result<> check_id(const std::string& id) {
  if (id.empty()) return {};
  const auto parts = split(id, ':');
  bool good = parts.size() == 2;
  for (const auto part : parts) {
    good = good && part.size() == 4 &&
           part.find_first_not_of("0123456789abcdefABCDEF") == std::string_view::npos;
  }
  if (good) return {};
  return fail(Cause::invalid, "'id' must be VENDOR:PRODUCT in hexadecimal, such as 0483:df11");
}

}  // namespace

Made make_dfu_util(const DriverSetup&, const Json& params) {
  TRY(only_keys(params, {"serial", "port", "id", "alt", "dfuse", "read-back", "enter", "program",
                         "timeout_ms"}));
  DfuUtil::Settings settings;
  settings.serial = TRY(text_param(params, "serial", ""));
  settings.port = TRY(text_param(params, "port", ""));
  if (settings.serial.empty() && settings.port.empty())
    return fail(Cause::invalid, "'serial' or 'port' is needed");
  // dfu-util would take that for two serials, of which one may be any.
  if (settings.serial.find(',') != std::string::npos)
    return fail(Cause::invalid, "'serial' is that of one device: '{}' has a comma",
                printable(settings.serial));
  settings.id = TRY(text_param(params, "id", ""));
  TRY(check_id(settings.id));
  settings.alt = TRY(text_param(params, "alt", "0"));
  settings.dfuse = TRY(flag_param(params, "dfuse"));
  settings.read_back = !params.contains("read-back") || TRY(flag_param(params, "read-back"));
  settings.program = TRY(text_param(params, "program", "dfu-util"));
  settings.timeout = TRY(duration_param(params, "timeout", std::chrono::seconds(120)));
  auto enter = TRY(words_param(params, "enter"));
  settings.enters = !enter.empty();
  return make_loader_flasher(std::make_unique<DfuUtil>(std::move(settings)), std::move(enter));
}

}  // namespace assay::drivers
