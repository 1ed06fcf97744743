// How long work takes, by what it took before. Not thread-safe.
#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.hpp"

namespace assay::scheduler {

// Nine of ten times between `low` and `high` (less surely where little is known), half of
// the times below `likely`.
struct Spread {
  Duration low{}, likely{}, high{};
  friend bool operator==(const Spread&, const Spread&) = default;
};

class History {
 public:
  // `work` names what takes about as long each time, like a plan on a profile.
  void add(const std::string& work, Duration took);
  // nullopt: never seen.
  [[nodiscard]] std::optional<Spread> of(const std::string& work) const;

 private:
  static constexpr std::size_t kept = 32;     // the newest of each work
  static constexpr std::size_t works = 4096;  // beyond that new ones are not learnt
  struct Last {
    std::vector<Duration> took;  // a ring
    std::size_t next = 0;
    Spread spread;
  };
  std::map<std::string, Last> works_;
};

}  // namespace assay::scheduler
