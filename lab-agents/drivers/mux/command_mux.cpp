// The driver `command` as a mux: whatever programs a lab has for it.
//   host, dut  switch the storage there
//   status     prints host or dut
// Arguments are a list and never pass a shell. At its deadline a program is killed
// with everything in its session.
#include "base/process.hpp"
#include "base/text.hpp"
#include "drivers/mux/side_switch.hpp"

namespace assay::drivers {

namespace {

constexpr std::size_t output_limit = 64 << 10, excerpt = 400;

class CommandMux final : public SideSwitch {
 public:
  struct Commands {
    std::vector<std::string> host, dut, status;
    Duration timeout{};
  };
  explicit CommandMux(Commands commands) : commands_(std::move(commands)) {}

  std::string about() const override {
    return fmt::format("the mux of '{}'", printable(join(commands_.host, " ")));
  }

  Result<> set(Side side, const Wait& wait) override {
    const auto& words = side == Side::host ? commands_.host : commands_.dut;
    const auto output = TRY(run_it(words, wait));
    if (!output.status.ok()) return complain(words, output, "");
    return {};
  }

  Result<std::optional<Side>> get(const Wait& wait) override {
    if (commands_.status.empty()) return std::optional<Side>();
    const auto output = TRY(run_it(commands_.status, wait));
    const auto said =
        std::string_view(output.out).substr(0, output.out.find_last_not_of("\r\n ") + 1);
    if (output.status.ok() && said == word(Side::host)) return Side::host;
    if (output.status.ok() && said == word(Side::dut)) return Side::dut;
    return complain(commands_.status, output, "; it must print host or dut");
  }

 private:
  Result<Output> run_it(const std::vector<std::string>& words, const Wait& wait) const {
    auto output = run({.args = words, .dies_with_parent = true}, wait.at_most(commands_.timeout),
                      output_limit);
    if (output || output.error().cause == Cause::cancelled) return output;
    if (output.error().cause == Cause::timeout && !wait.until.passed()) {
      return fail(Cause::device, "'{}' did not end within {} and was killed",
                  printable(join(words, " ")), human(commands_.timeout));
    }
    if (output.error().cause == Cause::timeout) return output;
    return fail(Cause::device, "{}", output.error().text);
  }

  static tl::unexpected<Error> complain(const std::vector<std::string>& words, const Output& output,
                                        std::string_view must) {
    const auto said = output.out.size() > excerpt
                          ? "..." + output.out.substr(output.out.size() - excerpt)
                          : output.out.substr(0, output.out.find_last_not_of("\r\n ") + 1);
    return fail(Cause::device, "'{}': {}{}{}{}", printable(join(words, " ")),
                to_string(output.status), said.empty() ? "" : ": ", printable(said), must);
  }

  const Commands commands_;
};

}  // namespace

Made make_command_mux(const Json& params) {
  TRY(only_keys(params, {"host", "dut", "status", "timeout_ms"}));
  CommandMux::Commands commands;
  commands.host = TRY(words_param(params, "host"));
  commands.dut = TRY(words_param(params, "dut"));
  commands.status = TRY(words_param(params, "status"));
  commands.timeout =
      std::chrono::milliseconds(TRY(range_param(params, "timeout_ms", 1, 3'600'000, 10'000)));
  if (commands.host.empty() || commands.dut.empty())
    return fail(Cause::invalid, "a mux needs both 'host' and 'dut'");
  return make_mux_device(std::make_unique<CommandMux>(std::move(commands)));
}

}  // namespace assay::drivers
