// assay: the command. See `assay --help`; design and exit statuses: docs/ARCHITECTURE.md.

#include <signal.h>

#include "cli/commands.hpp"

int main(int argc, char** argv) {
  signal(SIGPIPE, SIG_IGN);
  return assay::cli::run_command_line({argv + 1, argv + argc});
}
