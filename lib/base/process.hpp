// Starting, waiting for and ending child programs. Never through a shell.
//
// `dies_with_parent` uses PR_SET_PDEATHSIG, which fires when the spawning
// *thread* ends and needs fork(): only a single-threaded process (the launcher,
// a device host) may set it. Without it posix_spawn is used, which is safe
// beside gRPC's threads.
// A Process is not thread-safe; its pidfd() may be polled from elsewhere.
#pragma once

#include <sys/types.h>

#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.hpp"
#include "base/fd.hpp"
#include "base/result.hpp"

namespace assay {

struct Command {
  std::vector<std::string> args;                              // args[0] is looked up in PATH
  std::vector<std::pair<std::string, std::string>> env = {};  // added to this process's environment
  std::vector<std::pair<int, int>> fds = {};  // (ours, theirs); the rest is closed or /dev/null
  bool own_session = true;                    // setsid(): its own group, too
  bool dies_with_parent = false;
};

struct ExitStatus {
  int code = 0;    // when signal is 0
  int signal = 0;  // the signal that ended it, or 0
  [[nodiscard]] bool ok() const { return code == 0 && signal == 0; }
};
std::string to_string(ExitStatus);  // "exit status 3", "killed by signal 9 (Killed)"

class Process {
 public:
  // Fails with Cause::not_found when there is no such program.
  static Result<Process> start(const Command&);
  Process(Process&&) noexcept = default;
  Process& operator=(Process&&) = delete;
  // Kills the group and reaps it, if still running.
  ~Process();

  [[nodiscard]] pid_t pid() const { return pid_; }
  [[nodiscard]] int pidfd() const { return pidfd_.get(); }  // readable once it has ended
  // nullopt while it runs.
  std::optional<ExitStatus> poll();
  Result<ExitStatus> wait(const Wait&);
  void kill_group(int signal) const;  // the group when own_session, else the process
  // SIGTERM, then SIGKILL after `grace`; reaps.
  ExitStatus end(Duration grace);

 private:
  Process(pid_t pid, UniqueFd pidfd, bool group)
      : pid_(pid), pidfd_(std::move(pidfd)), group_(group) {}
  pid_t pid_;
  UniqueFd pidfd_;
  bool group_;
  std::optional<ExitStatus> ended_;
};

// What a short-lived program printed.
struct Output {
  ExitStatus status;
  std::string out;  // standard output and standard error, in order; cut at `limit`
};
// `heard` gets it piece by piece, as it comes, past the limit too.
Result<Output> run(const Command&, const Wait&, std::size_t limit = 1 << 20,
                   const std::function<void(std::string_view)>& heard = nullptr);

// The folder that holds this program's own executable.
std::filesystem::path program_folder();

}  // namespace assay
