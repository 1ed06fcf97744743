#include "cli/supervisor.hpp"

#include <fcntl.h>
#include <fmt/core.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <array>
#include <fstream>

#include "base/text.hpp"
#include "cli/orphans.hpp"

namespace assay::cli {

using namespace std::chrono_literals;
namespace fs = std::filesystem;

namespace {
constexpr Duration end_grace = 10s;
constexpr Duration orphan_grace = 3s;
constexpr std::uintmax_t max_log = 16U << 20;
constexpr std::size_t shown_lines = 12;
constexpr std::size_t longest_line = 4096;
}  // namespace

std::string last_words(const fs::path& log, std::uintmax_t from) {
  std::ifstream in(log, std::ios::binary);
  in.seekg(static_cast<std::streamoff>(from));
  std::vector<std::string> lines;
  std::string line;
  while (std::getline(in, line)) {
    if (lines.size() == shown_lines) lines.erase(lines.begin());
    lines.push_back("  " + printable(line.substr(0, longest_line)));
  }
  return join(lines, "\n");
}

Supervisor::Supervisor(std::function<void(const std::string&)> say) : say_(std::move(say)) {
  sigset_t set;
  sigemptyset(&set);
  for (const int signal : {SIGINT, SIGTERM, SIGHUP, SIGCHLD}) sigaddset(&set, signal);
  sigprocmask(SIG_BLOCK, &set, nullptr);
  signals_.reset(signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK));
  adopt_orphans();
}

Supervisor::~Supervisor() {
  if (const auto ended = end(); !ended) say_(ended.error().text);
}

Supervisor::Child& Supervisor::add(std::string name, std::vector<std::string> args, fs::path log,
                                   std::string ready) {
  children_.push_back(std::make_unique<Child>(
      Child{std::move(name), std::move(args), std::move(log), std::move(ready), ""}));
  return *children_.back();
}

Result<> Supervisor::launch(Child& child) {
  std::error_code ignored;
  if (fs::file_size(child.log, ignored) > max_log && !ignored)
    fs::rename(child.log, child.log.string() + ".1", ignored);
  const UniqueFd log(::open(child.log.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644));
  if (!log) return fail_errno(child.log.string());
  const auto size = fs::file_size(child.log, ignored);
  child.log_from = ignored ? 0 : size;
  std::array<int, 2> ends{};
  if (pipe2(ends.data(), O_CLOEXEC) != 0) return fail_errno("pipe");
  child.out.reset(ends[0]);
  const UniqueFd writer(ends[1]);
  fcntl(child.out.get(), F_SETFL, O_NONBLOCK);
  child.partial.clear();
  child.ready_line.clear();
  child.process =
      std::make_unique<Process>(TRY(Process::start({.args = child.args,
                                                    .fds = {{writer.get(), 1}, {log.get(), 2}},
                                                    .own_session = true,
                                                    .dies_with_parent = true})));
  return {};
}

void Supervisor::read_out(Child& child, bool& ready) {
  std::array<char, 4096> piece;
  const ssize_t n = ::read(child.out.get(), piece.data(), piece.size());
  if (n < 0) return;
  if (n == 0) return child.out.reset();
  child.partial.append(piece.data(), static_cast<std::size_t>(n));
  for (auto at = child.partial.find('\n'); at != std::string::npos; at = child.partial.find('\n')) {
    if (child.partial.starts_with(child.ready)) {
      child.ready_line = child.partial.substr(0, at);
      ready = true;
    }
    child.partial.erase(0, at + 1);
  }
  if (child.partial.size() > longest_line) child.partial.clear();
}

Result<Supervisor::Happening> Supervisor::next(Deadline until) {
  std::vector<pollfd> fds{{signals_.get(), POLLIN, 0}};
  std::vector<pid_t> ours;
  for (const auto& child : children_) {
    fds.push_back({child->out ? child->out.get() : -1, POLLIN, 0});
    fds.push_back({child->process ? child->process->pidfd() : -1, POLLIN, 0});
    if (child->process) ours.push_back(child->process->pid());
  }
  if (auto waited = wait_ready(fds, {until, {}}); !waited) {
    if (waited.error().cause == Cause::timeout) return Happening{};
    return tl::unexpected(waited.error());
  }
  for (std::size_t i = 0; i < children_.size(); ++i) {
    Child& child = *children_[i];
    bool ready = false;
    if (fds[1 + 2 * i].revents != 0) read_out(child, ready);
    if (ready) return Happening{What::ready, &child, {}};
    if (fds[2 + 2 * i].revents != 0) {
      if (const auto status = child.process->poll()) {
        child.process.reset();
        child.out.reset();
        return Happening{What::died, &child, *status};
      }
    }
  }
  if (fds[0].revents != 0) {
    signalfd_siginfo info{};
    if (::read(signals_.get(), &info, sizeof info) == sizeof info && info.ssi_signo != SIGCHLD) {
      return Happening{What::signal, nullptr, {}};
    }
    reap_orphans(ours);
  }
  return Happening{};
}

Error Supervisor::ended_early(Child& child, ExitStatus status) {
  const std::string words = last_words(child.log, child.log_from);
  const Cause cause = status.signal == 0 && status.code == 2 ? Cause::invalid : Cause::device;
  return {cause, fmt::format("{} ended before it was ready ({}){}", child.name, to_string(status),
                             words.empty() ? "; it said nothing" : "; it said:\n" + words)};
}

Result<> Supervisor::start(Child& child, Duration time) {
  TRY(launch(child));
  const auto until = Deadline::after(time);
  while (!until.passed()) {
    const Happening event = TRY(next(until));
    if (event.what == What::signal) return fail(Cause::cancelled, "interrupted");
    if (event.what == What::ready && event.child == &child) return {};
    if (event.what != What::died) continue;
    if (event.child == &child) return tl::unexpected(ended_early(child, event.status));
    TRY(again(*event.child, event.status));
  }
  const std::string words = last_words(child.log, child.log_from);
  return fail(Cause::device, "{} was not ready within {}; its log is {}{}", child.name, human(time),
              child.log.string(), words.empty() ? "" : "; it said:\n" + words);
}

Result<> Supervisor::again(Child& child, ExitStatus status) {
  const auto now = BootTime::now();
  std::erase_if(child.deaths, [&](BootTime at) { return now - at > within; });
  child.deaths.push_back(now);
  const auto count = static_cast<int>(child.deaths.size());
  if (count >= most_deaths) {
    return fail(Cause::device,
                "{} ended {} times within a minute, last with {}; its log is {} and ends:\n{}",
                child.name, count, to_string(status), child.log.string(),
                last_words(child.log, child.log_from));
  }
  say_(fmt::format("{} ended ({}); starting it again", child.name, to_string(status)));
  return launch(child);
}

Result<> Supervisor::watch() {
  while (true) {
    const Happening event = TRY(next(Deadline::never()));
    if (event.what == What::signal) return {};
    if (event.what == What::died) TRY(again(*event.child, event.status));
    if (event.what == What::ready && !event.child->deaths.empty()) {
      say_(fmt::format("{} is back: {}", event.child->name, printable(event.child->ready_line)));
    }
  }
}

Result<> Supervisor::end() {
  Result<> all;
  for (auto at = children_.rbegin(); at != children_.rend(); ++at) {
    Child& child = **at;
    if (!child.process) continue;
    // Itself only: what it started must still be there to end in order.
    ::kill(child.process->pid(), SIGTERM);
    const auto until = Deadline::after(end_grace);
    while (!child.process->poll() && !until.passed()) {
      std::array<pollfd, 2> fds{pollfd{child.process->pidfd(), POLLIN, 0},
                                pollfd{signals_.get(), POLLIN, 0}};
      if (!wait_ready(fds, {until, {}})) break;
      signalfd_siginfo info{};
      if (fds[1].revents != 0 && ::read(signals_.get(), &info, sizeof info) == sizeof info &&
          info.ssi_signo != SIGCHLD)
        break;
    }
    if (const auto status = child.process->poll(); !status) {
      say_(fmt::format("{} does not end; killing it", child.name));
      child.process->kill_group(SIGKILL);
    } else if (status->code != 0 || (status->signal != 0 && status->signal != SIGTERM)) {
      all =
          fail(Cause::internal, "{} did not end well ({}); its log is {} and ends:\n{}", child.name,
               to_string(*status), child.log.string(), last_words(child.log, child.log_from));
    }
    child.process.reset();
  }
  children_.clear();
  if (const int killed = end_orphans(orphan_grace); killed > 0)
    say_(fmt::format("killed {} processes that were left over", killed));
  return all;
}

}  // namespace assay::cli
