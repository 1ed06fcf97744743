#include "hosts/launcher.hpp"

#include <sys/socket.h>

#include "base/log.hpp"
#include "hosts/launcher_protocol.hpp"

namespace assay::hosts {

namespace {
constexpr Duration farewell = std::chrono::seconds(2);
}

// One launcher process: its socket and the thread that reads it.
struct Launcher::Incarnation {
  explicit Incarnation(Process p, UniqueFd s) : process(std::move(p)), socket(std::move(s)) {}
  ~Incarnation() {
    ::shutdown(socket.get(), SHUT_RDWR);  // the launcher's end of file, and our reader's
    if (reader.joinable()) reader.join();
    (void)process.wait(Wait::for_(farewell));
  }
  Process process;
  UniqueFd socket;
  bool ready = false, closed = false;  // guarded by Launcher::mutex_
  std::thread reader;
};

Launcher::Launcher(std::filesystem::path program, std::string mark)
    : program_(std::move(program)), mark_(std::move(mark)) {}

Launcher::~Launcher() {
  incarnation_.reset();
}

Result<std::unique_ptr<Launcher>> Launcher::start(const std::filesystem::path& program,
                                                  const std::string& mark, const Wait& wait) {
  std::unique_ptr<Launcher> launcher(new Launcher(program, mark));
  TRY(launcher->open(wait));
  return launcher;
}

// Makes sure that there is a launcher process that answers.
Result<> Launcher::open(const Wait& wait) {
  const std::scoped_lock one_at_a_time(opening_);
  std::shared_ptr<Incarnation> last;
  {
    std::unique_lock lock(mutex_);
    if (incarnation_ && !incarnation_->closed) return {};
    last = std::move(incarnation_);
  }
  if (last)
    spdlog::error("the launcher (process {}) ended: starting a new one", last->process.pid());
  last.reset();
  auto [ours, theirs] = TRY(make_socket_pair(SOCK_SEQPACKET));
  auto process = Process::start(
      {.args = {program_.string(), "--launcher", mark_}, .fds = {{theirs.get(), 3}}});
  if (!process) return tl::unexpected(process.error().in("start the launcher"));
  auto fresh = std::make_shared<Incarnation>(std::move(*process), std::move(ours));
  theirs.reset();
  std::unique_lock lock(mutex_);
  incarnation_ = fresh;
  fresh->reader = std::thread([this, raw = fresh.get()] { read_notices(*raw); });
  const auto settled = [&] { return fresh->ready || fresh->closed; };
  while (!settled()) {
    if (wait.stop.stop_requested()) return fail(Cause::cancelled, "start the launcher: cancelled");
    if (wait.until.passed()) return fail(Cause::timeout, "start the launcher: it does not answer");
    const auto left = std::min<Duration>(wait.until.left(), std::chrono::hours(1));
    changed_.wait_for(lock, wait.stop, left, settled);
  }
  if (!fresh->ready) return fail(Cause::unavailable, "start the launcher: it ended at once");
  return {};
}

void Launcher::read_notices(Incarnation& incarnation) {
  while (true) {
    auto notice = receive_notice(incarnation.socket.get());
    const std::scoped_lock lock(mutex_);
    changed_.notify_all();
    if (!notice) {
      incarnation.closed = true;
      // Its hosts die by PDEATHSIG; the next launcher ends what is left of them.
      for (auto& [number, host] : hosts_) {
        if (host.state == Host::State::asked) host.why = "the launcher ended";
        host.state = host.state == Host::State::asked || host.state == Host::State::failed
                         ? Host::State::failed
                         : Host::State::gone;
        if (host.state == Host::State::gone) host.status = {0, 9};
      }
      return;
    }
    if (notice->event == Notice::Event::ready) {
      incarnation.ready = true;
      continue;
    }
    const auto found = hosts_.find(notice->number);
    if (found == hosts_.end()) continue;
    Host& host = found->second;
    if (notice->event == Notice::Event::started) {
      host.state = Host::State::running;
      host.pid = notice->pid;
    } else if (notice->event == Notice::Event::failed) {
      host.state = Host::State::failed;
      host.why = notice->text;
    } else {
      host.state = Host::State::gone;
      host.status = notice->status;
    }
  }
}

Result<HostProcess> Launcher::start(const std::vector<std::string>& argv, const UniqueFd& socket,
                                    const Wait& wait) {
  TRY(open(wait));
  std::shared_ptr<Incarnation> incarnation;
  std::unique_lock lock(mutex_);
  incarnation = incarnation_;
  if (!incarnation) return fail(Cause::unavailable, "start a device host: there is no launcher");
  const std::uint64_t number = next_number_++;
  hosts_[number] = {};
  lock.unlock();
  const auto sent =
      send_order(incarnation->socket.get(), {.number = number, .argv = argv}, socket.get());
  lock.lock();
  const auto settled = [&] { return !sent || hosts_[number].state != Host::State::asked; };
  while (!settled() && !wait.stop.stop_requested() && !wait.until.passed()) {
    changed_.wait_for(lock, wait.stop, std::min<Duration>(wait.until.left(), std::chrono::hours(1)),
                      settled);
  }
  const Host host = hosts_[number];
  if (sent && host.state != Host::State::asked && host.state != Host::State::failed) {
    return HostProcess{number, host.pid};
  }
  hosts_.erase(number);
  lock.unlock();
  if (!sent) return tl::unexpected(sent.error().in("start a device host"));
  if (host.state == Host::State::failed) {
    return fail(Cause::unavailable, "start a device host: {}", host.why);
  }
  (void)send_order(incarnation->socket.get(), {.kill = true, .number = number}, -1);
  if (wait.stop.stop_requested()) return fail(Cause::cancelled, "start a device host: cancelled");
  return fail(Cause::timeout, "start a device host: the launcher does not answer");
}

void Launcher::kill(std::uint64_t number) {
  std::shared_ptr<Incarnation> incarnation;
  {
    const std::scoped_lock lock(mutex_);
    incarnation = incarnation_;
  }
  if (incarnation) {
    (void)send_order(incarnation->socket.get(), {.kill = true, .number = number}, -1);
  }
}

Result<ExitStatus> Launcher::wait_gone(std::uint64_t number, const Wait& wait) {
  std::unique_lock lock(mutex_);
  while (true) {
    const auto host = hosts_.find(number);
    if (host == hosts_.end()) return fail(Cause::not_found, "device host {} is not known", number);
    if (host->second.state == Host::State::gone) {
      const ExitStatus status = host->second.status;
      hosts_.erase(host);
      return status;
    }
    if (wait.stop.stop_requested()) return fail(Cause::cancelled, "cancelled");
    if (wait.until.passed()) {
      return fail(Cause::timeout, "device host (process {}) does not end", host->second.pid);
    }
    changed_.wait_for(lock, wait.stop, std::min<Duration>(wait.until.left(), std::chrono::hours(1)),
                      [&] { return host->second.state == Host::State::gone; });
  }
}

pid_t Launcher::pid() const {
  const std::scoped_lock lock(mutex_);
  return incarnation_ ? incarnation_->process.pid() : 0;
}

}  // namespace assay::hosts
