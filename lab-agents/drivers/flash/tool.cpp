#include "drivers/flash/tool.hpp"

#include <algorithm>
#include <cctype>
#include <filesystem>

#include "base/text.hpp"

namespace assay::drivers {

namespace {

constexpr std::size_t output_limit = 256 << 10;
constexpr std::size_t excerpt = 400;

std::string lower(std::string_view text) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return out;
}

// The last lines, in one.
std::string tail(std::string_view output) {
  std::string said;
  for (const std::string_view line : split(output, '\n')) {
    const auto end = line.find_last_not_of(" \r\t");
    if (end == std::string_view::npos) continue;
    const auto begin = line.find_first_not_of(" \r\t");
    if (!said.empty()) said += " | ";
    said += line.substr(begin, end - begin + 1);
  }
  if (said.size() > excerpt) said = "..." + said.substr(said.size() - excerpt);
  return printable(said);
}

}  // namespace

std::string Tool::found() const {
  if (program_.find('/') != std::string::npos) return program_;
  const auto beside = program_folder() / program_;
  std::error_code error;
  return std::filesystem::exists(beside, error) ? beside.string() : program_;
}

Result<Output> Tool::try_run(std::vector<std::string> arguments, Duration limit,
                             const abilities::Order& order, const Heard& heard) const {
  Command command{.args = {found()}, .dies_with_parent = true};
  command.args.insert(command.args.end(), arguments.begin(), arguments.end());
  auto output = assay::run(command, order.wait.at_most(limit), output_limit, heard);
  if (output) return output;
  const Error& error = output.error();
  if (error.cause == Cause::not_found)
    return fail(Cause::device, "there is no program '{}'; {}", printable(program_), get_it_);
  if (error.cause == Cause::timeout && !order.wait.until.passed()) {
    return fail(Cause::device, "'{} {}' did not end within {} and was killed", program_,
                printable(join(arguments, " ")), human(limit));
  }
  return output;
}

Result<std::string> Tool::run(std::vector<std::string> arguments, Duration limit,
                              const abilities::Order& order, const Heard& heard) const {
  auto output = TRY(try_run(arguments, limit, order, heard));
  if (output.status.ok()) return std::move(output.out);
  return tl::unexpected(explain(arguments, output));
}

Result<std::string> Tool::run(const Arguments& arguments, WireClock& clock, Duration limit,
                              const abilities::Order& order,
                              const std::function<Heard()>& heard) const {
  while (true) {
    const auto words = arguments(clock);
    auto output = TRY(try_run(words, limit, order, heard ? heard() : nullptr));
    if (output.status.ok()) return std::move(output.out);
    const Symptom* symptom = symptom_in(output);
    const bool may_help = symptom != nullptr && (symptom->wires || symptom->no_target);
    if (may_help && !order.wait.until.passed() && clock.slow_down()) continue;
    if (may_help) clock.restore();
    return tl::unexpected(explain(words, output));
  }
}

std::string WireClock::about() const {
  if (steps_ == 0) return "";
  return fmt::format(", at {} kHz as {} kHz failed", hertz() / 1000,
                     (hertz_ >> (steps_ - 1)) / 1000);
}

// The first word with a digit in front: "0.46.0", "Open On-Chip Debugger 0.12.0".
void Tool::ask_version(const abilities::Order& order, const std::string& how) {
  if (!version_.empty()) return;
  const auto output = try_run({how}, std::chrono::seconds(20), order);
  if (!output || (!output->status.ok() && how == "--version")) return;
  for (const std::string_view line : split(output->out, '\n')) {
    for (const std::string_view word : split(line, ' ')) {
      if (!word.empty() && std::isdigit(static_cast<unsigned char>(word.front())) != 0) {
        version_ = " " + printable(word);
        return;
      }
    }
  }
}

Result<abilities::Health> Tool::reaches(const std::vector<std::string>& arguments, Duration limit,
                                        const abilities::Order& order) const {
  const auto output = TRY(try_run(arguments, limit, order));
  if (output.status.ok()) return abilities::Health::proven;
  const Symptom* symptom = symptom_in(output);
  if (symptom != nullptr && symptom->no_target) return abilities::Health::unproven;
  return tl::unexpected(explain(arguments, output));
}

const Symptom* Tool::symptom_in(const Output& output) const {
  const std::string said = lower(output.out);
  const auto found = std::find_if(symptoms_.begin(), symptoms_.end(), [&](const Symptom& one) {
    return said.find(lower(one.printed)) != std::string::npos;
  });
  return found == symptoms_.end() ? nullptr : &*found;
}

Error Tool::explain(const std::vector<std::string>& arguments, const Output& output) const {
  const std::string what = fmt::format("'{} {}': {}: {}", program_, printable(join(arguments, " ")),
                                       to_string(output.status), tail(output.out));
  const Symptom* symptom = symptom_in(output);
  if (symptom == nullptr) return {Cause::device, what};
  return {symptom->cause, fmt::format("{} ({})", symptom->means, what)};
}

}  // namespace assay::drivers
