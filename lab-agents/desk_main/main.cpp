// assay-desk --boards N [--profile NAME] [--flasher pyocd|openocd] --state DIR -- PROGRAM
// [ARGUMENT...]
//
// Sets up a desk of emulated boards on an emulated USB bus, writes DIR/lab.yaml
// that describes it, and runs a program (an assay-agent) that sees that bus.
// `assay up --boards-profile virtual-zephyr-usb` does so. Ends with the program's
// exit status, and ends it when it is ended itself.
#include <getopt.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <array>
#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <string>

#include "base/file.hpp"
#include "base/log.hpp"
#include "base/process.hpp"
#include "base/signals.hpp"
#include "base/text.hpp"
#include "virtual_desk/card_desk.hpp"
#include "virtual_desk/control.hpp"
#include "virtual_desk/desk.hpp"

namespace {

using namespace assay;

constexpr std::uint64_t card_size = 256U << 20;

constexpr const char* usage =
    "usage: assay-desk --boards N [--profile NAME] [--flasher pyocd|openocd] --state DIR \\\n"
    "           -- PROGRAM [ARGUMENT...]\n"
    "\n"
    "Runs a program that sees N emulated boards: their power on USB relays, their chips\n"
    "on CMSIS-DAP probes, their consoles on serial ports. DIR/lab.yaml describes them.\n"
    "\n"
    "usage: assay-desk --boards N --kernel FILE [--profile NAME] --state DIR -- PROGRAM...\n"
    "\n"
    "The same with emulated Linux machines: they start this kernel (of Debian's package\n"
    "linux-image-cloud-amd64) and what is on their SD cards, which hang on SDWires.\n"
    "\n"
    "usage: assay-desk do --state DIR COMMAND...\n"
    "\n"
    "Lays hands on the running desk whose folder is DIR (of `assay up --state S`: S/desk):\n";

void print_usage() {
  std::fputs(usage, stdout);
  for (const auto line : split(virtual_desk::hand_commands, '\n')) {
    if (!line.empty()) std::printf("  %.*s\n", static_cast<int>(line.size()), line.data());
  }
}

struct Options {
  int boards = 1;
  std::string profile, flasher = "pyocd", state, kernel;
  std::vector<std::string> program;
};

Result<Options> parse(int argc, char** argv) {
  static const std::array<option, 7> known{{{"boards", required_argument, nullptr, 'b'},
                                            {"profile", required_argument, nullptr, 'p'},
                                            {"flasher", required_argument, nullptr, 'f'},
                                            {"kernel", required_argument, nullptr, 'k'},
                                            {"state", required_argument, nullptr, 's'},
                                            {"help", no_argument, nullptr, 'h'},
                                            {nullptr, 0, nullptr, 0}}};
  Options options;
  opterr = 0;
  int letter = 0;
  while ((letter = getopt_long(argc, argv, "+", known.data(), nullptr)) != -1) {
    switch (letter) {
      case 'b': {
        const std::string_view text(optarg);
        const auto read = std::from_chars(text.data(), text.data() + text.size(), options.boards);
        if (read.ec != std::errc() || read.ptr != text.data() + text.size())
          return fail(Cause::invalid, "--boards: '{}' is no number", text);
        break;
      }
      case 'p':
        options.profile = optarg;
        break;
      case 'f':
        options.flasher = optarg;
        break;
      case 'k':
        options.kernel = optarg;
        break;
      case 's':
        options.state = optarg;
        break;
      case 'h':
        print_usage();
        std::exit(0);
      default:
        return fail(Cause::invalid,
                    "'{}' is no option of assay-desk, or lacks its value: see --help",
                    argv[optind - 1]);
    }
  }
  if (options.profile.empty())
    options.profile = options.kernel.empty() ? "virtual-zephyr-usb" : "virtual-linux";
  options.program.assign(argv + optind, argv + argc);
  if (options.state.empty() || options.program.empty())
    return fail(Cause::invalid, "--state DIR and a program, or a command, are needed: see --help");
  return options;
}

int complain(const Error& error) {
  std::fprintf(stderr, "assay-desk: %s\n", error.text.c_str());
  return 2;
}

}  // namespace

int main(int argc, char** argv) {
  signal(SIGPIPE, SIG_IGN);
  const bool hand = argc > 1 && std::string_view(argv[1]) == "do";
  const auto options = hand ? parse(argc - 1, argv + 1) : parse(argc, argv);
  if (options && hand) {
    const auto done = virtual_desk::Control::tell(options->state, join(options->program, " "),
                                                  Wait::for_(std::chrono::seconds(10)));
    return done ? 0 : complain(done.error());
  }
  if (!options) return complain(options.error());
  virtual_usb::enter_testbed(argv);
  const sigset_t signals = block_ending_signals();
  start_log("assay-desk");
  const auto state = std::filesystem::absolute(options->state);
  if (const auto made = make_folders(state); !made) return complain(made.error());
  const auto lock = FolderLock::take(state, "assay-desk");
  if (!lock) return complain(lock.error());
  // The machines' own programs see nothing of the bus.
  unsetenv("LD_PRELOAD");
  std::unique_ptr<virtual_desk::Desk> desk;
  std::unique_ptr<virtual_desk::CardDesk> cards;
  std::optional<virtual_desk::Control> control;
  const auto set_up = [&]() -> Result<> {
    std::string lab;
    if (options->kernel.empty()) {
      desk = TRY(virtual_desk::Desk::set_up(options->boards, state));
      lab = TRY(desk->lab(options->profile, options->flasher));
      control.emplace(TRY(virtual_desk::Control::listen(*desk, state)));
    } else {
      cards =
          TRY(virtual_desk::CardDesk::set_up(options->boards, options->kernel, card_size, state));
      lab = cards->lab(options->profile);
    }
    return write_file(state / "lab.yaml", as_bytes(lab));
  };
  if (const auto done = set_up(); !done) return complain(done.error());
  const auto& bus = desk ? desk->bus() : cards->bus();
  auto program = Process::start({.args = options->program,
                                 .env = bus.environment(),
                                 .fds = {{0, 0}, {1, 1}, {2, 2}},
                                 .own_session = false,
                                 .dies_with_parent = true});
  if (!program) return complain(program.error());
  // Whoever ends this ends the program; the program's end ends this.
  const UniqueFd signalled(signalfd(-1, &signals, SFD_CLOEXEC));
  std::array<pollfd, 3> fds{{{program->pidfd(), POLLIN, 0},
                             {signalled.get(), POLLIN, 0},
                             {control ? control->fd() : -1, POLLIN, 0}}};
  while (wait_ready(fds, {}) && fds[0].revents == 0 && fds[1].revents == 0) control->serve();
  auto ended = program->poll();
  if (!ended) ended = program->end(std::chrono::seconds(10));
  return ended->signal != 0 ? 128 + ended->signal : ended->code;
}
