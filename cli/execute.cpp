#include <fmt/core.h>

#include "cli/commands.hpp"

namespace assay::cli {

int execute(const TextOptions& options, const std::string&) {
  std::fwrite(options.text.data(), 1, options.text.size(), stdout);
  return std::fflush(stdout) == 0 ? 0 : 2;
}

int run_command_line(std::vector<std::string> words) {
  const auto line = parse_command_line(std::move(words));
  if (!line) {
    fmt::print(stderr, "{}\n", line.error().text);
    return 2;
  }
  return std::visit([&](const auto& options) { return execute(options, line->server); },
                    line->command);
}

}  // namespace assay::cli
