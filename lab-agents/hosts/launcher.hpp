// Starts, kills and outlives device hosts, so that nothing of a host stays.
//
// The launcher is a process of its own: the agent re-executes `assay-host
// --launcher` by posix_spawn, so that it is single-threaded by construction and
// a new one can be started at any time, whatever threads the agent has. (It
// must be single-threaded because PR_SET_PDEATHSIG, which it sets on hosts,
// fires when the spawning thread ends.) It speaks with the agent over a
// SOCK_SEQPACKET socket and ends with it, by no signal of a terminal.
//
// What a host started dies with it, sessions of their own and double forks
// included: the launcher is the subreaper of all hosts, kills what is
// re-parented to it, and tells by ASSAY_HOST=MARK:NUMBER in the environment
// whose it was; a daemon of a live host is left alone. When the launcher itself
// is killed, its hosts die by PDEATHSIG, and the next launcher first ends
// everything else that carries the MARK.
//
// The agent's side is thread-safe.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "base/clock.hpp"
#include "base/fd.hpp"
#include "base/process.hpp"
#include "base/result.hpp"

namespace assay::hosts {

struct HostProcess {
  std::uint64_t number = 0;  // never used twice by one agent process
  pid_t pid = 0;
};

// The seam at which tests put a host that does not die.
class HostProcesses {
 public:
  virtual ~HostProcesses() = default;
  // `socket` becomes descriptor 3 of the host. Its own session and group.
  virtual Result<HostProcess> start(const std::vector<std::string>& argv, const UniqueFd& socket,
                                    const Wait&) = 0;
  // SIGKILL to the host and all that it started. Returns at once.
  virtual void kill(std::uint64_t number) = 0;
  // Until the host and all that it started are gone.
  virtual Result<ExitStatus> wait_gone(std::uint64_t number, const Wait&) = 0;
};

class Launcher final : public HostProcesses {
 public:
  // `program`: assay-host, started with "--launcher MARK". `mark`: a word of
  // letters, digits, '-' that is this agent's alone on this machine and stays the
  // same when the agent is restarted; what an earlier agent of the same mark
  // left behind is ended first.
  static Result<std::unique_ptr<Launcher>> start(const std::filesystem::path& program,
                                                 const std::string& mark, const Wait&);
  // Closes the socket and waits until every host is gone, 2 s at most.
  ~Launcher() override;

  // Starts a new launcher when the last one was killed.
  Result<HostProcess> start(const std::vector<std::string>& argv, const UniqueFd& socket,
                            const Wait&) override;
  void kill(std::uint64_t number) override;
  Result<ExitStatus> wait_gone(std::uint64_t number, const Wait&) override;
  [[nodiscard]] pid_t pid() const;  // of the launcher's process

 private:
  struct Host {
    enum class State { asked, running, failed, gone } state = State::asked;
    pid_t pid = 0;
    std::string why;  // when failed
    ExitStatus status;
  };
  struct Incarnation;

  Launcher(std::filesystem::path program, std::string mark);
  Result<> open(const Wait&);
  void read_notices(Incarnation&);

  const std::filesystem::path program_;
  const std::string mark_;

  mutable std::mutex mutex_;
  std::condition_variable_any changed_;
  std::map<std::uint64_t, Host> hosts_;  // those not yet waited for
  std::uint64_t next_number_ = 1;
  std::mutex opening_;
  std::shared_ptr<Incarnation> incarnation_;
};

// The launcher's own process, after a start with --launcher MARK: serves the
// socket at `fd` until it is closed. Returns the exit status.
int run_launcher(int fd, const std::string& mark);

}  // namespace assay::hosts
