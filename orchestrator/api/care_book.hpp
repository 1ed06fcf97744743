// Which board's health is to be checked when: at the start of its agent, when it is
// back, after a lab error, and every so often, as its type says. Pure; one owner.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "plans/job_spec.hpp"

namespace assay::api {

class CareBook {
 public:
  // Of a board type; without a plan: its boards are never checked.
  using HealthOf = std::function<plans::HealthCheck(const std::string& profile)>;
  explicit CareBook(HealthOf health_of) : health_of_(std::move(health_of)) {}

  struct Seen {
    std::string board, profile;
    std::string incarnation;  // of its agent; "": not connected
    bool fit = false;         // its agent is connected, and has nothing against it
    bool usable = false;      // and no person has
  };
  // Every board there is.
  void saw(const std::vector<Seen>&, BootTime now);
  void lab_error(const std::string& board, BootTime now);
  // A check of this board is under way (one that an earlier assayd began); it is over.
  void began(const std::string& board);
  void ended(const std::string& board, BootTime now);

  struct Due {
    std::string board, profile, plan, why;
  };
  // To be begun now: each counts as under way.
  std::vector<Due> take_due(BootTime now);
  // nullopt: nothing that time brings.
  [[nodiscard]] std::optional<BootTime> next_due() const;

 private:
  struct Board {
    std::string profile, incarnation;
    bool fit = false, usable = false, checking = false;
    std::optional<BootTime> due;
    std::string why;
  };
  void ask_for(Board&, BootTime at, std::string why);

  const HealthOf health_of_;
  std::map<std::string, Board> boards_;
};

}  // namespace assay::api
