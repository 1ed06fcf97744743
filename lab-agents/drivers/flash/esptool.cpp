// The driver `esptool`: flash through the bootloader in Espressif's ROMs, on a serial port,
// by esptool (https://docs.espressif.com/projects/esptool) as a program. {"path", "chip",
// "baud", "mac"?, "before", "after", "no-stub"?, "enter"?, "program", "timeout_ms"}
//
// What was written is compared by esptool: the chip tells the MD5 of its flash.
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

constexpr Duration quick = std::chrono::seconds(30);

// esptool 5.6's own words.
constexpr Symptom symptoms[] = {
    {"could not open port", "there is no such serial port, or it may not be opened"},
    {"port is busy", "the serial port is in use by another program"},
    {"Failed to connect to",
     "the bootloader does not answer: is the board in it, are the wires right?", Cause::device,
     true},
    {"Wrong chip argument", "the wrong board: another chip than the lab file says"},
    {"MD5 of file does not match", "the flash reads back other than written"},
    {"Failed to write to target flash", "the chip could not be programmed"},
    {"will not fit in", "the chip has no flash at an address of this file", Cause::invalid},
};
constexpr Phase phases[] = {{"Writing at", "writing"}};

class Esptool final : public LoaderTool {
 public:
  struct Settings {
    std::string path, chip, mac, before, after, program;
    std::int64_t baud = 0;
    bool no_stub = false;
    Duration timeout{};
  };
  explicit Esptool(Settings settings)
      : settings_(std::move(settings)),
        tool_(settings_.program, "type: pip install esptool==5.6.0, or name it as 'program'",
              symptoms) {}

  std::string about() const override {
    const auto which = settings_.mac.empty() ? settings_.path : settings_.mac;
    return fmt::format("esptool{}, {} {}", tool_.version(), settings_.chip, which);
  }

  Result<Health> check(const Order& order) override {
    tool_.ask_version(order, "version");
    return check_port(settings_.path);
  }

  Result<> program(const FlashJob& job, const Segments& segments, const TempFolder& folder,
                   const Order& order) override {
    tool_.ask_version(order, "version");
    TRY(check_board(order));
    const auto pieces = TRY(pieces_of(segments, folder));
    if (job.erase_chip || job.erase_size != 0) {
      order.tell({"erasing", 0, segments.size()});
      TRY(erase(job, order));
    }
    Words words{"write-flash"};
    for (const Piece& piece : pieces)
      words.insert(words.end(), {fmt::format("{:#x}", piece.address), piece.file});
    return run(settings_.after, words, segments.size(), order);
  }

 private:
  Result<> run(const std::string& after, const Words& more, std::uint64_t bytes,
               const Order& order) const {
    TRY(tool_.run(arguments(after, more), settings_.timeout, order,
                  Percentages(phases, bytes, order)));
    return {};
  }

  Words arguments(const std::string& after, const Words& more) const {
    Words words{"--chip",       settings_.chip,   "--port",
                settings_.path, "--baud",         std::to_string(settings_.baud),
                "--before",     settings_.before, "--after",
                after};
    if (settings_.no_stub) words.emplace_back("--no-stub");
    words.insert(words.end(), more.begin(), more.end());
    return words;
  }

  // A ROM alone erases ranges only.
  Result<> erase(const FlashJob& job, const Order& order) const {
    Words words;
    if (!job.erase_chip)
      words = {"erase-region", fmt::format("{:#x}", job.address),
               fmt::format("{:#x}", job.erase_size)};
    else if (settings_.no_stub)
      words = {"erase-region", "0", "ALL"};
    else
      words = {"erase-flash"};
    return run("no-reset", words, 0, order);
  }

  Result<> check_board(const Order& order) const {
    if (settings_.mac.empty()) return {};
    const auto said = TRY(tool_.run(arguments("no-reset", {"read-mac"}), quick, order));
    constexpr std::string_view key = "MAC:";
    for (auto line : split(said, '\n')) {
      if (!line.starts_with(key)) continue;
      line.remove_prefix(line.find_last_of(' ') + 1);
      while (line.ends_with('\r')) line.remove_suffix(1);
      if (line == settings_.mac) return {};
      return fail(Cause::device,
                  "the wrong board: the lab file says that the chip at {} is {}, but it calls "
                  "itself {}",
                  settings_.path, settings_.mac, printable(line));
    }
    return fail(Cause::device, "esptool read no MAC from the chip at {}", settings_.path);
  }

  const Settings settings_;
  Tool tool_;
};

// As esptool prints it.
Result<> check_mac(const std::string& mac) {
  if (mac.empty()) return {};
  const auto parts = split(mac, ':');
  bool good = parts.size() == 6 || parts.size() == 8;
  for (const auto part : parts)
    good = good && part.size() == 2 &&
           part.find_first_not_of("0123456789abcdef") == std::string_view::npos;
  if (good) return {};
  return fail(Cause::invalid, "'mac' must be as esptool prints it, such as 7c:df:a1:00:00:01");
}

}  // namespace

Made make_esptool(const DriverSetup&, const Json& params) {
  TRY(only_keys(params, {"path", "chip", "baud", "mac", "before", "after", "no-stub", "enter",
                         "program", "timeout_ms"}));
  Esptool::Settings settings;
  settings.path = TRY(text_param(params, "path", ""));
  settings.chip = TRY(text_param(params, "chip", ""));
  if (settings.path.empty() || settings.chip.empty())
    return fail(Cause::invalid, "'path' and 'chip' are needed");
  settings.baud = TRY(number_param(params, "baud", 460'800));
  settings.mac = TRY(text_param(params, "mac", ""));
  TRY(check_mac(settings.mac));
  settings.before = TRY(text_param(params, "before", "default-reset"));
  settings.after = TRY(text_param(params, "after", "hard-reset"));
  settings.no_stub = TRY(flag_param(params, "no-stub"));
  settings.program = TRY(text_param(params, "program", "esptool"));
  settings.timeout = TRY(duration_param(params, "timeout", std::chrono::seconds(120)));
  return make_loader_flasher(std::make_unique<Esptool>(std::move(settings)),
                             TRY(words_param(params, "enter")));
}

}  // namespace assay::drivers
