// Looks at the history from outside: what boards were told, what agents saw and
// what the store holds. It knows nothing of the scheduler's own state.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "defects.hpp"
#include "scheduler/types.hpp"
#include "store/store.hpp"

namespace assay::simulation {

class Checker {
 public:
  explicit Checker(Duration lease, CheckerDefect defect = CheckerDefect::none)
      : lease_(lease), defect_(defect) {}

  // An agent uses a board, and no more.
  void uses(const std::string& board, const std::string& attempt, std::uint64_t epoch);
  void leaves(const std::string& board, const std::string& attempt);
  // What an attempt truly came to, on its agent.
  void came_to(const std::string& attempt, const std::string& verdict) {
    truth_[attempt] = verdict;
  }
  // assayd sent an assignment for a job with so many roles; the agent takes so many
  // attempts at once (0: any number).
  void assigned(const scheduler::Assign&, const std::set<std::string>& boards_of_agent,
                std::size_t at_once);
  // assayd told a client that its request is this run.
  void accepted(const std::string& request, const std::string& run);
  // A batch is on disk.
  void stored(const store::Batch&, BootTime now = {});
  // assayd told the agent that this end is counted (or was before).
  void acknowledged(const std::string& attempt);
  // Since when an agent says nothing (it is dead), or nullopt; since when assayd could act.
  void silent(const std::string& agent, std::optional<BootTime> since);
  // Since when an agent and its line do as they should, or nullopt.
  void in_order(const std::string& agent, std::optional<BootTime> since);
  void not_before(const std::string& agent, BootTime when);
  void acting_since(std::optional<BootTime> since) { acting_ = since; }
  // After every step.
  void step(BootTime now);
  [[nodiscard]] bool all_ended() const;
  // After faults ceased for long enough. `faultless`: there were none at all.
  void at_the_end(bool faultless);

  [[nodiscard]] const std::vector<std::string>& violations() const { return violations_; }
  [[nodiscard]] std::size_t runs() const { return runs_.size(); }
  [[nodiscard]] std::size_t attempts() const { return attempts_.size(); }

 private:
  void wrong(std::string words) { violations_.push_back(std::move(words)); }
  void stored_job(const store::JobRow&);
  void stored_attempt(const store::AttemptRow&, BootTime now);
  void stored_run(const store::RunRow&);
  void stored_lease(const store::AttemptRow&, const store::RunRow&);
  [[nodiscard]] bool over(std::int64_t run) const;
  [[nodiscard]] bool blind(CheckerDefect to) const { return defect_ == to; }

  struct Use {
    std::string attempt;
    std::uint64_t epoch = 0;
  };
  const Duration lease_;
  const CheckerDefect defect_;
  std::map<std::string, Use> in_use_;
  std::map<std::string, std::uint64_t> used_epochs_, given_epochs_;
  std::map<std::string, std::string> truth_;
  std::map<std::string, std::string> requests_;
  std::map<std::int64_t, store::RunRow> runs_;
  std::set<std::int64_t> open_runs_;
  std::map<std::string, store::JobRow> jobs_;
  std::map<std::string, store::AttemptRow> attempts_;
  std::map<std::string, std::string> open_;     // attempts, to their agents
  std::map<std::string, std::size_t> roles_;    // of jobs
  std::map<std::string, std::int64_t> leased_;  // boards, to people's leases
  std::map<std::string, std::string> quarantined_;
  std::map<std::string, BootTime> silent_, in_order_;
  std::optional<BootTime> acting_;
  BootTime look_again_{};
  std::vector<std::string> violations_;
};

}  // namespace assay::simulation
