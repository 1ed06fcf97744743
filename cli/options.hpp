// What a command line asks for, as plain values: command_line.cpp fills them,
// the commands (commands.hpp) take them. Nothing here knows how options are parsed.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <tl/expected.hpp>
#include <utility>
#include <variant>
#include <vector>

namespace assay::cli {

using Pairs = std::vector<std::pair<std::string, std::string>>;  // NAME=VALUE, as given

struct UpOptions {
  std::string state;  // "": $XDG_STATE_HOME/assay/up
  int boards = -1;    // -1: 4, or none beside a lab file
  std::string profile = "virtual-zephyr";
  std::string lab;
  std::string listen = "127.0.0.1:7420";
  std::string web = "127.0.0.1:7480";                // or "off"
  unsigned project_queued = 0, project_running = 0;  // 0: assayd's own default
  unsigned attempt_limit = 0;                        // MiB; 0: as assayd has it
};
struct RunOptions {
  std::string plan;
  Pairs artifacts, params;
  std::string profile, board, project, rev, ref, junit, lease;
  std::vector<std::string> tags;
  int priority = 0;
  unsigned repeat = 1;
  bool detach = false, json = false;
};
struct WatchOptions {
  std::vector<std::string> runs;
};
struct RunsOptions {
  std::string plan, project, ref, rev, profile, status, text, page;
  unsigned limit = 50;
  bool json = false;
};
struct ShowOptions {
  std::string run;
  bool json = false;
};
struct LogOptions {
  std::string run, role;
  bool follow = false, raw = false;
  bool events = false;  // every event as a line of JSON
};
struct WhyOptions {
  std::string run;
  bool json = false;
};
struct CancelOptions {
  std::string run, reason;
};
struct RetestOptions {
  std::string run;
  bool detach = false, json = false;
};
inline constexpr std::uint64_t max_report_mib = 500;
struct ReportOptions {
  std::string run, html, junit, tap;  // files; "-" is standard output
  std::uint64_t max_size = 20;        // MiB of the HTML file
  bool json = false;
};
struct BoardsOptions {
  bool json = false;
};
struct LabCheckOptions {
  std::vector<std::string> boards;  // none: all
  bool json = false;
};
struct BoardOptions {
  std::string board;
  bool json = false;
};
struct PowerOptions {
  std::string board, to;  // "on", "off", "cycle", "status"
  std::string lease;
  bool json = false;
};
struct FlashOptions {
  std::string board, file, slot, lease;
  bool json = false;
};
struct ConsoleOptions {
  std::string board, lease;
  bool write = false;      // take the board even where no terminal is
  bool read_only = false;  // never take it
};
struct QuarantineOptions {
  std::string board, why;  // "": back into use
};
struct LeaseOptions {
  std::string board, profile;  // one of them at least
  std::vector<std::string> tags;
  std::chrono::nanoseconds length = std::chrono::minutes(30);
  int priority = 0;
  bool detach = false;  // it outlives the command
  bool wait = false;    // detached: leave when it has the board, not when it is accepted
  bool json = false;
};
struct ExtendOptions {
  std::string lease;  // or the board
  std::chrono::nanoseconds by{};
  bool json = false;
};
struct ReleaseOptions {
  std::string lease, why;
  bool json = false;
};
struct AgentsOptions {
  bool json = false;
};
struct PlanCheckOptions {
  std::vector<std::string> files;
  bool json = false;
};
struct PlanSchemaOptions {};
struct PlanListOptions {
  bool json = false;
};
struct ImageShowOptions {
  std::string file;
  std::uint64_t base = 0;
  bool json = false;
};
struct ArtifactPutOptions {
  std::string file;
  bool json = false;
};
struct ArtifactGetOptions {
  std::string sha256, output;
};
// A word list for completion: "runs", "boards", "plans", "profiles".
struct WordsOptions {
  std::string of;
};
struct TextOptions {
  std::string text;  // help, version, a completion script
};

using Command =
    std::variant<TextOptions, UpOptions, RunOptions, WatchOptions, RunsOptions, ShowOptions,
                 LogOptions, WhyOptions, CancelOptions, RetestOptions, ReportOptions, BoardsOptions,
                 BoardOptions, LabCheckOptions, PowerOptions, FlashOptions, ConsoleOptions,
                 QuarantineOptions, LeaseOptions, ExtendOptions, ReleaseOptions, AgentsOptions,
                 PlanCheckOptions, PlanSchemaOptions, PlanListOptions, ImageShowOptions,
                 ArtifactPutOptions, ArtifactGetOptions, WordsOptions>;

struct CommandLine {
  Command command;
  std::string server;  // --server, ASSAY_SERVER or the default; not yet checked
};

// What is wrong with it, for standard error; the exit status is 2.
struct UsageError {
  std::string text;
};

tl::expected<CommandLine, UsageError> parse_command_line(std::vector<std::string> words);

}  // namespace assay::cli
