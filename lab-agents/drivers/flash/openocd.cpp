// The driver `openocd`: flash, read back and reset through a debug probe, by
// OpenOCD (https://openocd.org) as a program, for chips and probes that pyOCD does
// not know. {"config", "adapter", "serial", "speed"?, "bank", "program",
// "timeout_ms", "chip-id"?, "chip-id-at"?}
//
// One call a task, with its commands as arguments and every server of OpenOCD's
// switched off: nothing listens, nothing is left behind.
#include "base/text.hpp"
#include "drivers/flash/kinds.hpp"
#include "drivers/flash/probe.hpp"
#include "drivers/flash/tool.hpp"

namespace assay::drivers {

namespace {

using abilities::Health;
using abilities::Order;
using Words = std::vector<std::string>;

constexpr Duration quick = std::chrono::seconds(20);

// OpenOCD 0.12's own words.
constexpr Symptom symptoms[] = {
    {"unable to find a matching CMSIS-DAP device", "no probe with this serial is attached"},
    {"no device found", "no probe with this serial is attached"},
    {"LIBUSB_ERROR_ACCESS", "the probe may not be opened: install the udev rules of Assay"},
    {"LIBUSB_ERROR_BUSY", "the probe is in use by another program"},
    {"Error connecting DP", no_target_means, Cause::device, true},
    {"cannot read IDR", no_target_means, Cause::device, true},
    {"init mode failed", no_target_means, Cause::device, true},
    {"is protected", "the chip's flash is protected: unlock it (this erases it)"},
    {"Can't find", "OpenOCD has no such configuration file"},
    {"failed erasing", "the chip could not be erased"},
    {"error writing to flash", "the chip could not be programmed"},
};

class Openocd final : public ProbeTool {
 public:
  struct Settings {
    std::string config, adapter, serial, program;
    std::int64_t speed = 0, bank = 0;
    Duration timeout{};
  };
  explicit Openocd(Settings settings)
      : settings_(std::move(settings)),
        clock_(settings_.speed * 1000),
        tool_(settings_.program, "type: apt-get install openocd, or name it as 'program'",
              symptoms) {}

  std::string about() const override {
    return fmt::format("OpenOCD{}, probe {}, {}{}", tool_.version(), settings_.serial,
                       settings_.config, clock_.about());
  }
  std::string serial() const override { return settings_.serial; }
  std::string probe() const override { return "probe " + settings_.serial; }

  Result<Health> check(const Order& order) override {
    tool_.ask_version(order);
    return tool_.reaches(arguments({"init"}, clock_), quick, order);
  }

  Result<> program(const abilities::FlashJob& job, const std::vector<Piece>& pieces,
                   const std::vector<Piece>& back, const Order& order) override {
    tool_.ask_version(order);
    Words commands{"init", "reset halt"};
    if (job.erase_chip) {
      commands.push_back(fmt::format("flash erase_sector {} 0 last", settings_.bank));
    } else if (job.erase_size != 0) {
      commands.push_back(
          fmt::format("flash erase_address {:#x} {:#x}", job.address, job.erase_size));
    }
    const bool is_erased = job.erase_chip || job.erase_size != 0;
    for (const Piece& piece : pieces) {
      commands.push_back(fmt::format("flash write_image {}{{{}}} {:#x} bin",
                                     is_erased ? "" : "erase ", piece.file, piece.address));
    }
    for (const Piece& piece : back) commands.push_back(save_command(piece));
    commands.emplace_back("reset halt");
    return run(commands, settings_.timeout, order);
  }

  Result<> save(const Piece& piece, const Order& order) override {
    return run({"init", save_command(piece)}, settings_.timeout, order);
  }

  Result<> reset(const Order& order) override { return run({"init", "reset run"}, quick, order); }

 private:
  // In braces nothing of a path is a command to Tcl.
  static std::string save_command(const Piece& piece) {
    return fmt::format("dump_image {{{}}} {:#x} {}", piece.file, piece.address, piece.size);
  }

  Result<> run(const Words& commands, Duration limit, const Order& order) {
    TRY(tool_.run([&](const WireClock& clock) { return arguments(commands, clock); }, clock_, limit,
                  order));
    return {};
  }

  Words arguments(const Words& commands, const WireClock& clock) const {
    Words words;
    const auto command = [&](std::string text) {
      words.insert(words.end(), {"--command", std::move(text)});
    };
    command("gdb_port disabled");
    command("tcl_port disabled");
    command("telnet_port disabled");
    if (settings_.adapter.ends_with(".cfg"))
      words.insert(words.end(), {"--file", settings_.adapter});
    else
      command("adapter driver " + settings_.adapter);
    command(fmt::format("adapter serial {{{}}}", settings_.serial));
    if (settings_.adapter == "cmsis-dap") command("transport select swd");
    words.insert(words.end(), {"--file", settings_.config});
    if (clock.hertz() != 0) command(fmt::format("adapter speed {}", clock.hertz() / 1000));
    for (const std::string& one : commands) command(one);
    command("shutdown");
    return words;
  }

  const Settings settings_;
  WireClock clock_;
  Tool tool_;
};

// They become words of a Tcl command.
Result<> plain(std::string_view key, const std::string& text) {
  for (const char c : text) {
    const bool good = std::isalnum(static_cast<unsigned char>(c)) != 0 ||
                      std::string_view("-_./:").find(c) != std::string_view::npos;
    if (!good)
      return fail(Cause::invalid, "'{}': '{}' may hold letters, digits and - _ . / : only", key,
                  printable(text));
  }
  return {};
}

}  // namespace

Made make_openocd(const DriverSetup& setup, const Json& params) {
  TRY(only_keys(params, {"config", "adapter", "serial", "speed", "bank", "program", "timeout_ms",
                         "chip-id", "chip-id-at"}));
  Openocd::Settings settings;
  settings.config = TRY(text_param(params, "config", ""));
  settings.serial = TRY(text_param(params, "serial", ""));
  if (settings.config.empty() || settings.serial.empty())
    return fail(Cause::invalid, "'config' and 'serial' are needed");
  settings.adapter = TRY(text_param(params, "adapter", "cmsis-dap"));
  settings.program = TRY(text_param(params, "program", "openocd"));
  settings.speed = TRY(number_param(params, "speed", 0));
  settings.bank = TRY(number_param(params, "bank", 0));
  settings.timeout = TRY(duration_param(params, "timeout", std::chrono::seconds(120)));
  TRY(plain("adapter", settings.adapter));
  TRY(plain("serial", settings.serial));
  // "target/nrf51.cfg" begins as OpenOCD's name of the chip does.
  const auto slash = settings.config.rfind('/');
  auto id = TRY(chip_id_param(
      params,
      std::string_view(settings.config).substr(slash == std::string::npos ? 0 : slash + 1)));
  return make_probe_flasher(std::make_unique<Openocd>(std::move(settings)), std::move(id),
                            setup.on_incident);
}

}  // namespace assay::drivers
