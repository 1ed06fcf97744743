// What is done with a board after a lab error, rung by rung, until its devices work:
// device hosts started anew, then what its type's `recovery` says. Each rung ends with
// the board switched off and every ability asked; the first that finds nothing wrong
// ends the climb.
//
// Nobody else uses the board meanwhile. One thread.
#pragma once

#include <cstdint>
#include <functional>
#include <stop_token>
#include <string>
#include <vector>

#include "abilities/ability.hpp"
#include "hosts/hosted_board.hpp"
#include "plans/job_spec.hpp"
#include "plans/lab.hpp"

namespace assay::session {

class Ladder {
 public:
  // `epoch`: the highest given for the board, asked for anew each time.
  Ladder(hosts::HostedBoard&, const plans::LabBoard&, const plans::Profile&,
         std::function<std::uint64_t()> epoch, std::stop_token);

  // Why the board must not be used, or "".
  enum class Reach { first_rung, all };
  std::string climb(Reach = Reach::all);
  // One line a rung: "device hosts started anew: flash does not work: ...",
  // "probe reset: it works again".
  [[nodiscard]] const std::vector<std::string>& told() const { return told_; }

  // Only the last step of each rung. Why not, or "".
  std::string switch_off(const std::stop_token& = {});

 private:
  [[nodiscard]] abilities::Order order(Duration) const;
  std::string examine();
  std::string ask(const std::string& ability);
  std::string reach_chip();
  [[nodiscard]] bool can(plans::Rung) const;
  Result<> take(plans::Rung);
  Result<> cycle_power();
  Result<> cycle_hub();
  Result<> write_golden();
  void say(std::string_view rung, const std::string& why);

  hosts::HostedBoard& board_;
  const plans::LabBoard& facts_;
  const plans::Profile& profile_;
  const std::function<std::uint64_t()> epoch_;
  const std::stop_token stop_;
  std::vector<std::string> told_;
};

}  // namespace assay::session
