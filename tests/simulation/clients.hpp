// Those who ask: projects that submit runs, and people who lease boards. Each asks
// again until it has an answer, with the same request id.
#pragma once

#include <map>
#include <memory>
#include <vector>

#include "agent.hpp"
#include "assayd.hpp"
#include "plan.hpp"

namespace assay::simulation {

class Clients {
 public:
  Clients(World& world, Assayd& assayd, const Faults& faults,
          const std::vector<std::unique_ptr<Agent>>& agents)
      : world_(world), assayd_(assayd), faults_(faults), agents_(agents) {}

  void submit(std::size_t number, Random);
  void cancel(Random);
  void lease(std::size_t number, Random);
  void quarantine(Random);
  // Nobody waits for an answer.
  [[nodiscard]] bool content() const { return asking_ == 0; }

  std::size_t leases = 0, gangs = 0;

 private:
  using Then = std::function<void(std::int64_t run)>;
  void ask(const dispatch::NewRun&, Then, Random);
  // Until it is done or refused.
  void insist(std::function<Assayd::Reply()>, std::function<void()> then = {});
  void under(std::int64_t lease, std::size_t number, Random);
  [[nodiscard]] std::string some_board(Random&) const;

  World& world_;
  Assayd& assayd_;
  const Faults& faults_;
  const std::vector<std::unique_ptr<Agent>>& agents_;
  std::size_t asking_ = 0;
  std::vector<std::int64_t> runs_;
};

}  // namespace assay::simulation
