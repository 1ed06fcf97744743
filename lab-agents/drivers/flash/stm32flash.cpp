// The driver `stm32flash`: flash through the bootloader that ST's chips have in ROM, on a
// serial port, by stm32flash (https://sourceforge.net/projects/stm32flash) as a program.
// {"path", "baud", "mode", "signals"?, "enter"?, "program", "timeout_ms"}
//
// Each write is read back by stm32flash itself (-v).
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

// stm32flash 0.7's own words.
constexpr Symptom symptoms[] = {
    {"Failed to open port", "there is no such serial port, or it may not be opened"},
    {"Failed to erase memory", "the chip refuses to be erased: is it locked or write-protected?"},
    {"Failed to write memory",
     "the chip refuses to be written: is it locked, has it flash at this address?"},
    {"Failed to verify", "the flash reads back other than written"},
    {"Failed to read memory", "the chip refuses to be read: is it locked?"},
    {"Failed to init device",
     "the bootloader does not answer: is the board in it (BOOT0), are the "
     "wires right?",
     Cause::device, true},
};
constexpr std::uint64_t flash_begin = 0x08000000;  // of each STM32
constexpr Phase phases[] = {{"Wrote", "writing"}, {"Read", "reading back"}};

class Stm32flash final : public LoaderTool {
 public:
  struct Settings {
    std::string path, mode, signals, program;
    std::int64_t baud = 0;
    Duration timeout{};
  };
  explicit Stm32flash(Settings settings)
      : settings_(std::move(settings)),
        tool_(settings_.program, "type: apt-get install stm32flash, or name it as 'program'",
              symptoms) {}

  std::string about() const override {
    return fmt::format("stm32flash{}, {}", tool_.version(), settings_.path);
  }

  Result<Health> check(const Order& order) override {
    tool_.ask_version(order, "/dev/null");  // it has no option for that
    return check_port(settings_.path);
  }

  Result<> program(const FlashJob& job, const Segments& segments, const TempFolder& folder,
                   const Order& order) override {
    tool_.ask_version(order, "/dev/null");
    const bool slot = !job.erase_chip && job.erase_size != 0;
    if (job.erase_chip)
      TRY(write_chip(job, segments, folder, order));
    else
      TRY(write(slot ? TRY(filled(segments, job)) : segments, folder, order));
    // Begins the program.
    return run({"-g", fmt::format("{:#x}", segments.lowest())}, 0, order);
  }

 private:
  // Each erases the pages that it writes.
  Result<> write(const Segments& segments, const TempFolder& folder, const Order& order) const {
    const auto pieces = TRY(pieces_of(segments, folder));
    for (const Piece& piece : pieces) {
      const auto where = fmt::format("{:#x}:{}", piece.address, piece.size);
      TRY(run({"-f", "-v", "-w", piece.file, "-S", where}, piece.size, order));
    }
    return {};
  }

  // From the flash's beginning on in one go, where the file begins there: only then can
  // stm32flash be told to erase nothing twice.
  Result<> write_chip(const FlashJob& job, const Segments& segments, const TempFolder& folder,
                      const Order& order) const {
    order.tell({"erasing", 0, segments.size()});
    TRY(run({"-o"}, 0, order));
    if (segments.lowest() != flash_begin) return write(segments, folder, order);
    const auto size = segments.end() - flash_begin;
    const Segments one{{{flash_begin, TRY(segments.flatten(flash_begin, size, job.erased))}}};
    const auto pieces = TRY(pieces_of(one, folder));
    return run({"-f", "-v", "-e", "0", "-w", pieces.front().file}, size, order);
  }

  Result<> run(const Words& more, std::uint64_t bytes, const Order& order) const {
    Words words{"-b", std::to_string(settings_.baud), "-m", settings_.mode};
    if (!settings_.signals.empty()) words.insert(words.end(), {"-i", settings_.signals});
    words.insert(words.end(), more.begin(), more.end());
    words.push_back(settings_.path);
    TRY(tool_.run(words, settings_.timeout, order, Percentages(phases, bytes, order)));
    return {};
  }

  const Settings settings_;
  Tool tool_;
};

}  // namespace

Made make_stm32flash(const DriverSetup&, const Json& params) {
  TRY(only_keys(params, {"path", "baud", "mode", "signals", "enter", "program", "timeout_ms"}));
  Stm32flash::Settings settings;
  settings.path = TRY(text_param(params, "path", ""));
  if (settings.path.empty()) return fail(Cause::invalid, "'path' is needed");
  settings.baud = TRY(number_param(params, "baud", 57'600));
  settings.mode = TRY(text_param(params, "mode", "8e1"));
  settings.signals = TRY(text_param(params, "signals", ""));
  settings.program = TRY(text_param(params, "program", "stm32flash"));
  settings.timeout = TRY(duration_param(params, "timeout", std::chrono::seconds(120)));
  return make_loader_flasher(std::make_unique<Stm32flash>(std::move(settings)),
                             TRY(words_param(params, "enter")));
}

}  // namespace assay::drivers
