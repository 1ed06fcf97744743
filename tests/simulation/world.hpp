// A small deterministic world: simulated time, chance from seeds, and lines that
// delay, break and half-break. One thread.
#pragma once

#include <fmt/core.h>

#include <functional>
#include <memory>
#include <queue>
#include <string_view>
#include <vector>

#include "base/clock.hpp"

namespace assay::simulation {

using namespace std::chrono_literals;

// FNV-1a, by Glenn Fowler, Landon Curt Noll and Kiem-Phong Vo.
inline std::uint64_t hash(std::string_view text, std::uint64_t hash = 14695981039346656037U) {
  for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 1099511628211U;
  return hash;
}

// Chance from a seed (Sebastiano Vigna's SplitMix64). Each thing that needs some has its
// own, so that taking one thing out of a story leaves the others as they were.
class Random {
 public:
  explicit Random(std::uint64_t seed) : state_(seed) {}
  Random(std::uint64_t seed, std::string_view whose, std::uint64_t number = 0) : state_(seed) {
    state_ = next() ^ hash(whose);
    state_ = next() ^ number;
  }
  std::uint64_t next() {
    std::uint64_t z = (state_ += 0x9e3779b97f4a7c15U);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9U;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebU;
    return z ^ (z >> 31);
  }
  std::int64_t pick(std::int64_t low, std::int64_t high) {
    return low + static_cast<std::int64_t>(next() % static_cast<std::uint64_t>(high - low + 1));
  }
  bool chance(double p) { return static_cast<double>(pick(0, 999'999)) < p * 1e6; }
  Duration between(Duration low, Duration high) {
    return Duration(pick(low.count(), high.count()));
  }

 private:
  std::uint64_t state_;
};

// `noted`: to nobody, for the digest alone.
enum class Telling { none, noted, aloud };

class World {
 public:
  World(std::uint64_t seed, bool slow_lines, Telling telling)
      : seed_(seed), slow_lines_(slow_lines), telling_(telling) {}

  [[nodiscard]] BootTime now() const { return now_; }
  [[nodiscard]] std::uint64_t seed() const { return seed_; }
  [[nodiscard]] bool slow_lines() const { return slow_lines_; }
  [[nodiscard]] std::uint64_t steps() const { return count_; }
  void after(Duration delay, std::function<void()> what) {
    events_.push({now_ + std::max(delay, Duration::zero()), ++count_, std::move(what)});
  }
  // Everything up to `end`, in order of time, then of being asked for; `each` after every step.
  template <class Each>
  void run_until(BootTime end, Each&& each) {
    while (!events_.empty() && events_.top().at <= end) {
      auto what = std::move(events_.top().what);
      now_ = events_.top().at;
      events_.pop();
      what();
      each();
    }
    now_ = end;
  }

  // The story for people.
  template <class... Args>
  void tell(fmt::format_string<Args...> text, Args&&... args) {
    if (!told()) return;
    const std::string words = fmt::format(text, std::forward<Args>(args)...);
    note(words);
    if (telling_ == Telling::aloud)
      fmt::print("{:9.3f}  {}\n", static_cast<double>((now_ - start).count()) / 1e9, words);
  }
  // For the digest alone.
  void note(std::string_view words) {
    digest_ = hash(words, digest_ ^ static_cast<std::uint64_t>(now_.ns));
  }
  [[nodiscard]] bool told() const { return telling_ != Telling::none; }
  // Of all that was told, and when.
  [[nodiscard]] std::uint64_t digest() const { return digest_; }

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
  const std::uint64_t seed_;
  const bool slow_lines_;
  const Telling telling_;
  std::uint64_t digest_ = hash("");
  BootTime now_ = start;
  std::uint64_t count_ = 0;
  std::priority_queue<Event> events_;
};

// One connection: each direction in order, with delays; what is under way when
// it breaks is lost, like in a TCP stream.
class Line : public std::enable_shared_from_this<Line> {
 public:
  enum Way { to_assayd = 0, to_agent = 1 };
  Line(World& world, std::string_view whose, std::uint64_t number)
      : world_(world), random_(world.seed(), whose, number) {}

  void send(Way way, std::function<void()> arrive) {
    if (broken_[way]) return;
    const bool slow = random_.chance(0.05) && world_.slow_lines();
    BootTime at = world_.now() + random_.between(50us, slow ? Duration(8s) : Duration(20ms));
    at = last_[way] = std::max(at, last_[way]);
    world_.after(at - world_.now(), [self = shared_from_this(), way, arrive = std::move(arrive)] {
      if (!self->broken_[way]) arrive();
    });
  }
  void break_way(Way way) { broken_[way] = true; }
  void break_off() { broken_[0] = broken_[1] = true; }
  [[nodiscard]] bool broken() const { return broken_[0] && broken_[1]; }
  [[nodiscard]] bool whole() const { return !broken_[0] && !broken_[1]; }

 private:
  World& world_;
  Random random_;
  bool broken_[2] = {false, false};
  BootTime last_[2];
};

}  // namespace assay::simulation
