// The driver `pyocd`: flash, read back and reset through a debug probe, by pyOCD
// (https://pyocd.io) as a program. {"uid", "target", "frequency"?, "pack"?,
// "program", "connect", "timeout_ms", "chip-id"?, "chip-id-at"?}
//
// `uid` is always given: pyOCD would otherwise take the only probe that it finds,
// or ask.
#include "base/text.hpp"
#include "drivers/flash/kinds.hpp"
#include "drivers/flash/probe.hpp"
#include "drivers/flash/tool.hpp"
#include "drivers/flash/tool_progress.hpp"

namespace assay::drivers {

namespace {

using abilities::Health;
using abilities::Order;
using Words = std::vector<std::string>;

constexpr Duration quick = std::chrono::seconds(20);  // to start, connect and ask

// pyOCD 0.46's own words.
constexpr Symptom symptoms[] = {
    {"No connected debug probe matches", "no probe with this uid is attached"},
    {"No available debug probes", "no probe is attached"},
    {"Access denied", "the probe may not be opened: install the udev rules of Assay"},
    {"Resource busy", "the probe is in use by another program"},
    {"Unable to claim interface", "the probe is in use by another program"},
    {"No ACK", no_target_means, Cause::device, true},
    {"no ack received", no_target_means, Cause::device, true},
    {"Unexpected ACK", "the chip answers wrongly: are the wires too long?", Cause::device, false,
     true},
    {"Target is locked", "the chip is locked against debuggers: unlock it (this erases it)"},
    {"is not recognized",
     "pyOCD does not know this target: name one of `pyocd list --targets`, or "
     "give its CMSIS-Pack as 'pack'"},
    {"No such device", "the probe went away"},
    {"flash erase", "the chip could not be erased"},
    {"flash program", "the chip could not be programmed"},
    {"flash init failure", "the flash algorithm does not run on this chip"},
};

class Pyocd final : public ProbeTool {
 public:
  struct Settings {
    std::string uid, target, program, connect, pack;
    std::int64_t frequency = 0;
    Duration timeout{};
  };
  explicit Pyocd(Settings settings)
      : settings_(std::move(settings)),
        clock_(settings_.frequency),
        tool_(settings_.program, "type: pip install pyocd==0.46.0, or name it as 'program'",
              symptoms) {}

  std::string about() const override {
    return fmt::format("pyOCD{}, probe {}, target {}{}", tool_.version(), settings_.uid,
                       settings_.target, clock_.about());
  }
  std::string serial() const override { return settings_.uid; }
  std::string probe() const override { return "probe " + settings_.uid; }

  Result<Health> check(const Order& order) override {
    tool_.ask_version(order);
    return tool_.reaches(commander("attach", {"status"}, clock_), quick, order);
  }

  Result<> program(const abilities::FlashJob& job, const std::vector<Piece>& pieces,
                   const std::vector<Piece>& back, const Order& order) override {
    tool_.ask_version(order);
    // Whatever the program did to the chip, the flash algorithm starts from a reset.
    Words commands{"reset halt"};
    if (job.erase_chip) {
      commands.emplace_back("erase");
    } else if (job.erase_size != 0) {
      // The commander counts sectors, whose size only pyOCD knows.
      const auto words = [&](const WireClock& clock) {
        Words all = common("erase", clock);
        all.insert(all.end(), {"--sector", fmt::format("{:#x}-{:#x}", job.address,
                                                       job.address + job.erase_size)});
        return all;
      };
      TRY(tool_.run(words, clock_, settings_.timeout, order));
    }
    std::vector<std::uint64_t> sizes;
    for (const Piece& piece : pieces) {
      commands.push_back(fmt::format("load \"{}\" {:#x}", piece.file, piece.address));
      sizes.push_back(piece.size);
    }
    for (const Piece& piece : back) commands.push_back(save_command(piece));
    commands.emplace_back("reset halt");
    return run(settings_.connect, commands, order, [&] { return PyocdBars(sizes, order); });
  }

  Result<> save(const Piece& piece, const Order& order) override {
    return run("attach", {save_command(piece)}, order);
  }

  Result<> reset(const Order& order) override {
    TRY(tool_.run([&](const WireClock& clock) { return common("reset", clock); }, clock_, quick,
                  order));
    return {};
  }

 private:
  static std::string save_command(const Piece& piece) {
    return fmt::format("savemem {:#x} {} \"{}\"", piece.address, piece.size, piece.file);
  }

  // Never waits for a probe, takes no settings from files of the user's.
  Words common(const char* command, const WireClock& clock) const {
    Words words{command,       "--no-wait", "--no-config",   "--uid",
                settings_.uid, "--target",  settings_.target};
    words.insert(words.end(), {"--frequency", std::to_string(clock.hertz())});
    if (!settings_.pack.empty()) words.insert(words.end(), {"--pack", settings_.pack});
    return words;
  }

  Result<> run(const std::string& connect, const Words& commands, const Order& order,
               const std::function<Tool::Heard()>& heard = nullptr) {
    TRY(tool_.run([&](const WireClock& clock) { return commander(connect, commands, clock); },
                  clock_, settings_.timeout, order, heard));
    return {};
  }

  Words commander(const std::string& connect, const Words& commands, const WireClock& clock) const {
    Words words = common("commander", clock);
    words.insert(words.end(), {"--connect", connect});
    for (const std::string& command : commands) words.insert(words.end(), {"--command", command});
    return words;
  }

  const Settings settings_;
  WireClock clock_;
  Tool tool_;
};

}  // namespace

Made make_pyocd(const DriverSetup& setup, const Json& params) {
  TRY(only_keys(params, {"uid", "target", "frequency", "pack", "program", "connect", "timeout_ms",
                         "chip-id", "chip-id-at"}));
  Pyocd::Settings settings;
  settings.uid = TRY(text_param(params, "uid", ""));
  settings.target = TRY(text_param(params, "target", ""));
  if (settings.uid.empty() || settings.target.empty())
    return fail(Cause::invalid, "'uid' and 'target' are needed");
  settings.program = TRY(text_param(params, "program", "pyocd"));
  settings.connect = TRY(text_param(params, "connect", "halt"));
  settings.pack = TRY(text_param(params, "pack", ""));
  settings.frequency = TRY(number_param(params, "frequency", 1'000'000));
  settings.timeout = TRY(duration_param(params, "timeout", std::chrono::seconds(120)));
  auto id = TRY(chip_id_param(params, settings.target));
  return make_probe_flasher(std::make_unique<Pyocd>(std::move(settings)), std::move(id),
                            setup.on_incident);
}

}  // namespace assay::drivers
