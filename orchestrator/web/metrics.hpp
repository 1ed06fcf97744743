// Numbers for Prometheus. Thread-safe.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>

#include "base/clock.hpp"

namespace assay::web {

class Metrics {
 public:
  Metrics();
  ~Metrics();

  void answered(unsigned status, Duration took);
  void live_opened();
  void live_closed();
  void connections(std::size_t now);

  // As they are now; by state.
  struct Lab {
    std::map<std::string, std::uint64_t> runs, boards;
    std::uint64_t agents = 0;
  };
  // The text format, version 0.0.4.
  std::string text(const Lab&);

 private:
  struct Families;
  std::unique_ptr<Families> families_;
};

}  // namespace assay::web
