// assayd without gRPC, threads and disk: the real engine and scheduler on a store
// that outlives crashes and sometimes fails.
#pragma once

#include "checker.hpp"
#include "dispatch/engine.hpp"
#include "world.hpp"

namespace assay::simulation {

class Agent;

struct Faults {
  bool on = true;
  double store = 0.01;  // of commits
};

class Assayd {
 public:
  Assayd(World&, Checker&, const Faults&, scheduler::Limits);

  [[nodiscard]] bool up() const { return engine_ != nullptr; }
  void start();
  void crash();

  // What clients ask; an error or silence lets them try again.
  bool submit(const dispatch::NewRun&);
  void cancel(const std::string& run);

  // What arrives on an agent's line.
  void hello(Agent&, const std::shared_ptr<Line>&, const scheduler::AgentFacts&);
  void answered(const std::shared_ptr<Line>&, const std::string& attempt, bool accepted);
  void renewed(Agent&, const std::shared_ptr<Line>&, std::uint64_t number,
               const std::vector<std::string>& attempts);
  void board_changed(Agent&, const std::shared_ptr<Line>&, const scheduler::BoardFacts&);
  void lost(const std::string& agent, const std::shared_ptr<Line>&);

  // The event stream's last message.
  enum class Reply { acknowledged, not_found, later };
  Reply ended(const std::string& attempt, scheduler::Outcome);

 private:
  // Applies, commits, then sends: `first` before any decision.
  bool group(const std::function<bool()>& apply, const std::function<void()>& first = {});
  Result<> commit(const dispatch::Pending&);
  void send(const dispatch::Pending&);
  void wake();

  World& world_;
  Checker& checker_;
  const Faults& faults_;
  scheduler::Limits limits_;
  std::unique_ptr<store::Store> store_ = store::open_memory();
  std::unique_ptr<dispatch::Engine> engine_;
  struct Peer {
    std::shared_ptr<Line> line;
    Agent* agent = nullptr;
  };
  std::map<std::string, Peer> peers_;
  BootTime alarm_{INT64_MAX};
};

}  // namespace assay::simulation
