// assayd --state DIR [--listen HOST:PORT] [--web HOST:PORT|off] [--project-queued N]
//        [--project-running N] [--attempt-limit MIB]
//
// Exit status: 0 ended by a signal, 2 the command line or the state folder is
// wrong, or the address cannot be listened on.

#include <getopt.h>
#include <malloc.h>
#include <signal.h>

#include <array>
#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "api/server.hpp"
#include "base/file.hpp"
#include "base/limits.hpp"
#include "base/log.hpp"
#include "base/signals.hpp"
#include "base/text.hpp"
#include "base/version.hpp"
#include "web/web.hpp"
#include "wire/channel.hpp"

namespace {

using namespace assay;

constexpr std::string_view usage =
    "usage: assayd --state DIR [--listen HOST:PORT] [--web HOST:PORT|off]\n"
    "              [--project-queued N] [--project-running N] [--attempt-limit MIB]\n"
    "\n"
    "Accepts runs, schedules them on the boards of agents, keeps what happened.\n"
    "\n"
    "  --state DIR          database, events and artifacts\n"
    "  --listen HOST:PORT   for agents and the command (default 127.0.0.1:7420; port 0: a free "
    "one)\n"
    "  --web HOST:PORT|off  pages and their answers (default 127.0.0.1:7480; port 0: a free one)\n"
    "  --project-queued N   jobs of a project that may wait; more are refused (default 20000)\n"
    "  --project-running N  attempts of a project that may run at once; others wait (default: no "
    "limit)\n"
    "  --attempt-limit MIB  of the events of one attempt (default 256, at least 4): of a console\n"
    "                       that says more its head and tail are kept\n"
    "  --version, --help\n"
    "\n"
    "Prints `ready grpc=HOST:PORT web=http://HOST:PORT` once it listens. ASSAY_LOG=debug says "
    "more.\n";

struct Options {
  std::string state, listen{wire::default_server}, web{wire::default_web};
  dispatch::LeaseTimes limits;
  std::uint64_t attempt_bytes = default_attempt_bytes;
};

Result<std::uint64_t> whole_number(const char* option, std::string_view text,
                                   std::uint64_t least = 1, std::uint64_t most = 1'000'000) {
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error == std::errc() && end == text.data() + text.size() && number >= least && number <= most)
    return number;
  return fail(Cause::invalid, "{} '{}': a number from {} to {}", option, printable(text), least,
              most);
}

Result<Options> parse(int argc, char** argv) {
  static const std::array<option, 9> known{{{"state", required_argument, nullptr, 'd'},
                                            {"listen", required_argument, nullptr, 'l'},
                                            {"web", required_argument, nullptr, 'w'},
                                            {"project-queued", required_argument, nullptr, 'q'},
                                            {"project-running", required_argument, nullptr, 'r'},
                                            {"attempt-limit", required_argument, nullptr, 'a'},
                                            {"version", no_argument, nullptr, 'V'},
                                            {"help", no_argument, nullptr, 'h'},
                                            {nullptr, 0, nullptr, 0}}};
  Options options;
  opterr = 0;
  int letter = 0;
  while ((letter = getopt_long(argc, argv, "", known.data(), nullptr)) != -1) {
    switch (letter) {
      case 'd':
        options.state = optarg;
        break;
      case 'l':
        options.listen = optarg;
        break;
      case 'w':
        options.web = optarg;
        break;
      case 'q':
        options.limits.project_queued = TRY(whole_number("--project-queued", optarg));
        break;
      case 'r':
        options.limits.project_running = TRY(whole_number("--project-running", optarg));
        break;
      case 'a':
        options.attempt_bytes =
            TRY(whole_number("--attempt-limit", optarg, least_attempt_bytes >> 20, 1U << 20)) << 20;
        break;
      case 'V':
        std::printf("assayd %s\n", version.data());
        std::exit(0);
      case 'h':
        std::fputs(usage.data(), stdout);
        std::exit(0);
      default:
        return fail(Cause::invalid, "'{}' is no option of assayd, or lacks its value: see --help",
                    argv[optind - 1]);
    }
  }
  if (optind < argc) return fail(Cause::invalid, "unexpected '{}': see --help", argv[optind]);
  if (options.state.empty()) return fail(Cause::invalid, "--state DIR is missing: see --help");
  return options;
}

Result<wire::Endpoint> loopback(const char* name, const std::string& text) {
  auto endpoint = wire::parse_endpoint(text);
  if (!endpoint) return tl::unexpected(endpoint.error().in(name));
  if (endpoint->is_loopback()) return endpoint;
  return fail(Cause::refused,
              "{} {}: not a loopback address; assayd has neither tokens nor TLS yet, so that "
              "anybody there could flash your boards: use 127.0.0.1 and a tunnel",
              name, text);
}

Result<> serve(const Options& options, const sigset_t& signals) {
  const auto endpoint = TRY(loopback("--listen", options.listen));
  std::optional<wire::Endpoint> web_endpoint;
  if (options.web != "off") web_endpoint = TRY(loopback("--web", options.web));
  const std::filesystem::path state = options.state;
  // A database that was lost or restored must not number a run like one whose
  // events are here already: it would be given that one's verdict.
  const auto runs_here = TRY(segments::highest_run(state / "segments"));
  // The store locks the folder: the first thing that is opened.
  const auto store = TRY(store::open_sqlite(state, {.numbers_above = runs_here}));
  const auto segments =
      TRY(segments::Segments::open(state / "segments", {.attempt_bytes = options.attempt_bytes}));
  const auto artifacts = TRY(artifacts::ArtifactStore::open(state / "artifacts"));
  const auto dispatcher = TRY(dispatch::Dispatcher::start(*store, options.limits));
  const api::Parts parts{*store, *dispatcher, *segments, *artifacts};
  TRY(api::count_ended_attempts(parts));
  const auto server = TRY(api::Server::start(endpoint, parts, std::string(version)));
  std::unique_ptr<web::Web> pages;
  std::string where;
  if (web_endpoint) {
    pages = TRY(web::Web::start(*web_endpoint, server->backend()));
    where = " web=http://" + pages->endpoint().text();
  }
  std::printf("ready grpc=%s%s\n", server->endpoint().text().c_str(), where.c_str());
  std::fflush(stdout);
  int signal = 0;
  sigwait(&signals, &signal);
  pages.reset();
  server->stop();
  return {};
}

}  // namespace

int main(int argc, char** argv) {
  // An arena for each of its threads keeps a third more memory than is in use.
  mallopt(M_ARENA_MAX, 2);
  signal(SIGPIPE, SIG_IGN);
  // Blocked before any thread exists; this one waits for them.
  const sigset_t signals = assay::block_ending_signals();
  assay::start_log("assayd");

  const auto options = parse(argc, argv);
  const auto served =
      options ? serve(*options, signals) : Result<>(tl::unexpected(options.error()));
  if (served) return 0;
  std::fprintf(stderr, "assayd: %s\n", served.error().text.c_str());
  return 2;
}
