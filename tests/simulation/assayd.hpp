// assayd without gRPC, threads and disk: the real engine and scheduler on a store
// that outlives crashes and sometimes fails.
#pragma once

#include "checker.hpp"
#include "dispatch/engine.hpp"
#include "machine_clock.hpp"
#include "standstill.hpp"
#include "world.hpp"

namespace assay::simulation {

class Agent;

struct Faults {
  bool on = true;
  double store = 0.01;  // of commits
};

class Assayd {
 public:
  Assayd(World&, Checker&, const Faults&, scheduler::Limits, AssaydDefect);

  [[nodiscard]] bool up() const { return engine_ != nullptr; }
  [[nodiscard]] bool frozen() const { return clock_.frozen(); }
  void start();
  void crash();
  void stall(Duration, bool clock_too);

  // What clients ask. `later`: no answer, or one that says to try again.
  enum class Reply { done, refused, later };
  Reply submit(const dispatch::NewRun&, std::int64_t* number);
  Reply cancel(const std::string& run);
  Reply extend(const std::string& run, Duration);
  Reply release(const std::string& run);
  Reply quarantine(const std::string& board, const std::string& why);

  // What arrives on an agent's line.
  void hello(Agent&, const std::shared_ptr<Line>&, const scheduler::AgentFacts&);
  void answered(const std::shared_ptr<Line>&, const std::string& attempt, bool accepted);
  void renewed(Agent&, const std::shared_ptr<Line>&, std::uint64_t number,
               const std::vector<std::string>& attempts);
  void board_changed(Agent&, const std::shared_ptr<Line>&, const scheduler::BoardFacts&);
  void lost(const std::string& agent, const std::shared_ptr<Line>&);

  // The event stream's last message. `refused`: no such attempt.
  Reply ended(const std::string& attempt, scheduler::Outcome);

 private:
  // Applies, commits, then sends: `first` before any decision.
  Reply group(const std::function<Result<>()>& apply, const std::function<void()>& first = {});
  Result<> commit(const dispatch::Pending&);
  void send(const dispatch::Pending&);
  void wake();
  // In microseconds since 1970.
  [[nodiscard]] std::int64_t wall() const;
  // Later when it is stalled; never when it is down.
  bool postponed(std::function<void()> again) {
    return !up() || standstill_.postponed(std::move(again));
  }

  World& world_;
  Checker& checker_;
  const Faults& faults_;
  const scheduler::Limits limits_;
  const AssaydDefect defect_;
  Random random_;
  std::unique_ptr<store::Store> store_ = store::open_memory();
  std::unique_ptr<dispatch::Engine> engine_;
  struct Peer {
    std::shared_ptr<Line> line;
    Agent* agent = nullptr;
  };
  std::map<std::string, Peer> peers_;
  MachineClock clock_;
  Standstill standstill_;
  Duration wall_set_{};  // since the story began; somebody or a time server did
  BootTime alarm_{INT64_MAX};
};

}  // namespace assay::simulation
