// assay-agent --server HOST:PORT --lab FILE --state DIR [--name NAME]
// assay-agent scan | init | udev-rules | drivers: done by assay-host.
//
// Exit status: 0 ended by a signal, 2 the command line, the lab file or the state
// folder is wrong (nothing was touched), 5 assayd refused this agent.

#include <getopt.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <thread>

#include "base/file.hpp"
#include "base/log.hpp"
#include "base/process.hpp"
#include "base/signals.hpp"
#include "base/version.hpp"
#include "hosts/launcher.hpp"
#include "plans/lab.hpp"
#include "plans/shipped.hpp"
#include "session/agent.hpp"
#include "session/lab_boards.hpp"
#include "wire/channel.hpp"
#include "wire/scalar.hpp"

namespace {

using namespace assay;

constexpr std::string_view usage =
    "usage: assay-agent --lab FILE --state DIR [--server HOST:PORT] [--name NAME]\n"
    "\n"
    "Gives the boards of a lab file to an assayd and carries out what it assigns.\n"
    "\n"
    "  --lab FILE           which boards hang here, and on which devices\n"
    "  --state DIR          epochs, spooled events, cached artifacts, virtual flash\n"
    "  --server HOST:PORT   where assayd listens (default 127.0.0.1:7420)\n"
    "  --name NAME          unique among agents (default: the lab file's `lab:`)\n"
    "  --version, --help\n"
    "\n"
    "Prints `ready boards=N` once assayd has taken it in. ASSAY_LOG=debug says more.\n"
    "\n"
    "Setting up a lab, without an assayd:\n"
    "  assay-agent scan [--json]        what is attached, which drivers fit, what is in the way\n"
    "  assay-agent init [FILE]          writes a lab file from it (lab.yaml)\n"
    "  assay-agent udev-rules           what lets an unprivileged user open the devices\n"
    "  assay-agent drivers --markdown   every driver and its keys\n";

struct Options {
  std::string server{wire::default_server}, lab, state, name;
};

Result<Options> parse(int argc, char** argv) {
  static const std::array<option, 7> known{{{"server", required_argument, nullptr, 's'},
                                            {"lab", required_argument, nullptr, 'l'},
                                            {"state", required_argument, nullptr, 'd'},
                                            {"name", required_argument, nullptr, 'n'},
                                            {"version", no_argument, nullptr, 'V'},
                                            {"help", no_argument, nullptr, 'h'},
                                            {nullptr, 0, nullptr, 0}}};
  Options options;
  opterr = 0;
  int letter = 0;
  while ((letter = getopt_long(argc, argv, "", known.data(), nullptr)) != -1) {
    switch (letter) {
      case 's':
        options.server = optarg;
        break;
      case 'l':
        options.lab = optarg;
        break;
      case 'd':
        options.state = optarg;
        break;
      case 'n':
        options.name = optarg;
        break;
      case 'V':
        std::printf("assay-agent %s\n", version.data());
        std::exit(0);
      case 'h':
        std::fputs(usage.data(), stdout);
        std::exit(0);
      default:
        return fail(Cause::invalid,
                    "'{}' is no option of assay-agent, or lacks its value: see --help",
                    argv[optind - 1]);
    }
  }
  if (optind < argc) return fail(Cause::invalid, "unexpected '{}': see --help", argv[optind]);
  if (options.lab.empty()) return fail(Cause::invalid, "--lab FILE is missing: see --help");
  if (options.state.empty()) return fail(Cause::invalid, "--state DIR is missing: see --help");
  return options;
}

// What the boards' tools are, for reports.
std::map<std::string, std::string> environment(const plans::Lab& lab) {
  std::map<std::string, std::string> all{{"assay-agent", std::string(version)}};
  for (const auto& board : lab.boards) {
    for (const auto& device : board.devices) {
      if (!device.driver.starts_with("virtual-") || all.contains("qemu")) continue;
      const auto output =
          run({.args = {"qemu-system-arm", "--version"}}, Wait::for_(std::chrono::seconds(5)));
      const std::string_view line =
          output ? std::string_view(output->out).substr(0, output->out.find('\n')) : "";
      const auto at = line.find("version ");
      all["qemu"] = at == std::string_view::npos ? "unknown" : std::string(line.substr(at + 8));
    }
  }
  return all;
}

// The agent links no device library; assay-host does, and has these commands.
bool is_for_host(int argc, char** argv) {
  constexpr std::array<std::string_view, 4> commands{"scan", "init", "udev-rules", "drivers"};
  return argc > 1 && std::find(commands.begin(), commands.end(), argv[1]) != commands.end();
}
int hand_to_host(char** argv) {
  const auto host = program_folder() / "assay-host";
  execv(host.c_str(), argv);
  std::perror(("assay-agent: " + host.string()).c_str());
  return 3;
}

int complain(const Error& error, int status) {
  std::fprintf(stderr, "assay-agent: %s\n", error.text.c_str());
  return status;
}

}  // namespace

int main(int argc, char** argv) {
  if (is_for_host(argc, argv)) return hand_to_host(argv);
  signal(SIGPIPE, SIG_IGN);
  // Blocked before any thread exists; one thread waits for them.
  const sigset_t signals = block_ending_signals();
  start_log("assay-agent");

  const auto options = parse(argc, argv);
  if (!options) return complain(options.error(), 2);
  const auto server = wire::parse_endpoint(options->server);
  if (!server) return complain(server.error().in("--server"), 2);
  const auto text = read_text(options->lab);
  if (!text) return complain(text.error(), 2);
  const auto lab = plans::parse_lab(*text, options->lab);
  if (!lab) return complain(plans::to_error(lab.error()), 2);
  // A type that is not known here may be known to assayd, whose they are.
  for (const auto& board : lab->boards) {
    const auto profile = plans::shipped_profile(board.profile);
    if (!profile && profile.error().cause == Cause::invalid) return complain(profile.error(), 2);
  }
  const std::string name = options->name.empty() ? lab->name : options->name;
  if (const auto good = wire::check_name("the agent's name", name); !good)
    return complain(good.error(), 2);
  const auto lock = FolderLock::take(options->state, "assay-agent");
  if (!lock) return complain(lock.error(), 2);

  const auto state = std::filesystem::absolute(options->state);
  const auto program = program_folder() / "assay-host";
  // The same mark for every agent of this state folder: a new one finds what a
  // dead one left running.
  const std::string mark = to_hex(sha256(as_bytes(state.string()))).substr(0, 16);
  const auto launcher = hosts::Launcher::start(program, mark, Wait::for_(std::chrono::seconds(10)));
  if (!launcher) return complain(launcher.error(), 2);
  const auto boards = session::LabBoards::open(*lab, state, **launcher, program);
  if (!boards) return complain(boards.error(), 2);
  (*boards)->make_safe();

  session::AgentConfig config;
  config.server = *server;
  config.name = name;
  config.version = version;
  config.state = state;
  config.environment = environment(*lab);
  config.max_attempts = lab->attempts;
  config.on_welcome = [n = lab->boards.size()] {
    std::printf("ready boards=%zu\n", n);
    std::fflush(stdout);
  };
  session::Agent agent(std::move(config), **boards);
  std::thread([&agent, signals] {
    int signal = 0;
    sigwait(&signals, &signal);
    agent.stop();
  }).detach();
  if (const auto ended = agent.run(); !ended) return complain(ended.error(), 5);
  return 0;
}
