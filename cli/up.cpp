// assay up: an assayd and an agent with boards, supervised until Ctrl-C.

#include <fmt/core.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>

#include "base/file.hpp"
#include "base/process.hpp"
#include "base/text.hpp"
#include "cli/commands.hpp"
#include "cli/supervisor.hpp"
#include "cli/terminal.hpp"
#include "cli/words.hpp"
#include "plans/check.hpp"
#include "plans/lab.hpp"
#include "plans/shipped.hpp"
#include "wire/channel.hpp"

namespace assay::cli {
namespace {

using namespace std::chrono_literals;
namespace fs = std::filesystem;

constexpr int default_boards = 4;
constexpr Duration assayd_time = 20s;
constexpr Duration agent_time = 40s;

Result<fs::path> state_folder(const UpOptions& options) {
  if (!options.state.empty()) return fs::absolute(options.state);
  if (const char* named = std::getenv("XDG_STATE_HOME"); named != nullptr && *named == '/')
    return fs::path(named) / "assay/up";
  if (const char* home = std::getenv("HOME"); home != nullptr && *home == '/')
    return fs::path(home) / ".local/state/assay/up";
  return fail(Cause::invalid,
              "neither XDG_STATE_HOME nor HOME is set: name a folder with --state DIR");
}

Result<> check_profile(const std::string& profile) {
  const auto known = plans::shipped_profiles();
  if (std::find(known.begin(), known.end(), profile) == known.end()) {
    const std::string near = did_you_mean(profile, known);
    return fail(Cause::invalid, "--boards-profile: no board type '{}'{}", printable(profile),
                near.empty() ? known.empty() ? "" : "; there are " + join(known) : near);
  }
  if (!profile.starts_with("virtual-")) {
    return fail(Cause::invalid,
                "--boards-profile: '{}' is no virtual board; name real boards in --lab FILE",
                profile);
  }
  TRY(plans::shipped_profile(profile));
  return {};
}

// Emulated boards behind emulated USB devices: assay-desk has them.
bool on_a_desk(const std::string& profile) {
  return profile == "virtual-zephyr-usb";
}

// Before anything is started: the agent would only find out when it flashes.
Result<> check_pyocd() {
  std::error_code error;
  if (fs::exists(program_folder() / "pyocd", error)) return {};
  const auto said = assay::run({.args = {"pyocd", "--version"}}, Wait::for_(10s));
  if (said && said->status.ok()) return {};
  return fail(Cause::invalid,
              "virtual-zephyr-usb is flashed by pyOCD, and there is none: type ./dev setup, or "
              "pip install pyocd==0.46.0");
}

std::string virtual_lab(int boards, const std::string& profile) {
  std::string text = "lab: virtual\nboards:\n";
  for (int i = 1; i <= boards; ++i) {
    text +=
        fmt::format("  - id: v{}\n    profile: {}\n    devices: {{ machine: {{ driver: {} }} }}\n",
                    i, profile, profile);
  }
  return text;
}

// The user's lab file, before anything is started.
Result<plans::Lab> read_lab(const std::string& file, int boards) {
  const auto checks = plans::check_files({file});
  if (!checks[0].findings.empty()) return tl::unexpected(plans::to_error(checks[0].findings));
  if (checks[0].kind != "lab")
    return fail(Cause::invalid, "{}: this is a {}, not a lab file; begin with 'lab: NAME'", file,
                checks[0].kind);
  auto lab = plans::parse_lab(TRY(read_text(file)), file);
  if (!lab) return tl::unexpected(plans::to_error(lab.error()));
  for (const auto& board : lab->boards) {
    TRY(plans::shipped_profile(board.profile));
    for (int i = 1; i <= boards; ++i) {
      if (board.id == fmt::format("v{}", i)) {
        return fail(
            Cause::invalid,
            "{}: board '{}' is called like a virtual one; give it another id or leave out --boards",
            plans::to_string(board.place), board.id);
      }
    }
  }
  if (boards > 0 && lab->name == "virtual") {
    return fail(
        Cause::invalid,
        "{}:1:1: the virtual boards' lab is called 'virtual' too; give this one another name",
        file);
  }
  return std::move(*lab);
}

class Up {
 public:
  explicit Up(const UpOptions& options) : options_(options), supervisor_(say) {}

  Result<> run() {
    const int boards = options_.boards >= 0   ? options_.boards
                       : options_.lab.empty() ? default_boards
                                              : 0;
    if (auto endpoint = wire::parse_endpoint(options_.listen); !endpoint)
      return tl::unexpected(endpoint.error().in("--listen"));
    if (options_.web != "off") {
      if (auto endpoint = wire::parse_endpoint(options_.web); !endpoint)
        return tl::unexpected(endpoint.error().in("--web"));
    }
    if (boards > 0) {
      TRY(check_profile(options_.profile));
      if (on_a_desk(options_.profile)) TRY(check_pyocd());
    }
    std::size_t own = 0;
    if (!options_.lab.empty()) own = TRY(read_lab(options_.lab, boards)).boards.size();
    const fs::path state = TRY(state_folder(options_));
    const FolderLock lock = TRY(FolderLock::take(state, "assay up"));
    TRY(make_folders(state / "log"));

    const std::string grpc = TRY(start_assayd(state));
    if (boards > 0 && on_a_desk(options_.profile)) {
      TRY(start_agent(
          "assay-agent", grpc, state / "desk/lab.yaml", state,
          {(program_folder() / "assay-desk").string(), "--boards", std::to_string(boards),
           "--profile", options_.profile, "--state", (state / "desk").string(), "--"}));
    } else if (boards > 0) {
      const fs::path file = state / "virtual-lab.yaml";
      TRY(write_file(file, as_bytes(virtual_lab(boards, options_.profile))));
      TRY(start_agent("assay-agent", grpc, file, state));
    }
    if (!options_.lab.empty())
      TRY(start_agent("assay-agent-lab", grpc, fs::absolute(options_.lab), state));
    fmt::print("ready grpc={}{}\n", grpc, web_.empty() ? "" : " web=" + web_);
    std::fflush(stdout);
    std::vector<std::string> what;
    if (boards > 0) what.push_back(fmt::format("{} virtual boards ({})", boards, options_.profile));
    if (own > 0) what.push_back(fmt::format("{} boards of {}", own, options_.lab));
    if (what.empty()) what.emplace_back("no boards");
    say(fmt::format("{}; state and logs in {}; Ctrl-C ends it", join(what), state.string()));
    TRY(supervisor_.watch());
    return supervisor_.end();
  }

 private:
  static void say(const std::string& text) { print(stderr, Line{{"assay: " + text}}); }

  Result<std::string> start_assayd(const fs::path& state) {
    const auto arguments = [&](const std::string& listen, const std::string& web) {
      std::vector<std::string> words{(program_folder() / "assayd").string(),
                                     "--state",
                                     (state / "assayd").string(),
                                     "--web",
                                     web,
                                     "--listen",
                                     listen};
      const auto limit = [&words](const char* option, unsigned number) {
        if (number != 0) words.insert(words.end(), {option, std::to_string(number)});
      };
      limit("--project-queued", options_.project_queued);
      limit("--project-running", options_.project_running);
      limit("--attempt-limit", options_.attempt_limit);
      return words;
    };
    auto& child = supervisor_.add("assayd", arguments(options_.listen, options_.web),
                                  state / "log/assayd.log", "ready grpc=");
    TRY(supervisor_.start(child, assayd_time));
    std::string grpc = child.ready_line.substr(child.ready.size());
    const auto space = grpc.find(' ');
    if (space != std::string::npos) web_ = grpc.substr(space + 1);
    grpc = grpc.substr(0, space);
    if (auto endpoint = wire::parse_endpoint(grpc); !endpoint)
      return tl::unexpected(endpoint.error().in("assayd's ready line"));
    constexpr std::string_view named = "web=http://";
    if (!web_.empty() && !web_.starts_with(named))
      return fail(Cause::internal, "assayd's ready line: '{}'", web_);
    // A new one must come up where the others look for it.
    child.args = arguments(grpc, web_.empty() ? options_.web : web_.substr(named.size()));
    if (!web_.empty()) web_.erase(0, std::string_view("web=").size());
    return grpc;
  }

  Result<> start_agent(const std::string& name, const std::string& grpc, const fs::path& lab,
                       const fs::path& state, std::vector<std::string> words = {}) {
    const std::string program = (program_folder() / "assay-agent").string();
    // An agent's state is bound to its boards: each has a folder of its own.
    const fs::path folder = state / (name == "assay-agent" ? "agent" : "agent-lab");
    words.insert(words.end(),
                 {program, "--server", grpc, "--lab", lab.string(), "--state", folder.string()});
    auto& child =
        supervisor_.add(name, std::move(words), state / "log" / (name + ".log"), "ready boards=");
    return supervisor_.start(child, agent_time);
  }

  UpOptions options_;
  std::string web_;  // "http://127.0.0.1:7480", or ""
  Supervisor supervisor_;
};

}  // namespace

int execute(const UpOptions& options, const std::string&) {
  Up up(options);
  const auto ended = up.run();
  if (ended) return 0;
  if (ended.error().cause == Cause::cancelled) return 0;  // Ctrl-C while it came up
  return complain(ended.error());
}

}  // namespace assay::cli
