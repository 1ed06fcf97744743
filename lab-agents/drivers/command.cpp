// The driver `command`: power, flash or reset (mux/command_mux.cpp: a mux) by whatever program a
// lab has.
//
// Arguments are a list and never pass a shell. Power: {"on", "off", "status"?};
// flash: {"write", "read"?, "erase"?} with {file}, {address} (0x8000) and {size}
// (decimal) replaced in their arguments; reset: {"pulse"}; all: {"timeout_ms"}.
//   status  prints on or off, or prints nothing and exits with 0 (on) or 1 (off)
//   erase   comes before a write that wants it; size 0 is the whole chip. Without
//           it `write` has to erase what it writes.
//   write   may print how far it is, as a percentage: "37%"
//   read    leaves the bytes in {file}
// At its deadline a program is killed with everything in its session.
#include <unistd.h>

#include <algorithm>
#include <cstdlib>

#include "base/file.hpp"
#include "base/process.hpp"
#include "base/text.hpp"
#include "drivers/flash/tool_progress.hpp"
#include "drivers/kinds.hpp"
#include "drivers/mux/side_switch.hpp"

namespace assay::drivers {

namespace {

using abilities::Health;
using abilities::Order;
using Words = std::vector<std::string>;

constexpr std::size_t output_limit = 64 << 10;
constexpr std::size_t excerpt = 400;  // of the output, in an error
constexpr std::uint64_t read_limit = 16 << 20;

struct Values {
  std::string file, address, size;
};

Values values(const std::filesystem::path& file, std::uint64_t address, std::uint64_t size) {
  return {file.string(), fmt::format("{:#x}", address), std::to_string(size)};
}

// One pass, so that a file's name that looks like a placeholder stays a name.
std::string fill_in(std::string_view word, const Values& with) {
  std::string out;
  while (!word.empty()) {
    const auto take = [&](std::string_view name, const std::string& value) {
      if (!word.starts_with(name)) return false;
      out += value;
      word.remove_prefix(name.size());
      return true;
    };
    if (take("{file}", with.file) || take("{address}", with.address) || take("{size}", with.size)) {
      continue;
    }
    out += word.front();
    word.remove_prefix(1);
  }
  return out;
}

std::string trimmed(std::string_view text) {
  while (!text.empty() && (text.back() == '\n' || text.back() == '\r' || text.back() == ' ')) {
    text.remove_suffix(1);
  }
  while (!text.empty() && (text.front() == '\n' || text.front() == ' ')) text.remove_prefix(1);
  return std::string(text);
}

// "'relay on': exit status 3: no such port"; of several lines "connecting | no such port".
std::string describe(const Words& words, const std::string& what, const std::string& output) {
  std::string said;
  for (const auto line : split(output, '\n')) {
    const auto text = trimmed(line);
    if (!text.empty()) said += (said.empty() ? "" : " | ") + text;
  }
  if (said.size() > excerpt) said = "..." + said.substr(said.size() - excerpt);
  return fmt::format("'{}': {}{}{}", printable(join(words, " ")), what, said.empty() ? "" : ": ",
                     printable(said));
}

bool can_run(const std::string& program) {
  if (program.find('/') != std::string::npos) return access(program.c_str(), X_OK) == 0;
  const char* path = std::getenv("PATH");
  for (const auto folder : split(path != nullptr ? path : "/usr/bin:/bin", ':')) {
    if (access(fmt::format("{}/{}", folder, program).c_str(), X_OK) == 0) return true;
  }
  return false;
}

class CommandDriver final : public abilities::Device,
                            private abilities::Power,
                            private abilities::Reset,
                            private abilities::Flash {
 public:
  struct Commands {
    Words on, off, status, write, read, erase, pulse;
    Duration timeout{};
  };
  explicit CommandDriver(Commands commands) : commands_(std::move(commands)) {}

  abilities::Power* power() override { return commands_.on.empty() ? nullptr : this; }
  abilities::Reset* reset() override { return commands_.pulse.empty() ? nullptr : this; }
  abilities::Flash* flash() override { return commands_.write.empty() ? nullptr : this; }

  Result<Health> check(std::string_view ability, const Order& order) override {
    for (const auto* words : {&commands_.on, &commands_.off, &commands_.status, &commands_.write,
                              &commands_.read, &commands_.erase, &commands_.pulse}) {
      if (words->empty() || can_run(words->front())) continue;
      return fail(Cause::device, "{}: there is no program '{}'", ability,
                  printable(words->front()));
    }
    if (ability != "power" || commands_.status.empty()) return Health::unproven;
    const auto now = TRY(read_status(order));
    if (now == ordered_.value_or(now)) return Health::proven;
    return fail(Cause::device, "power was switched {}, but '{}' says {}", word(*ordered_),
                printable(join(commands_.status, " ")), word(now));
  }
  void poll_fds(std::vector<pollfd>&, bool) override {}
  void on_ready(std::span<const pollfd>) override {}

 private:
  Result<> on(const Order& order) override { return switch_to(true, order); }
  Result<> off(const Order& order) override { return switch_to(false, order); }
  Result<std::optional<bool>> is_on(const Order& order) override {
    if (commands_.status.empty()) return std::optional<bool>();
    return TRY(read_status(order));
  }

  Result<> pulse(const Order& order) override {
    TRY(must(commands_.pulse, {}, order));
    return {};
  }

  Result<> write(const Order& order, const abilities::FlashJob& job) override {
    if (!commands_.erase.empty() && (job.erase_chip || job.erase_size != 0)) {
      const auto from = job.erase_chip ? 0 : job.address;
      const auto size = job.erase_chip ? 0 : job.erase_size;
      TRY(must(commands_.erase, values(job.file, from, size), order));
    }
    std::error_code error;
    const auto size = std::filesystem::file_size(job.file, error);
    if (error) return fail(Cause::invalid, "{}: {}", job.file.string(), error.message());
    constexpr Phase writing[] = {{"", "writing"}};
    TRY(must(commands_.write, values(job.file, job.address, size), order,
             Percentages(writing, size, order)));
    return {};
  }

  Result<std::optional<Bytes>> read(const Order& order, std::uint64_t address,
                                    std::uint64_t size) override {
    if (commands_.read.empty()) return std::optional<Bytes>();
    if (size > read_limit) {
      return fail(Cause::invalid, "reading {} bytes: {} at most", size, read_limit);
    }
    const auto folder = TRY(TempFolder::make("assay-read-"));
    const auto file = folder.path() / "flash.bin";
    TRY(must(commands_.read, values(file, address, size), order));
    auto bytes = read_file(file, read_limit);
    if (!bytes || bytes->size() != size) {
      return fail(Cause::device, "'{}' left {} instead of {} bytes",
                  printable(join(commands_.read, " ")),
                  bytes ? std::to_string(bytes->size()) : "no file", size);
    }
    return std::move(*bytes);
  }

  static std::string_view word(bool on) { return on ? "on" : "off"; }

  Result<> switch_to(bool to, const Order& order) {
    ordered_.reset();  // until it is known to have happened
    TRY(must(to ? commands_.on : commands_.off, {}, order));
    ordered_ = to;
    if (commands_.status.empty() || TRY(read_status(order)) == to) return {};
    return fail(Cause::device, "power was switched {}, but '{}' says {}", word(to),
                printable(join(commands_.status, " ")), word(!to));
  }

  Result<bool> read_status(const Order& order) {
    const auto output = TRY(run_it(commands_.status, {}, order));
    auto said = trimmed(output.out);
    std::transform(said.begin(), said.end(), said.begin(),
                   [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    if (said.empty() && output.status.signal == 0 && output.status.code <= 1) {
      return output.status.code == 0;
    }
    if (output.status.ok() && (said == "on" || said == "off")) return said == "on";
    return fail(Cause::device, "{}; it must print on or off",
                describe(commands_.status, to_string(output.status), output.out));
  }

  using Heard = std::function<void(std::string_view)>;
  Result<Output> run_it(const Words& words, const Values& with, const Order& order,
                        const Heard& heard = nullptr) {
    Command command{.args = {}, .dies_with_parent = true};
    for (const auto& word : words) command.args.push_back(fill_in(word, with));
    const auto limit = order.wait.at_most(commands_.timeout);
    auto output = run(command, limit, output_limit, heard);
    if (output) return output;
    const auto cause = output.error().cause;
    if (cause == Cause::cancelled) return tl::unexpected(output.error());
    if (cause == Cause::timeout) {
      return fail(order.wait.until.passed() ? Cause::timeout : Cause::device, "{}",
                  describe(command.args, "did not end in time and was killed", ""));
    }
    return fail(Cause::device, "{}", output.error().text);
  }

  Result<> must(const Words& words, const Values& with, const Order& order,
                const Heard& heard = nullptr) {
    const auto output = TRY(run_it(words, with, order, heard));
    if (output.status.ok()) return {};
    Words filled;
    for (const auto& word : words) filled.push_back(fill_in(word, with));
    return fail(Cause::device, "{}", describe(filled, to_string(output.status), output.out));
  }

  Commands commands_;
  std::optional<bool> ordered_;
};

}  // namespace

Made make_command(const DriverSetup&, const Json& params) {
  if (params.contains("host") || params.contains("dut")) return make_command_mux(params);
  TRY(only_keys(params, {"on", "off", "status", "write", "read", "erase", "pulse", "timeout_ms"}));
  CommandDriver::Commands commands;
  commands.on = TRY(words_param(params, "on"));
  commands.off = TRY(words_param(params, "off"));
  commands.status = TRY(words_param(params, "status"));
  commands.write = TRY(words_param(params, "write"));
  commands.read = TRY(words_param(params, "read"));
  commands.erase = TRY(words_param(params, "erase"));
  commands.pulse = TRY(words_param(params, "pulse"));
  const bool flash = !commands.write.empty();
  const auto timeout =
      TRY(range_param(params, "timeout_ms", 1, 3'600'000, flash ? 60'000 : 10'000));
  commands.timeout = std::chrono::milliseconds(timeout);
  if (commands.on.empty() != commands.off.empty()) {
    return fail(Cause::invalid, "power needs both 'on' and 'off'");
  }
  if (commands.on.empty() && !flash && commands.pulse.empty()) {
    return fail(Cause::invalid, "give 'on' and 'off', 'write', 'pulse', or 'host' and 'dut'");
  }
  return std::make_unique<CommandDriver>(std::move(commands));
}

}  // namespace assay::drivers
