// The thread that keeps a device host alive and reads its socket.
#include "hosts/keeper.hpp"

#include <sys/eventfd.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>

#include "base/log.hpp"

namespace assay::hosts {

namespace {

constexpr Duration start_limit = std::chrono::seconds(10);
constexpr Duration configure_limit = std::chrono::seconds(30);
constexpr Duration first_delay = std::chrono::milliseconds(100);
constexpr Duration longest_delay = std::chrono::seconds(5);
constexpr Duration long_life = std::chrono::seconds(10);  // after it, restarts are immediate again
constexpr std::string_view socket_closed = "its host closed its socket";

}  // namespace

DeviceHost::Keeper::Keeper(HostProcesses& processes, HostSpec spec, Callbacks callbacks)
    : processes_(processes),
      spec_(std::move(spec)),
      callbacks_(std::move(callbacks)),
      name_(fmt::format("board {}, device {}", spec_.board, spec_.device.name)),
      waker_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)),
      floor_(spec_.floor),
      thread_([this] { run(); }) {}

DeviceHost::Keeper::~Keeper() {
  stop_soon();
  thread_.join();
}

void DeviceHost::Keeper::stop_soon() {
  const Lock lock(mutex_);
  stop_.request_stop();
  interrupt_.request_stop();
  changed_.notify_all();
  wake();
}

void DeviceHost::Keeper::wake() {
  eventfd_write(waker_.get(), 1);
}

void DeviceHost::Keeper::tell(abilities::Incident::Kind kind, std::string text) {
  if (callbacks_.incident) callbacks_.incident({kind, spec_.device.name + ": " + std::move(text)});
}

void DeviceHost::Keeper::run() {
  while (!stop_.stop_requested()) {
    const BootTime began = BootTime::now();
    auto up = bring_up();
    bool served = false, back = false;
    {
      Lock lock(mutex_);
      changed_.wait(lock, [&] { return telling_ == 0; });  // `gone` comes before `back`
      served = up.has_value() && !doomed_;
      if (served) phase_ = Phase::serving;
      back = served && std::exchange(told_gone_, false);
      changed_.notify_all();
    }
    if (back) tell(abilities::Incident::Kind::back, "its host serves again");
    if (served) up = read_until([] { return false; }, Deadline::never());
    bring_down(up.has_value() ? Error{} : up.error(), served);
    if (BootTime::now() - began >= long_life) delay_ = {};
    if (!served) delay_ = std::max(delay_, first_delay);
    pause();
  }
}

Result<> DeviceHost::Keeper::bring_up() {
  auto [ours, theirs] = TRY(make_socket_pair());
  std::vector<std::string> argv = spec_.argv;
  argv.push_back(spec_.board + "/" + spec_.device.name);  // for whoever reads ps
  const HostProcess process =
      TRY(processes_.start(argv, theirs, Wait{Deadline::after(start_limit), stop_.get_token()}));
  theirs.reset();
  Configure configure{.board = spec_.board,
                      .device = spec_.device.name,
                      .driver = spec_.device.driver,
                      .params_json = spec_.device.params_json,
                      .state_folder = spec_.state_folder};
  const int fd = ours.get();
  {
    const Lock lock(mutex_);
    process_ = process;
    socket_ = std::make_shared<UniqueFd>(std::move(ours));
    configure.floor = floor_;
  }
  incoming_ = {};
  configured_.reset();
  const Deadline until = Deadline::after(configure_limit);
  const Bytes bytes = TRY(encode(ToHost(std::move(configure))));
  TRY(write_all(fd, bytes, {until, stop_.get_token()}));
  const auto read = read_until([&] { return configured_.has_value(); }, until);
  if (!read && read.error().cause == Cause::timeout) {
    return fail(Cause::unavailable, "its host did not get the device ready within {}",
                human(configure_limit));
  }
  TRY(read);
  return *configured_;
}

Result<> DeviceHost::Keeper::read_until(const std::function<bool()>& settled, Deadline until) {
  const int fd = socket_->get();  // only this thread replaces it
  std::vector<std::uint8_t> piece(256 << 10);
  while (true) {
    TRY(handle_all());
    if (settled()) return {};
    run_posts();
    if (stop_.stop_requested()) return fail(Cause::cancelled, "cancelled");
    {
      const Lock lock(mutex_);
      if (doomed_) return fail(Cause::unavailable, "{}", *doomed_);
    }
    std::array<pollfd, 2> fds{pollfd{fd, POLLIN, 0}, pollfd{waker_.get(), POLLIN, 0}};
    TRY(wait_ready(fds, {until, {}}));
    eventfd_t count = 0;
    if (fds[1].revents != 0) eventfd_read(waker_.get(), &count);
    if (fds[0].revents == 0) continue;
    const ssize_t n = ::recv(fd, piece.data(), piece.size(), MSG_DONTWAIT);
    if (n < 0 && (errno == EAGAIN || errno == EINTR)) continue;
    if (n <= 0) return fail(Cause::unavailable, "{}", socket_closed);
    incoming_.feed({piece.data(), static_cast<std::size_t>(n)});
  }
}

Result<> DeviceHost::Keeper::handle_all() {
  while (true) {
    auto message = TRY(incoming_.next_to_agent());
    if (!message) return {};
    handle(*message);
  }
}

void DeviceHost::Keeper::handle(ToAgent& message) {
  if (auto* chunk = std::get_if<abilities::ConsoleChunk>(&message)) {
    if (callbacks_.console) callbacks_.console(std::move(*chunk));
    return;
  }
  if (auto* incident = std::get_if<abilities::Incident>(&message)) {
    tell(incident->kind, std::move(incident->text));
    return;
  }
  if (const auto* progress = std::get_if<ProgressOf>(&message)) return pass_on(*progress);
  auto& reply = std::get<Reply>(message);
  if (reply.id == 0) {
    configured_ = reply.value ? Result<>() : tl::unexpected(reply.value.error());
    return;
  }
  const Lock lock(mutex_);
  if (reply.id != awaited_id_ || queue_.empty()) return;  // of a call that has given up
  awaited_id_ = 0;
  queue_.front()->result = std::move(reply.value);
  changed_.notify_all();
}

void DeviceHost::Keeper::pass_on(const ProgressOf& message) {
  Lock lock(mutex_);
  if (message.id != awaited_id_ || queue_.empty()) return;  // of a call that has given up
  Call& call = *queue_.front();
  if (!call.order->progress) return;
  call.telling = true;
  lock.unlock();
  call.order->progress(message.progress);
  lock.lock();
  call.telling = false;
  changed_.notify_all();
}

// Until the host and all that it started are gone.
Result<ExitStatus> DeviceHost::Keeper::await_gone() {
  if (stop_.stop_requested()) {
    ::shutdown(socket_->get(), SHUT_RDWR);  // its end of file: it ends by itself
    const auto status = processes_.wait_gone(process_.number, Wait::for_(grace));
    if (status) return status;
  }
  processes_.kill(process_.number);
  auto status = processes_.wait_gone(process_.number, Wait::for_(kill_limit));
  if (status || status.error().cause != Cause::timeout) return status;
  {
    const Lock lock(mutex_);
    end_life({Cause::unavailable,
              fmt::format("its host (process {}) was killed but does not end: it hangs in the "
                          "kernel. Unplug the device or restart this machine",
                          process_.pid)});
    why_ = life_error_;
    phase_ = Phase::abandoned;
    spdlog::error("{}: {}", name_, why_.text);
  }
  while (!stop_.stop_requested()) {
    std::stop_token interrupted;
    {
      const Lock lock(mutex_);
      if (posts_.empty() && !stop_.stop_requested()) interrupt_ = {};
      interrupted = interrupt_.get_token();
    }
    status = processes_.wait_gone(process_.number, {Deadline::never(), interrupted});
    if (status || status.error().cause != Cause::cancelled) break;
    run_posts();
  }
  return status;
}

void DeviceHost::Keeper::bring_down(const Error& why, bool served) {
  using abilities::Incident;
  Result<ExitStatus> status = fail(Cause::not_found, "no process");
  if (process_.number != 0) status = await_gone();
  // An end of the socket says less than how the process ended.
  Error error = why;
  if (why.text == socket_closed && status) {
    error.text = fmt::format("its host (process {}) ended: {}", process_.pid, to_string(*status));
  }
  Lock lock(mutex_);
  const bool stopping = stop_.stop_requested(), told = doomed_.has_value();
  const bool tell_now = served && !told && !stopping;
  // Remembered for `back`, which follows only a `gone`.
  if (served && !stopping && !quiet_) told_gone_ = true;
  if (tell_now) {
    lock.unlock();
    spdlog::warn("{}: {}", name_, error.text);
    tell(Incident::Kind::gone, error.text);
    lock.lock();
  }
  if (served && !doomed_) end_life({Cause::unavailable, error.text});
  if (!served && !doomed_) {
    why_ = error;
    phase_ = Phase::down;
    ++failures_;
  }
  if (phase_ == Phase::abandoned) phase_ = Phase::starting;
  if (stopping) {
    why_ = {Cause::unavailable, "its host is being stopped"};
    phase_ = Phase::down;
  }
  process_ = {};
  socket_.reset();
  doomed_.reset();
  quiet_ = false;
  changed_.notify_all();
}

// Before the next start: nothing the first time, then ever longer.
void DeviceHost::Keeper::pause() {
  Lock lock(mutex_);
  const Deadline until = Deadline::after(delay_);
  delay_ = std::clamp(2 * delay_, first_delay, longest_delay);
  while (!hurry_ && !stop_.stop_requested() && !until.passed()) {
    if (!posts_.empty()) {
      lock.unlock();
      run_posts();
      lock.lock();
      continue;
    }
    changed_.wait_for(lock, until.left(),
                      [&] { return hurry_ || stop_.stop_requested() || !posts_.empty(); });
  }
  if (std::exchange(hurry_, false)) delay_ = {};
  if (!stop_.stop_requested()) phase_ = Phase::starting;
}

void DeviceHost::Keeper::run_posts() {
  std::deque<std::function<void()>> posts;
  {
    const Lock lock(mutex_);
    posts.swap(posts_);
  }
  for (const auto& task : posts) task();
}

DeviceHost::DeviceHost(HostProcesses& processes, HostSpec spec, Callbacks callbacks)
    : keeper_(std::make_unique<Keeper>(processes, std::move(spec), std::move(callbacks))) {}
DeviceHost::~DeviceHost() = default;
void DeviceHost::stop_soon() {
  keeper_->stop_soon();
}
Result<Json> DeviceHost::call(std::string_view ability, std::string_view operation, Json arguments,
                              const abilities::Order& order) {
  return keeper_->call(ability, operation, std::move(arguments), order);
}
void DeviceHost::raise_floor(std::uint64_t epoch) {
  keeper_->raise_floor(epoch);
}
Result<> DeviceHost::restart(const Wait& wait) {
  return keeper_->restart(wait);
}
Result<> DeviceHost::wait_serving(const Wait& wait) {
  return keeper_->wait_serving(wait);
}
void DeviceHost::post(std::function<void()> task) {
  keeper_->post(std::move(task));
}
pid_t DeviceHost::pid() const {
  return keeper_->pid();
}

}  // namespace assay::hosts
