// The launcher's own process. See launcher.hpp.
//
// Everything converges by SIGCHLD: whatever dies below the launcher is either
// its child, so that a signal starts the next look at what was re-parented, or
// has a living ancestor that is its child and will die first.
#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <set>

#include "base/file.hpp"
#include "base/log.hpp"
#include "hosts/launcher.hpp"
#include "hosts/launcher_protocol.hpp"

namespace assay::hosts {

namespace {

constexpr std::uint64_t nobody = 0;  // host numbers start at 1

// The pids in /proc.
std::vector<pid_t> all_processes() {
  std::vector<pid_t> pids;
  DIR* folder = opendir("/proc");
  if (folder == nullptr) return pids;
  while (const dirent* entry = readdir(folder)) {
    const std::string_view name(entry->d_name);
    pid_t pid = 0;
    const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), pid);
    if (error == std::errc() && end == name.data() + name.size()) pids.push_back(pid);
  }
  closedir(folder);
  return pids;
}

// /proc/PID/NAME as it is; empty when the process is gone or not ours to read.
std::string proc_file(pid_t pid, const char* name) {
  return read_text(fmt::format("/proc/{}/{}", pid, name), 4 << 20).value_or("");
}

pid_t parent_of(pid_t pid) {
  // "PID (NAME) STATE PPID ...": NAME may hold anything, so from the last ')'.
  const std::string stat = proc_file(pid, "stat");
  const auto close = stat.rfind(')');
  if (close == std::string::npos || close + 4 > stat.size()) return 0;
  pid_t parent = 0;
  std::from_chars(stat.data() + close + 4, stat.data() + stat.size(), parent);
  return parent;
}

// The host that `pid` belongs to, by its environment; nobody when it says none.
std::uint64_t owner_of(pid_t pid, std::string_view mark) {
  const std::string environment = proc_file(pid, "environ");
  const std::string key = fmt::format("{}={}:", host_variable, mark);
  for (std::size_t at = 0; at < environment.size();) {
    const auto end = std::min(environment.find('\0', at), environment.size());
    const std::string_view entry = std::string_view(environment).substr(at, end - at);
    if (entry.starts_with(key)) {
      std::uint64_t number = nobody;
      std::from_chars(entry.data() + key.size(), entry.data() + entry.size(), number);
      return number;
    }
    at = end + 1;
  }
  return nobody;
}

class LauncherProcess {
 public:
  LauncherProcess(int socket, std::string mark) : socket_(socket), mark_(std::move(mark)) {}

  int serve() {
    if (!prepare()) return 1;
    end_leftovers();
    send({.event = Notice::Event::ready});
    while (true) {
      std::array<pollfd, 2> fds{pollfd{socket_.get(), POLLIN, 0},
                                pollfd{signals_.get(), POLLIN, 0}};
      if (!wait_ready(fds, {})) return 1;
      if (fds[1].revents != 0) on_child();
      if (fds[0].revents != 0 && !on_order()) break;
    }
    end_everything();
  }

 private:
  struct Host {
    Process process;
    std::optional<ExitStatus> status;  // once reaped
  };

  bool prepare() {
    // Handlers, not SIG_IGN: ignoring is inherited through exec, handlers are not.
    struct sigaction nothing {};
    nothing.sa_handler = [](int) {};
    for (const int signal : {SIGINT, SIGTERM, SIGHUP, SIGPIPE, SIGQUIT}) {
      sigaction(signal, &nothing, nullptr);
    }
    // What the agent inherited is neither ours nor the hosts' to hold open.
    close_range(static_cast<unsigned>(socket_.get()) + 1, ~0U, 0);
    sigset_t child;
    sigemptyset(&child);
    sigaddset(&child, SIGCHLD);
    sigprocmask(SIG_BLOCK, &child, nullptr);
    signals_ = UniqueFd(signalfd(-1, &child, SFD_CLOEXEC | SFD_NONBLOCK));
    fcntl(socket_.get(), F_SETFD, FD_CLOEXEC);
    return prctl(PR_SET_CHILD_SUBREAPER, 1) == 0 && signals_;
  }

  // What hosts of an earlier launcher left behind, 2 s at most.
  void end_leftovers() {
    const Wait wait = Wait::for_(std::chrono::seconds(2));
    for (bool found = true; found && !wait.until.passed();) {
      found = false;
      for (const pid_t pid : all_processes()) {
        if (owner_of(pid, mark_) == nobody) continue;
        const UniqueFd pidfd(static_cast<int>(syscall(SYS_pidfd_open, pid, 0)));
        if (!pidfd || ::kill(pid, SIGKILL) != 0) continue;
        spdlog::warn("launcher: process {} of an earlier launcher's host is killed", pid);
        found = true;
        (void)wait_readable(pidfd.get(), wait);
      }
    }
  }

  bool on_order() {
    auto message = receive_order(socket_.get());
    if (!message) {
      if (message.error().cause == Cause::unavailable) return false;
      spdlog::error("launcher: {}", message.error().text);
      return true;
    }
    auto& [order, socket] = *message;
    if (order.kill) {
      const auto host = hosts_.find(order.number);
      if (host != hosts_.end() && !host->second.status) host->second.process.kill_group(SIGKILL);
      return true;
    }
    auto process = Process::start(
        {.args = order.argv,
         .env = {{std::string(host_variable), fmt::format("{}:{}", mark_, order.number)}},
         .fds = {{socket.get(), 3}},
         .dies_with_parent = true});
    if (!process) {
      send({.event = Notice::Event::failed, .number = order.number, .text = process.error().text});
      return true;
    }
    send({.event = Notice::Event::started, .number = order.number, .pid = process->pid()});
    hosts_.emplace(order.number, Host{std::move(*process), {}});
    on_child();  // it may have ended before we kept it
    return true;
  }

  void on_child() {
    signalfd_siginfo info{};
    while (::read(signals_.get(), &info, sizeof info) > 0) {
    }
    for (auto& [number, host] : hosts_) {
      siginfo_t ended{};
      if (host.status) continue;
      // Looked at before it is reaped: its group cannot be another's yet.
      waitid(P_PID, static_cast<id_t>(host.process.pid()), &ended, WEXITED | WNOHANG | WNOWAIT);
      if (ended.si_pid == 0) continue;
      host.process.kill_group(SIGKILL);
      host.status = host.process.poll();
    }
    const std::set<std::uint64_t> busy = sweep();
    for (auto host = hosts_.begin(); host != hosts_.end();) {
      if (!host->second.status || busy.contains(host->first) || busy.contains(nobody)) {
        ++host;
        continue;
      }
      send({.event = Notice::Event::gone, .number = host->first, .status = *host->second.status});
      host = hosts_.erase(host);
    }
  }

  // Kills and reaps what was re-parented to us and is no live host's. Returns
  // whose processes are still there; `nobody` among them: unknown whose.
  std::set<std::uint64_t> sweep() {
    std::set<pid_t> own;
    for (const auto& [number, host] : hosts_) {
      if (!host.status) own.insert(host.process.pid());
    }
    std::set<std::uint64_t> busy;
    const pid_t self = getpid();
    for (const pid_t pid : all_processes()) {
      if (own.contains(pid) || parent_of(pid) != self) continue;
      if (waitpid(pid, nullptr, WNOHANG) == pid) {
        owners_.erase(pid);
        continue;
      }
      // Remembered: a process that is being killed has no environment any more.
      const auto owner = owners_.try_emplace(pid, owner_of(pid, mark_)).first->second;
      const auto host = hosts_.find(owner);
      if (host != hosts_.end() && !host->second.status && !ending_) continue;
      if (::kill(pid, SIGKILL) == 0)
        busy.insert(owner);  // else not ours to end: nothing to wait for
    }
    // Members of a dead host's group below a process that is not ours yet.
    for (const auto& [number, host] : hosts_) {
      if (host.status && ::kill(-host.process.pid(), SIGKILL) == 0) busy.insert(number);
    }
    return busy;
  }

  [[noreturn]] void end_everything() {
    ending_ = true;
    for (auto& [number, host] : hosts_) {
      if (!host.status) host.process.kill_group(SIGKILL);
    }
    const Wait wait = Wait::for_(std::chrono::seconds(1));
    on_child();
    siginfo_t info{};
    while (!wait.until.passed() && waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) == 0) {
      (void)wait_readable(signals_.get(), wait);
      on_child();
    }
    _exit(0);  // no destructor may wait for a host in D state
  }

  void send(const Notice& notice) { (void)send_notice(socket_.get(), notice); }

  UniqueFd socket_, signals_;
  std::string mark_;
  std::map<std::uint64_t, Host> hosts_;
  std::map<pid_t, std::uint64_t> owners_;  // of re-parented processes
  bool ending_ = false;
};

}  // namespace

int run_launcher(int fd, const std::string& mark) {
  return LauncherProcess(fd, mark).serve();
}

}  // namespace assay::hosts
