#include "base/process.hpp"

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

extern char** environ;

namespace assay {

namespace {

// argv and envp, made before the fork: nothing may be allocated after it.
struct Vectors {
  explicit Vectors(const Command& command) : args(command.args) {
    for (char** e = environ; *e != nullptr; ++e) {
      const std::string_view entry(*e);
      const auto name = entry.substr(0, entry.find('='));
      const bool replaced = std::any_of(command.env.begin(), command.env.end(),
                                        [&](const auto& pair) { return pair.first == name; });
      if (!replaced) env.emplace_back(entry);
    }
    for (const auto& [name, value] : command.env) env.push_back(name + "=" + value);
    for (auto& a : args) argv.push_back(a.data());
    for (auto& e : env) envp.push_back(e.data());
    argv.push_back(nullptr);
    envp.push_back(nullptr);
  }
  std::vector<std::string> args, env;
  std::vector<char*> argv, envp;
};

// Duplicates of the wanted descriptors, all above every wanted number, so that
// putting one in place never overwrites another.
Result<std::vector<std::pair<UniqueFd, int>>> lift(const Command& command) {
  int highest = 2;
  for (const auto& [ours, theirs] : command.fds) highest = std::max(highest, theirs);
  std::vector<std::pair<UniqueFd, int>> lifted;
  for (int standard = 0; standard < 3; ++standard) {
    const bool given = std::any_of(command.fds.begin(), command.fds.end(),
                                   [&](const auto& pair) { return pair.second == standard; });
    if (given) continue;
    const int source = standard == 2 ? dup(2) : open("/dev/null", O_RDWR | O_CLOEXEC);
    const UniqueFd opened(source);
    lifted.emplace_back(fcntl(source, F_DUPFD_CLOEXEC, highest + 1), standard);
  }
  for (const auto& [ours, theirs] : command.fds) {
    lifted.emplace_back(fcntl(ours, F_DUPFD_CLOEXEC, highest + 1), theirs);
  }
  for (const auto& [fd, theirs] : lifted) {
    if (!fd) return fail_errno("duplicate a descriptor");
  }
  return lifted;
}

Result<pid_t> fork_and_exec(const Command& command, Vectors& vectors,
                            const std::vector<std::pair<UniqueFd, int>>& fds) {
  std::array<int, 2> report{};
  if (pipe2(report.data(), O_CLOEXEC) != 0) return fail_errno("pipe");
  const UniqueFd reader(report[0]);
  UniqueFd writer(report[1]);
  const pid_t parent = getpid();
  const pid_t pid = fork();
  if (pid < 0) return fail_errno("fork");
  if (pid == 0) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent) _exit(127);  // it ended before the line above
    if (command.own_session) setsid();
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, nullptr);
    for (const auto& [fd, theirs] : fds) dup2(fd.get(), theirs);
    execvpe(vectors.argv[0], vectors.argv.data(), vectors.envp.data());
    const int error = errno;
    [[maybe_unused]] const auto n = ::write(report[1], &error, sizeof error);
    _exit(127);
  }
  writer.reset();
  int error = 0;
  if (::read(reader.get(), &error, sizeof error) == sizeof error) {
    waitpid(pid, nullptr, 0);
    errno = error;
    return fail_errno(command.args[0]);
  }
  return pid;
}

Result<pid_t> posix_spawn_it(const Command& command, Vectors& vectors,
                             const std::vector<std::pair<UniqueFd, int>>& fds) {
  posix_spawn_file_actions_t actions;
  posix_spawnattr_t attributes;
  posix_spawn_file_actions_init(&actions);
  posix_spawnattr_init(&attributes);
  for (const auto& [fd, theirs] : fds) posix_spawn_file_actions_adddup2(&actions, fd.get(), theirs);
  sigset_t none;
  sigemptyset(&none);
  posix_spawnattr_setsigmask(&attributes, &none);
  short flags = POSIX_SPAWN_SETSIGMASK;
  if (command.own_session) flags = static_cast<short>(flags | POSIX_SPAWN_SETSID);
  posix_spawnattr_setflags(&attributes, flags);
  pid_t pid = 0;
  const int error = posix_spawnp(&pid, vectors.argv[0], &actions, &attributes, vectors.argv.data(),
                                 vectors.envp.data());
  posix_spawn_file_actions_destroy(&actions);
  posix_spawnattr_destroy(&attributes);
  if (error != 0) {
    errno = error;
    return fail_errno(command.args[0]);
  }
  return pid;
}

ExitStatus decode(int status) {
  if (WIFSIGNALED(status)) return {0, WTERMSIG(status)};
  return {WEXITSTATUS(status), 0};
}

}  // namespace

std::string to_string(ExitStatus status) {
  if (status.signal != 0) {
    return fmt::format("killed by signal {} ({})", status.signal, strsignal(status.signal));
  }
  return fmt::format("exit status {}", status.code);
}

Result<Process> Process::start(const Command& command) {
  if (command.args.empty()) return fail(Cause::invalid, "no program to start");
  Vectors vectors(command);
  const auto fds = TRY(lift(command));
  const pid_t pid = TRY(command.dies_with_parent ? fork_and_exec(command, vectors, fds)
                                                 : posix_spawn_it(command, vectors, fds));
  UniqueFd pidfd(static_cast<int>(syscall(SYS_pidfd_open, pid, 0)));
  if (!pidfd) return fail_errno("pidfd_open");
  fcntl(pidfd.get(), F_SETFD, FD_CLOEXEC);
  return Process(pid, std::move(pidfd), command.own_session);
}

Process::~Process() {
  if (!pidfd_ || poll()) return;
  kill_group(SIGKILL);
  int status = 0;
  while (waitpid(pid_, &status, 0) < 0 && errno == EINTR) {
  }
}

std::optional<ExitStatus> Process::poll() {
  if (ended_) return ended_;
  int status = 0;
  const pid_t got = waitpid(pid_, &status, WNOHANG);
  if (got == pid_) ended_ = decode(status);
  if (got < 0 && errno == ECHILD) ended_ = ExitStatus{0, SIGKILL};  // reaped elsewhere
  return ended_;
}

Result<ExitStatus> Process::wait(const Wait& wait) {
  if (const auto status = poll()) return *status;
  TRY(wait_readable(pidfd_.get(), wait));
  if (const auto status = poll()) return *status;
  return fail(Cause::internal, "process {} ended but cannot be reaped", pid_);
}

void Process::kill_group(int signal) const {
  if (!ended_) ::kill(group_ ? -pid_ : pid_, signal);
}

ExitStatus Process::end(Duration grace) {
  kill_group(SIGTERM);
  if (const auto status = wait(Wait::for_(grace))) return *status;
  kill_group(SIGKILL);
  return wait(Wait::for_(std::chrono::seconds(5))).value_or(ExitStatus{0, SIGKILL});
}

Result<Output> run(const Command& command, const Wait& wait, std::size_t limit,
                   const std::function<void(std::string_view)>& heard) {
  std::array<int, 2> ends{};
  if (pipe2(ends.data(), O_CLOEXEC) != 0) return fail_errno("pipe");
  const UniqueFd reader(ends[0]);
  UniqueFd writer(ends[1]);
  Command with_pipe = command;
  with_pipe.fds.emplace_back(writer.get(), 1);
  with_pipe.fds.emplace_back(writer.get(), 2);
  Process process = TRY(Process::start(with_pipe));
  writer.reset();
  Output output;
  std::array<std::uint8_t, 16384> piece;
  // Until the program has ended: a daemon it left behind may hold the pipe open.
  while (true) {
    std::array<pollfd, 2> fds{pollfd{reader.get(), POLLIN, 0}, pollfd{process.pidfd(), POLLIN, 0}};
    TRY(wait_ready(fds, wait));
    if (fds[0].revents != 0) {
      const ssize_t n = ::read(reader.get(), piece.data(), piece.size());
      if (n > 0) {
        const std::string_view said(reinterpret_cast<const char*>(piece.data()),
                                    static_cast<std::size_t>(n));
        output.out += said.substr(0, limit - output.out.size());
        if (heard) heard(said);
        continue;
      }
      output.status = TRY(process.wait(wait));
      return output;
    }
    output.status = TRY(process.wait(wait));
    return output;
  }
}

std::filesystem::path program_folder() {
  std::error_code error;
  return std::filesystem::read_symlink("/proc/self/exe", error).parent_path();
}

}  // namespace assay
