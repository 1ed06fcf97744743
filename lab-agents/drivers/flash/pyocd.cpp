// The driver `pyocd`: flash, read back and reset through a debug probe, by pyOCD
// (https://pyocd.io) as a program. {"uid", "target", "frequency"?, "pack"?,
// "program", "connect", "timeout_ms"}
//
// `uid` is always given: pyOCD would otherwise take the only probe that it finds,
// or ask. The program under test runs from the reset at the end of a write, not
// before what was written has been read back.
#include <algorithm>
#include <filesystem>

#include "base/file.hpp"
#include "base/text.hpp"
#include "drivers/flash/tool.hpp"
#include "drivers/kinds.hpp"
#include "images/load.hpp"

namespace assay::drivers {

namespace {

using abilities::Health;
using abilities::Order;
using Words = std::vector<std::string>;

constexpr std::uint64_t read_limit = 16 << 20;
constexpr std::size_t page_size = 1024;               // in which nothing is looked for
constexpr Duration quick = std::chrono::seconds(20);  // to start, connect and ask

// pyOCD 0.46's own words.
constexpr Symptom symptoms[] = {
    {"No connected debug probe matches", "no probe with this uid is attached"},
    {"No available debug probes", "no probe is attached"},
    {"Access denied", "the probe may not be opened: install the udev rules of Assay"},
    {"Resource busy", "the probe is in use by another program"},
    {"Unable to claim interface", "the probe is in use by another program"},
    {"No ACK", "the target does not answer: has the board power, are the wires right?"},
    {"no ack received", "the target does not answer: has the board power, are the wires right?"},
    {"Target is locked", "the chip is locked against debuggers: unlock it (this erases it)"},
    {"is not recognized",
     "pyOCD does not know this target: name one of `pyocd list --targets`, or "
     "give its CMSIS-Pack as 'pack'"},
    {"No such device", "the probe went away"},
    {"flash erase", "the chip could not be erased"},
    {"flash program", "the chip could not be programmed"},
    {"flash init failure", "the flash algorithm does not run on this chip"},
};

// Where chips keep their number, by the beginning of pyOCD's target name, and how
// long it is. From the vendors' reference manuals (nRF51 and nRF52: FICR DEVICEID;
// STM32: unique device ID register; K64F: SIM_UIDH to SIM_UIDL).
struct ChipId {
  std::string_view target;
  std::uint64_t at;
  std::size_t size;
};
constexpr ChipId chip_ids[] = {{"nrf51", 0x10000060, 8},
                               {"nrf52", 0x10000060, 8},
                               {"stm32f7", 0x1FF0F420, 12},
                               {"stm32l4", 0x1FFF7590, 12},
                               {"k64f", 0x40048054, 16}};

// What need not be programmed once it is erased: pages of nothing.
images::Segments without_erased(const images::Segments& segments, std::uint8_t erased) {
  images::Segments kept;
  for (const auto& segment : segments.all) {
    std::size_t at = 0;
    bool joins = false;
    while (at < segment.bytes.size()) {
      // To the next page's beginning.
      const std::size_t page = page_size - (segment.address + at) % page_size;
      const auto bytes =
          ByteView(segment.bytes).subspan(at, std::min(page, segment.bytes.size() - at));
      const bool empty =
          std::all_of(bytes.begin(), bytes.end(), [&](std::uint8_t b) { return b == erased; });
      if (!empty && !joins) kept.all.push_back({segment.address + at, {}});
      if (!empty) {
        auto& last = kept.all.back().bytes;
        last.insert(last.end(), bytes.begin(), bytes.end());
      }
      joins = !empty;
      at += bytes.size();
    }
  }
  return kept;
}

class Pyocd final : public abilities::Device, private abilities::Flash, private abilities::Reset {
 public:
  struct Settings {
    std::string uid, target, program, connect, pack;
    Bytes chip_id;  // empty: not asked for
    std::uint64_t chip_id_at = 0;
    std::int64_t frequency = 0;
    Duration timeout{};
  };
  explicit Pyocd(Settings settings)
      : settings_(std::move(settings)),
        tool_(settings_.program, "type: pip install pyocd==0.46.0, or name it as 'program'",
              symptoms) {}

  abilities::Flash* flash() override { return this; }
  abilities::Reset* reset() override { return this; }

  std::string about(std::string_view) const override {
    return fmt::format("pyOCD{}, probe {}, target {}", version_.empty() ? "" : " " + version_,
                       settings_.uid, settings_.target);
  }

  // A board without power does not answer, which is no fault of the probe.
  Result<Health> check(std::string_view, const Order& order) override {
    ask_version(order);
    const Words words = commander("attach", {"status"});
    const auto output = TRY(tool_.try_run(words, quick, order));
    if (output.status.ok()) {
      checked_.reset();
      TRY(check_chip(order));
      return Health::proven;
    }
    Error error = tool_.explain(words, output);
    if (error.text.starts_with("the target does not answer")) return Health::unproven;
    return tl::unexpected(std::move(error));
  }
  void poll_fds(std::vector<pollfd>&, bool) override {}
  void on_ready(std::span<const pollfd>) override {}

 private:
  Result<> pulse(const Order& order) override {
    Words words = common("reset");
    TRY(tool_.run(words, quick, order));
    return {};
  }

  // Once a lease, before its first write: a board may have been changed since.
  Result<> check_chip(const Order& order) {
    if (settings_.chip_id.empty() || checked_ == order.epoch) return {};
    const auto read = TRY(this->read(order, settings_.chip_id_at, settings_.chip_id.size()));
    if (*read != settings_.chip_id) {
      return fail(Cause::device,
                  "the wrong board: the lab file says that the chip behind probe {} is {}, but it "
                  "calls itself {}",
                  settings_.uid, to_hex(settings_.chip_id), to_hex(*read));
    }
    checked_ = order.epoch;
    return {};
  }

  Result<> write(const Order& order, const abilities::FlashJob& job) override {
    ask_version(order);
    TRY(check_chip(order));
    const auto segments = TRY(images::load(job.file, job.address));
    const auto folder = TRY(TempFolder::make("assay-pyocd-"));
    // Whatever the program did to the chip, the flash algorithm starts from a reset.
    Words commands{"reset halt"};
    if (job.erase_chip) {
      commands.emplace_back("erase");
    } else if (job.erase_size != 0) {
      // The commander counts sectors, whose size only pyOCD knows.
      Words words = common("erase");
      words.insert(words.end(), {"--sector", fmt::format("{:#x}-{:#x}", job.address,
                                                         job.address + job.erase_size)});
      TRY(tool_.run(words, settings_.timeout, order));
    }
    const bool is_erased = job.erase_chip || job.erase_size != 0;
    const auto pieces = is_erased ? without_erased(segments, job.erased) : segments;
    for (std::size_t i = 0; i < pieces.all.size(); ++i) {
      const auto file = folder.path() / fmt::format("{}.bin", i);
      TRY(write_file(file, pieces.all[i].bytes));
      commands.push_back(fmt::format("load {} {:#x}", file.string(), pieces.all[i].address));
    }
    for (std::size_t i = 0; i < segments.all.size(); ++i) {
      const auto& segment = segments.all[i];
      commands.push_back(fmt::format("savemem {:#x} {} {}", segment.address, segment.bytes.size(),
                                     back_file(folder, i)));
    }
    commands.emplace_back("reset halt");
    TRY(tool_.run(commander(settings_.connect, commands), settings_.timeout, order));
    for (std::size_t i = 0; i < segments.all.size(); ++i)
      TRY(compare(segments.all[i], back_file(folder, i)));
    // Only now, so that nothing unverified ever runs.
    return pulse(order);
  }

  static std::string back_file(const TempFolder& folder, std::size_t i) {
    return (folder.path() / fmt::format("{}.back", i)).string();
  }

  Result<> compare(const images::Segment& segment, const std::string& file) const {
    const auto back = read_file(file, segment.bytes.size());
    if (!back) return fail(Cause::device, "probe {}: nothing was read back", settings_.uid);
    const auto differs =
        std::mismatch(segment.bytes.begin(), segment.bytes.end(), back->begin(), back->end());
    if (differs.first == segment.bytes.end()) return {};
    return fail(
        Cause::device, "probe {}: the flash reads back other than written, from {:#x} on",
        settings_.uid,
        segment.address + static_cast<std::uint64_t>(differs.first - segment.bytes.begin()));
  }

  Result<std::optional<Bytes>> read(const Order& order, std::uint64_t address,
                                    std::uint64_t size) override {
    if (size > read_limit)
      return fail(Cause::invalid, "reading {} bytes: {} at most", size, read_limit);
    const auto folder = TRY(TempFolder::make("assay-pyocd-"));
    const auto file = (folder.path() / "flash.bin").string();
    TRY(tool_.run(commander("attach", {fmt::format("savemem {:#x} {} {}", address, size, file)}),
                  settings_.timeout, order));
    auto bytes = read_file(file, size);
    if (!bytes || bytes->size() != size) {
      return fail(Cause::device, "probe {}: {} instead of {} bytes were read at {:#x}",
                  settings_.uid, bytes ? bytes->size() : 0, size, address);
    }
    return std::move(*bytes);
  }

  // Never waits for a probe, takes no settings from files of the user's.
  Words common(const char* command) const {
    Words words{command,       "--no-wait", "--no-config",   "--uid",
                settings_.uid, "--target",  settings_.target};
    if (settings_.frequency != 0)
      words.insert(words.end(), {"--frequency", std::to_string(settings_.frequency)});
    if (!settings_.pack.empty()) words.insert(words.end(), {"--pack", settings_.pack});
    return words;
  }

  Words commander(const std::string& connect, const Words& commands) const {
    Words words = common("commander");
    words.insert(words.end(), {"--connect", connect});
    for (const std::string& command : commands) words.insert(words.end(), {"--command", command});
    return words;
  }

  void ask_version(const Order& order) {
    if (!version_.empty()) return;
    const auto output = tool_.try_run({"--version"}, quick, order);
    if (!output || !output->status.ok()) return;
    version_ = printable(output->out.substr(0, output->out.find('\n')));
  }

  const Settings settings_;
  const Tool tool_;
  std::string version_;
  std::optional<std::uint64_t> checked_;  // the epoch of it
};

Result<> read_chip_id(const Json& params, Pyocd::Settings& settings) {
  const auto text = TRY(text_param(params, "chip-id", ""));
  if (text.empty()) return {};
  auto id = from_hex(text);
  if (!id) return fail(Cause::invalid, "'chip-id' must be hexadecimal: {}", id.error().text);
  settings.chip_id = *std::move(id);
  settings.chip_id_at = static_cast<std::uint64_t>(TRY(number_param(params, "chip-id-at", 0)));
  if (settings.chip_id_at != 0) return {};
  for (const ChipId& known : chip_ids) {
    if (!settings.target.starts_with(known.target)) continue;
    settings.chip_id_at = known.at;
    if (settings.chip_id.size() == known.size) return {};
    return fail(Cause::invalid, "'chip-id' has {} bytes, that of {} {}", settings.chip_id.size(),
                settings.target, known.size);
  }
  return fail(Cause::invalid, "where {} keeps its number is not known here: say it as 'chip-id-at'",
              settings.target);
}

}  // namespace

Made make_pyocd(const DriverSetup&, const Json& params) {
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
  settings.frequency = TRY(number_param(params, "frequency", 0));
  settings.timeout = std::chrono::milliseconds(TRY(number_param(params, "timeout_ms", 120'000)));
  TRY(read_chip_id(params, settings));
  return std::make_unique<Pyocd>(std::move(settings));
}

}  // namespace assay::drivers
