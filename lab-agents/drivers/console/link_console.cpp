#include "drivers/console/link_console.hpp"

#include <sys/timerfd.h>
#include <unistd.h>

#include <algorithm>

#include "base/fd.hpp"
#include "drivers/console_feed.hpp"

namespace assay::drivers {

namespace {

using abilities::Incident;
using abilities::Order;
using namespace std::chrono_literals;

// Nothing tells that a far end is there again: it is tried, ever more seldom.
constexpr Duration first_pause = 250ms, longest_pause = 5s;
// What a check waits for a link that is not up.
constexpr Duration check_time = 2s;

class LinkConsole final : public abilities::Device, private abilities::Console {
 public:
  LinkConsole(std::string name, MakeLink make, abilities::IncidentSink sink)
      : name_(std::move(name)), make_(std::move(make)), sink_(std::move(sink)) {}

  Result<> start() {
    timer_.reset(timerfd_create(CLOCK_BOOTTIME, TFD_NONBLOCK | TFD_CLOEXEC));
    if (!timer_) return fail_errno("timerfd");
    begin();
    return {};
  }

  abilities::Console* console() override { return this; }
  std::string about(std::string_view) const override { return name_; }

  // A link that is up says nothing of what is behind it.
  Result<abilities::Health> check(std::string_view, const Order& order) override {
    look();
    if (!is_up() && !link_) begin();
    const auto limit = order.wait.at_most(check_time);
    while (!is_up() && link_) {
      const auto waited = wait_once(limit);
      if (!waited && waited.error().cause == Cause::timeout && !order.wait.until.passed()) break;
      TRY(waited);
    }
    if (is_up()) return abilities::Health::unproven;
    return fail(cause_, "{}", why());
  }

  void poll_fds(std::vector<pollfd>& fds, bool console_full) override {
    if (!is_up()) fds.push_back({timer_.get(), POLLIN, 0});
    if (link_) link_->poll_fds(fds, console_full);
  }

  void on_ready(std::span<const pollfd> fds) override {
    const bool timed = std::any_of(fds.begin(), fds.end(), [&](const pollfd& fd) {
      return fd.fd == timer_.get() && fd.revents != 0;
    });
    if (link_) {
      take(link_->on_ready(fds, [this](ByteView bytes) { feed_.push(BootTime::now(), bytes); }));
    }
    if (!timed || is_up()) return;
    std::uint64_t times = 0;
    if (::read(timer_.get(), &times, sizeof times) != sizeof times) return;
    if (!link_) return begin();
    const auto late = link_->late();
    if (!late) return lose(late.error());
    came_up();
  }

 private:
  void listen(Sink sink) override { feed_.listen(std::move(sink)); }

  Result<> write(const Order& order, ByteView bytes) override {
    if (!is_up()) return fail(Cause::device, "{}", why());
    auto written = link_->write(bytes, order.wait);
    if (written || written.error().cause == Cause::timeout ||
        written.error().cause == Cause::cancelled)
      return written;
    lose(written.error());
    return fail(Cause::device, "{}", why());
  }

  Result<> ready(const Order& order) override {
    const auto since = BootTime::now();
    look();
    while (!is_up()) {
      const auto waited = wait_once(order.wait);
      if (!waited && waited.error().cause == Cause::timeout) {
        return fail(Cause::device, "{} (it was waited for {})", why(),
                    human(BootTime::now() - since));
      }
      TRY(waited);
    }
    return {};
  }

  [[nodiscard]] bool is_up() const { return up_; }
  [[nodiscard]] std::string why() const {
    return fmt::format("{}: {}", name_, why_.empty() ? "does not answer yet" : why_);
  }

  Result<> wait_once(const Wait& wait) {
    std::vector<pollfd> fds;
    poll_fds(fds, false);
    TRY(wait_ready(fds, wait));
    on_ready(fds);
    return {};
  }

  // Now: it may have been lost without anybody having read it. At most a few pieces,
  // as a device may never stop talking.
  void look() {
    for (int pieces = 0; pieces < 16 && link_; ++pieces) {
      std::vector<pollfd> fds;
      poll_fds(fds, false);
      if (poll(fds.data(), fds.size(), 0) <= 0) return;
      on_ready(fds);
    }
  }

  void begin() {
    auto link = make_();
    if (!link) return lose(link.error());
    link_ = std::move(*link);
    arm(link_->patience());
    if (link_->up()) came_up();
  }

  void take(const Result<>& done) {
    if (!done) return lose(done.error());
    if (!up_ && link_->up()) came_up();
  }

  void came_up() {
    up_ = true;
    why_.clear();
    cause_ = Cause::not_found;
    up_since_ = BootTime::now();
    arm(Duration::zero());
    if (std::exchange(was_lost_, false) && sink_) sink_({Incident::Kind::back, name_ + " is back"});
  }

  void lose(const Error& error) {
    link_.reset();
    why_ = error.text;
    cause_ = error.cause == Cause::not_found ? Cause::not_found : Cause::device;
    if (std::exchange(up_, false)) {
      was_lost_ = true;
      if (BootTime::now() - up_since_ > longest_pause) pause_ = first_pause;
      if (sink_) sink_({Incident::Kind::port_gone, why()});
    }
    arm(pause_);
    pause_ = std::min(2 * pause_, longest_pause);
  }

  // Zero: never.
  void arm(Duration after) {
    itimerspec when{};
    when.it_value.tv_sec = after / 1s;
    when.it_value.tv_nsec = (after % 1s).count();
    timerfd_settime(timer_.get(), 0, &when, nullptr);
  }

  const std::string name_;
  const MakeLink make_;
  abilities::IncidentSink sink_;
  ConsoleFeed feed_;
  UniqueFd timer_;  // until the next try; until the link is late
  std::unique_ptr<Link> link_;
  bool up_ = false, was_lost_ = false;
  BootTime up_since_;
  Duration pause_ = first_pause;
  std::string why_;  // the latest link was lost, or could not be made
  Cause cause_ = Cause::not_found;
};

}  // namespace

Made make_link_console(std::string name, MakeLink make, abilities::IncidentSink sink) {
  auto console = std::make_unique<LinkConsole>(std::move(name), std::move(make), std::move(sink));
  TRY(console->start());
  return console;
}

}  // namespace assay::drivers
