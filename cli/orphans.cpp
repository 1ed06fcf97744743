#include "cli/orphans.hpp"

#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

namespace assay::cli {

void adopt_orphans() {
  prctl(PR_SET_CHILD_SUBREAPER, 1);
}

std::vector<pid_t> children() {
  std::vector<pid_t> found;
  std::error_code error;
  for (std::filesystem::directory_iterator at("/proc", error), end; !error && at != end;
       at.increment(error)) {
    const std::string name = at->path().filename().string();
    if (name.empty() || std::isdigit(static_cast<unsigned char>(name[0])) == 0) continue;
    std::ifstream in(at->path() / "stat");
    std::string line;
    if (!std::getline(in, line)) continue;
    // "PID (NAME) STATE PPID ...": the name may hold spaces and brackets.
    const auto bracket = line.rfind(')');
    if (bracket == std::string::npos || bracket + 4 >= line.size()) continue;
    const char state = line[bracket + 2];
    if (state != 'Z' && std::atoi(line.c_str() + bracket + 4) == getpid())
      found.push_back(std::atoi(name.c_str()));
  }
  return found;
}

void reap_orphans(const std::vector<pid_t>& ours) {
  siginfo_t info{};
  // A look first, so that nobody else's exit status is taken. Ours that ended are
  // found by their pidfd soon; then the next look goes past them.
  while (waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) == 0 && info.si_pid != 0) {
    if (std::find(ours.begin(), ours.end(), info.si_pid) != ours.end()) return;
    waitpid(info.si_pid, nullptr, WNOHANG);
    info = {};
  }
}

int end_orphans(Duration grace) {
  sigset_t child;
  sigemptyset(&child);
  sigaddset(&child, SIGCHLD);
  auto until = Deadline::after(grace);
  int killed = 0;
  while (true) {
    while (waitpid(-1, nullptr, WNOHANG) > 0) {
    }
    if (waitpid(-1, nullptr, WNOHANG) < 0 && errno == ECHILD) return killed;
    if (until.passed()) {
      const auto left = children();
      for (const pid_t pid : left) ::kill(pid, SIGKILL);
      if (killed > 1000) return killed;  // one that cannot be killed
      killed += static_cast<int>(left.size());
      until = Deadline::after(std::chrono::milliseconds(200));
    }
    const auto left = std::chrono::duration_cast<std::chrono::nanoseconds>(until.left());
    const timespec time{left.count() / 1'000'000'000, left.count() % 1'000'000'000};
    sigtimedwait(&child, nullptr, &time);
  }
}

}  // namespace assay::cli
