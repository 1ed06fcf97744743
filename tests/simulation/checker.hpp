// Looks at the history from outside: what boards were told, what agents saw and
// what the store holds. It knows nothing of the scheduler's own state.
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "scheduler/types.hpp"
#include "store/store.hpp"

namespace assay::simulation {

class Checker {
 public:
  // An agent uses a board, and no more.
  void uses(const std::string& board, const std::string& attempt, std::uint64_t epoch);
  void leaves(const std::string& board, const std::string& attempt);
  // What an attempt truly came to, on its agent.
  void came_to(const std::string& attempt, const std::string& verdict) {
    truth_[attempt] = verdict;
  }
  // assayd sent an assignment for a job with so many roles.
  void assigned(const scheduler::Assign&, const std::set<std::string>& boards_of_agent);
  // assayd told a client that its request is this run.
  void accepted(const std::string& request, const std::string& run);
  // A batch is on disk.
  void stored(const store::Batch&);
  // assayd told the agent that this end is counted (or was before).
  void acknowledged(const std::string& attempt);
  // After faults ceased for long enough.
  void at_the_end();

  [[nodiscard]] const std::vector<std::string>& violations() const { return violations_; }
  [[nodiscard]] std::size_t runs() const { return runs_.size(); }
  [[nodiscard]] std::size_t attempts() const { return attempts_.size(); }

 private:
  void wrong(std::string words) { violations_.push_back(std::move(words)); }

  struct Use {
    std::string attempt;
    std::uint64_t epoch = 0;
  };
  std::map<std::string, Use> in_use_;
  std::map<std::string, std::uint64_t> used_epochs_, given_epochs_;
  std::map<std::string, std::string> truth_;
  std::map<std::string, std::string> requests_;
  std::map<std::int64_t, store::RunRow> runs_;
  std::map<std::string, store::JobRow> jobs_;
  std::map<std::string, store::AttemptRow> attempts_;
  std::map<std::string, std::size_t> roles_;  // of jobs
  std::vector<std::string> violations_;
};

}  // namespace assay::simulation
