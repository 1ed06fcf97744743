// A small deterministic world: simulated time, chance from one seed, and lines
// that delay, break and half-break. One thread.
#pragma once

#include <fmt/core.h>

#include <cstdlib>
#include <functional>
#include <memory>
#include <queue>
#include <random>
#include <vector>

#include "base/clock.hpp"

namespace assay::simulation {

using namespace std::chrono_literals;

class World {
 public:
  explicit World(std::uint64_t seed) : random_(seed) {}

  [[nodiscard]] BootTime now() const { return now_; }
  void after(Duration delay, std::function<void()> what) {
    events_.push({now_ + delay, ++count_, std::move(what)});
  }
  // Everything up to `end`, in order of time, then of being asked for.
  void run_until(BootTime end) {
    while (!events_.empty() && events_.top().at <= end) {
      auto what = std::move(events_.top().what);
      now_ = events_.top().at;
      events_.pop();
      what();
    }
    now_ = end;
  }

  // The story for people, when one seed is played alone (ASSAY_SEED).
  template <class... Args>
  void tell(fmt::format_string<Args...> text, Args&&... args) const {
    if (!told_) return;
    fmt::print("{:9.3f}  {}\n", static_cast<double>((now_ - start).count()) / 1e9,
               fmt::format(text, std::forward<Args>(args)...));
  }

  std::int64_t pick(std::int64_t low, std::int64_t high) {
    return low + static_cast<std::int64_t>(random_() % static_cast<std::uint64_t>(high - low + 1));
  }
  bool chance(double p) { return static_cast<double>(pick(0, 999'999)) < p * 1e6; }
  Duration between(Duration low, Duration high) {
    return Duration(pick(low.count(), high.count()));
  }

 private:
  struct Event {
    BootTime at;
    std::uint64_t number;
    mutable std::function<void()> what;
    bool operator<(const Event& other) const {
      return std::tie(other.at, other.number) < std::tie(at, number);
    }
  };
  static constexpr BootTime start{1'000'000'000'000};
  std::mt19937_64 random_;
  const bool told_ = std::getenv("ASSAY_SEED") != nullptr;
  BootTime now_ = start;
  std::uint64_t count_ = 0;
  std::priority_queue<Event> events_;
};

// One connection: each direction in order, with delays; what is under way when
// it breaks is lost, like in a TCP stream.
class Line : public std::enable_shared_from_this<Line> {
 public:
  enum Way { to_assayd = 0, to_agent = 1 };
  explicit Line(World& world) : world_(world) {}

  void send(Way way, std::function<void()> arrive) {
    if (broken_[way]) return;
    BootTime at =
        world_.now() + world_.between(50us, world_.chance(0.05) ? Duration(8s) : Duration(20ms));
    at = last_[way] = std::max(at, last_[way]);
    world_.after(at - world_.now(), [self = shared_from_this(), way, arrive = std::move(arrive)] {
      if (!self->broken_[way]) arrive();
    });
  }
  void break_way(Way way) { broken_[way] = true; }
  void break_off() { broken_[0] = broken_[1] = true; }
  [[nodiscard]] bool broken() const { return broken_[0] && broken_[1]; }

 private:
  World& world_;
  bool broken_[2] = {false, false};
  BootTime last_[2];
};

}  // namespace assay::simulation
