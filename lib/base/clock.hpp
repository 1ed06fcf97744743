// Time as Assay counts it: CLOCK_BOOTTIME, so that a suspended machine does not
// stretch a lease. Only durations travel between machines.
// Thread-safe: values and free functions.
#pragma once

#include <chrono>
#include <compare>
#include <cstdint>
#include <stop_token>
#include <string>

namespace assay {

using Duration = std::chrono::nanoseconds;

// A point of this machine's CLOCK_BOOTTIME, in nanoseconds since its boot.
struct BootTime {
  std::int64_t ns = 0;

  static BootTime now();
  friend auto operator<=>(BootTime, BootTime) = default;
  friend BootTime operator+(BootTime t, Duration d) { return {t.ns + d.count()}; }
  friend BootTime operator-(BootTime t, Duration d) { return {t.ns - d.count()}; }
  friend Duration operator-(BootTime a, BootTime b) { return Duration(a.ns - b.ns); }
};

// Wall clock in microseconds since 1970 UTC: shown to people, never compared.
std::int64_t unix_micros();

class Deadline {
 public:
  static Deadline after(Duration d) { return Deadline(BootTime::now() + d); }
  static Deadline at(BootTime t) { return Deadline(t); }
  static Deadline never() { return Deadline(BootTime{INT64_MAX}); }

  [[nodiscard]] bool passed() const { return BootTime::now() >= at_; }
  [[nodiscard]] bool is_never() const { return at_.ns == INT64_MAX; }
  // Time left, never negative.
  [[nodiscard]] Duration left() const;
  [[nodiscard]] BootTime time() const { return at_; }
  [[nodiscard]] Deadline sooner(Deadline other) const { return at_ < other.at_ ? *this : other; }

 private:
  explicit Deadline(BootTime at) : at_(at) {}
  BootTime at_;
};

// How long a blocking call may take and how it is called off. Every blocking
// function of Assay takes one; it returns Cause::timeout or Cause::cancelled.
struct Wait {
  Deadline until = Deadline::never();
  std::stop_token stop = {};

  static Wait for_(Duration d) { return {Deadline::after(d), {}}; }
  // The same stop token, at most `d` from now.
  [[nodiscard]] Wait at_most(Duration d) const { return {until.sooner(Deadline::after(d)), stop}; }
};

// "250 ms", "3.2 s", "4 min 5 s": for people.
std::string human(Duration);

}  // namespace assay
