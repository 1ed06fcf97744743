// An agent as the contract of agent.proto demands it, on simulated boards.
#pragma once

#include <map>
#include <set>

#include "checker.hpp"
#include "machine_clock.hpp"
#include "scheduler/types.hpp"
#include "standstill.hpp"
#include "world.hpp"

namespace assay::simulation {

class Assayd;
struct Faults;

struct LabBoards {
  std::string agent;
  std::vector<scheduler::BoardFacts> boards;
  std::uint32_t at_once = 0;
};

class Agent {
 public:
  Agent(World&, Assayd&, Checker&, const Faults&, AgentDefect, LabBoards, Duration lease);

  [[nodiscard]] const std::string& name() const { return lab_.agent; }
  [[nodiscard]] const std::set<std::string>& boards() const { return ids_; }
  [[nodiscard]] std::size_t at_once() const { return lab_.at_once; }
  [[nodiscard]] bool up() const { return up_; }
  [[nodiscard]] bool still() const { return standstill_.stopped(); }
  void start();
  void crash();
  void break_line(bool one_way);
  // Reads nothing for so long, as a stopped process; with its clock, as a paused machine.
  void stall(Duration, bool clock_too);

  // From assayd.
  void welcomed(const std::shared_ptr<Line>&);
  void assigned(const std::shared_ptr<Line>&, const scheduler::Assign&);
  void cancelled(const std::shared_ptr<Line>&, const std::string& attempt);
  void renewal_answered(const std::shared_ptr<Line>&, std::uint64_t number,
                        const std::vector<std::string>& unknown);
  void line_broke(const std::shared_ptr<Line>&, Duration noticed_after);

 private:
  struct Attempt {
    std::vector<scheduler::BoardLease> leases;
    BootTime lease_until{};  // by its own clock, like all such
    bool running = true;     // its boards are in use, or not yet safe again
    bool stopping = false;
    scheduler::Outcome outcome = scheduler::Outcome::passed;
  };
  struct Renewal {
    BootTime sent{};
    std::vector<std::string> attempts;
  };
  [[nodiscard]] bool reads(const std::shared_ptr<Line>& line) const { return up_ && line == line_; }
  // Later when it is stalled.
  bool postponed(std::function<void()> again) { return standstill_.postponed(std::move(again)); }
  void connect();
  void renew(const std::shared_ptr<Line>&);
  void stop(const std::string& attempt, scheduler::Outcome);
  void left(const std::string& attempt);
  [[nodiscard]] scheduler::BoardFacts facts(scheduler::BoardFacts) const;
  void make_safe();
  void watch_lease(const std::string& attempt, int incarnation);
  void deliver(const std::string& attempt, scheduler::Outcome, int tries);
  // By its own clock, and only while this life of the agent lasts.
  void later(Duration, std::function<void()>);

  World& world_;
  Assayd& assayd_;
  Checker& checker_;
  const Faults& faults_;
  const AgentDefect defect_;
  const LabBoards lab_;
  const Duration lease_;
  Random random_;
  MachineClock clock_;
  Standstill standstill_;
  std::set<std::string> ids_;
  std::map<std::string, std::uint64_t> epochs_;  // on its disk
  bool up_ = false, welcome_ = false;
  int incarnation_ = 0;
  std::shared_ptr<Line> line_;
  BootTime lease_from_{}, hello_sent_{};
  std::uint64_t renewal_ = 0, connection_ = 0;
  std::map<std::uint64_t, Renewal> renewals_;
  std::map<std::string, Attempt> attempts_;  // running or not wholly delivered
  std::map<std::string, Attempt> unsafe_;    // of the life before, not yet made safe
};

}  // namespace assay::simulation
