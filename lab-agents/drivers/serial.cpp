// The driver `serial`: a console on a serial port, {"path", "baud", "parity",
// "stop", "flow"}.
//
// A port that is not there, or goes (a USB adapter pulled out, a board with
// built-in USB that resets), is waited for with inotify on its folder; Incident
// port_gone and back tell it. A port that is absent at the start is no error of
// make_driver(): check() says so.
#include <sys/inotify.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>

#include "base/text.hpp"
#include "drivers/console_feed.hpp"
#include "drivers/kinds.hpp"
#include "drivers/serial_port.hpp"

namespace assay::drivers {

namespace {

using abilities::Incident;
using abilities::Order;

// The kernel keeps 4096 bytes of a port: 13 ms of 3 Mbaud.
constexpr std::size_t busy_piece = 128;
constexpr long rest_ns = 4'000'000;

class SerialDriver final : public abilities::Device, private abilities::Console {
 public:
  SerialDriver(SerialSettings settings, abilities::IncidentSink sink)
      : settings_(std::move(settings)), sink_(std::move(sink)) {}

  Result<> start() {
    notices_ = UniqueFd(inotify_init1(IN_NONBLOCK | IN_CLOEXEC));
    if (!notices_) return fail_errno("inotify");
    reopen();
    return {};
  }

  abilities::Console* console() override { return this; }

  // A port that is open says nothing of what is behind it.
  Result<abilities::Health> check(std::string_view, const Order&) override {
    if (is_open()) return abilities::Health::unproven;
    return fail(not_there_ ? Cause::not_found : Cause::device, "{}", why_);
  }

  void poll_fds(std::vector<pollfd>& fds, bool console_full) override {
    if (port_ && !console_full && !resting_) fds.push_back({port_.get(), POLLIN, 0});
    if (resting_) fds.push_back({rest_.get(), POLLIN, 0});
    if (!port_) fds.push_back({notices_.get(), POLLIN, 0});
  }

  void on_ready(std::span<const pollfd> fds) override {
    for (const auto& fd : fds) {
      if (fd.revents == 0) continue;
      if (fd.fd == rest_.get()) {
        end_rest();
      } else if (port_ && fd.fd == port_.get()) {
        read_some_bytes();
      } else if (fd.fd == notices_.get() && !port_) {
        take_notices();
        reopen();
      }
    }
  }

 private:
  void listen(Sink sink) override { feed_.listen(std::move(sink)); }

  Result<> write(const Order& order, ByteView bytes) override {
    if (!port_) return fail(Cause::device, "{}", why_);
    auto written = write_all(port_.get(), bytes, order.wait);
    if (!written && written.error().cause == Cause::io) {
      lose(written.error().text);
      return fail(Cause::device, "{}", why_);
    }
    return written;
  }

  Result<> ready(const Order& order) override {
    const auto begin = BootTime::now();
    if (is_open()) return {};
    while (!port_) {
      pollfd notice{notices_.get(), POLLIN, 0};
      const auto woken = wait_ready({&notice, 1}, order.wait);
      if (!woken && woken.error().cause == Cause::timeout) {
        return fail(Cause::device, "{} (it was waited for {})", why_,
                    human(BootTime::now() - begin));
      }
      TRY(woken);
      take_notices();
      reopen();
    }
    return {};
  }

  // Now: it may have gone without anybody having read it, or have come.
  bool is_open() {
    pollfd port{port_.get(), 0, 0};
    if (port_ && poll(&port, 1, 0) > 0 && (port.revents & (POLLHUP | POLLERR | POLLNVAL)) != 0) {
      while (port_) read_some_bytes();
    }
    if (!port_) reopen();
    return static_cast<bool>(port_);
  }

  void read_some_bytes() {
    std::array<std::uint8_t, 65536> piece;
    const auto n = ::read(port_.get(), piece.data(), piece.size());
    if (n > 0) {
      feed_.push(BootTime::now(), {piece.data(), static_cast<std::size_t>(n)});
      if (static_cast<std::size_t>(n) >= busy_piece) rest();
      return;
    }
    if (n < 0 && (errno == EAGAIN || errno == EINTR)) return;
    lose(n == 0 ? "the device hung up" : std::strerror(errno));
  }

  // A port that says a lot is read a little later, more at once: as an interrupt is
  // moderated. A line that comes alone is never late.
  void rest() {
    const itimerspec in{{}, {0, rest_ns}};
    resting_ = rest_ && timerfd_settime(rest_.get(), 0, &in, nullptr) == 0;
  }
  void end_rest() {
    std::uint64_t times = 0;
    (void)!::read(rest_.get(), &times, sizeof times);
    resting_ = false;
  }

  void lose(const std::string& why) {
    port_.reset();
    why_ = fmt::format("{}: {}", settings_.path.string(), why);
    if (sink_) sink_({Incident::Kind::port_gone, why_});
    was_lost_ = true;
    reopen();
  }

  void reopen() {
    watch();  // before the attempt: what happens in between is then noticed
    auto port = open_serial(settings_);
    if (!port) {
      why_ = port.error().text;
      not_there_ = port.error().cause == Cause::not_found;
      return;
    }
    port_ = std::move(*port);
    if (std::exchange(was_lost_, false) && sink_) {
      sink_({Incident::Kind::back, settings_.path.string() + " is back"});
    }
  }

  // The nearest folder that there is: /dev/serial/by-id goes with its last port.
  // A watch that is taken back is itself a notice, so that the same folder keeps its own.
  void watch() {
    int now = -1;
    for (auto folder = settings_.path.parent_path(); now < 0; folder = folder.parent_path()) {
      now = inotify_add_watch(notices_.get(), folder.empty() ? "." : folder.c_str(),
                              IN_CREATE | IN_MOVED_TO | IN_ATTRIB | IN_DELETE_SELF);
      if (folder == folder.parent_path()) break;
    }
    if (watched_ >= 0 && watched_ != now) inotify_rm_watch(notices_.get(), watched_);
    watched_ = now;
  }

  void take_notices() {
    alignas(inotify_event) std::array<char, 4096> notices;
    while (::read(notices_.get(), notices.data(), notices.size()) > 0) {
    }
  }

  SerialSettings settings_;
  abilities::IncidentSink sink_;
  ConsoleFeed feed_;
  UniqueFd notices_;
  int watched_ = -1;
  UniqueFd port_;
  UniqueFd rest_{timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC)};
  bool resting_ = false;
  std::string why_;  // there is no port
  bool not_there_ = false;
  bool was_lost_ = false;
};

}  // namespace

Made make_serial(const DriverSetup& setup, const Json& params) {
  TRY(only_keys(params, {"path", "baud", "parity", "stop", "flow"}));
  SerialSettings settings;
  settings.path = TRY(text_param(params, "path", ""));
  if (settings.path.empty()) return fail(Cause::invalid, "'path' is missing: the port's device");
  settings.baud = TRY(number_param(params, "baud", 115200));
  TRY(check_baud(settings.baud));
  const auto parity = TRY(text_param(params, "parity", "none"));
  if (parity == "even") {
    settings.parity = SerialSettings::Parity::even;
  } else if (parity == "odd") {
    settings.parity = SerialSettings::Parity::odd;
  } else if (parity != "none") {
    return fail(Cause::invalid, "'parity' must be none, even or odd");
  }
  const auto stop = TRY(number_param(params, "stop", 1));
  if (stop != 1 && stop != 2) return fail(Cause::invalid, "'stop' must be 1 or 2");
  settings.stop_bits = static_cast<int>(stop);
  const auto flow = TRY(text_param(params, "flow", "none"));
  if (flow != "none" && flow != "rts-cts") {
    return fail(Cause::invalid, "'flow' must be none or rts-cts");
  }
  settings.rts_cts = flow == "rts-cts";
  auto driver = std::make_unique<SerialDriver>(std::move(settings), setup.on_incident);
  TRY(driver->start());
  return driver;
}

}  // namespace assay::drivers
