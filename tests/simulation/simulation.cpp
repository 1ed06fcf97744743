#include "simulation.hpp"

#include "agent.hpp"
#include "assayd.hpp"
#include "base/text.hpp"
#include "clients.hpp"

namespace assay::simulation {

namespace {

constexpr Duration trouble = 120s;
// Ample for what waits after the trouble: attempts take up to 90 s, jobs up to four of them.
constexpr Duration quiet = 1500s;

LabBoards lab(const std::string& agent, int boards, std::uint32_t at_once) {
  LabBoards lab{agent, {}, at_once};
  for (int i = 1; i <= boards; ++i) {
    scheduler::BoardFacts board;
    board.id = fmt::format("{}-{}", agent, i);
    board.profile = i % 2 == 0 ? "gateway" : "sensor";
    board.abilities = {"power"};
    board.tags = {"site=" + agent};
    if (i % 3 == 0) board.tags.push_back("ble");
    lab.boards.push_back(board);
  }
  return lab;
}

// Everything of one story.
struct Stage {
  Stage(const Plan& plan, const Mutant& mutant, Telling telling)
      : world(plan.seed, plan.faults, telling),
        checker(limits(mutant).lease, mutant.checker),
        assayd(world, checker, faults, limits(mutant), mutant.assayd) {
    faults.on = plan.faults;
    for (const auto& [name, boards, at_once] :
         {std::tuple("a", 9, 0U), {"b", 7, 0U}, {"c", 4, 2U}}) {
      agents.push_back(std::make_unique<Agent>(world, assayd, checker, faults, mutant.agent,
                                               lab(name, boards, at_once), limits(mutant).lease));
    }
  }
  static scheduler::Limits limits(const Mutant& mutant) {
    scheduler::Limits limits;
    limits.defect = mutant.scheduler;
    return limits;
  }

  void act(const Act& act, std::size_t number) {
    using Kind = Act::Kind;
    Random random(act.dice);
    Agent& agent = *agents[static_cast<std::size_t>(random.pick(0, 2))];
    switch (act.kind) {
      case Kind::submit:
        return clients.submit(number, random);
      case Kind::cancel:
        return clients.cancel(random);
      case Kind::lease:
        return clients.lease(number, random);
      case Kind::quarantine:
        return clients.quarantine(random);
      case Kind::break_line:
      case Kind::break_way:
        return agent.break_line(act.kind == Kind::break_way);
      case Kind::stall_agent:
      case Kind::freeze_agent:
        return agent.stall(random.between(5s, 70s), act.kind == Kind::freeze_agent);
      case Kind::crash_agent:
      case Kind::lose_agent:
        if (!agent.up() || agent.still()) return;  // a machine that stands still starts nothing
        agent.crash();
        world.after(act.kind == Kind::lose_agent ? Duration(trouble) : random.between(500ms, 60s),
                    [&agent] { agent.start(); });
        return;
      case Kind::crash_assayd:
        if (!assayd.up() || assayd.frozen()) return;
        assayd.crash();
        world.after(random.between(100ms, 45s), [this] { assayd.start(); });
        return;
      case Kind::stall_assayd:
      case Kind::freeze_assayd:
        return assayd.stall(random.between(2s, 60s), act.kind == Kind::freeze_assayd);
    }
  }

  World world;
  Checker checker;
  Faults faults;
  Assayd assayd;
  std::vector<std::unique_ptr<Agent>> agents;
  Clients clients{world, assayd, faults, agents};
};

}  // namespace

Story play(const Plan& plan, const Mutant& mutant, Telling telling) {
  Stage stage(plan, mutant, telling);
  World& world = stage.world;
  stage.assayd.start();
  for (auto& agent : stage.agents) agent->start();
  std::size_t number = 0, faults = 0;
  for (const Act& act : plan.acts) {
    world.after(act.at, [&stage, act, n = ++number] { stage.act(act, n); });
    faults += is_fault(act.kind);
  }
  const auto each = [&] { stage.checker.step(world.now()); };
  world.run_until(world.now() + trouble, each);
  stage.faults.on = false;
  // What was lost or taken out of use comes back within the first part of the quiet.
  const BootTime last = world.now() + quiet;
  while (world.now() < last && !(stage.checker.all_ended() && stage.clients.content()))
    world.run_until(world.now() + 10s, each);
  stage.checker.at_the_end(!plan.faults);
  return {stage.checker.violations(),
          stage.checker.runs(),
          stage.checker.attempts(),
          stage.clients.leases,
          stage.clients.gangs,
          faults,
          world.steps(),
          world.digest()};
}

// Delta debugging, A. Zeller and R. Hildebrandt, 2002: leaves out ever smaller parts.
Plan shrink(Plan plan, const Mutant& mutant) {
  std::size_t part = std::max<std::size_t>(1, plan.acts.size() / 2);
  for (;;) {
    bool less = false;
    for (std::size_t at = 0; at < plan.acts.size();) {
      Plan smaller = plan;
      const auto from = smaller.acts.begin() + static_cast<std::ptrdiff_t>(at);
      const auto count = static_cast<std::ptrdiff_t>(std::min(part, smaller.acts.size() - at));
      smaller.acts.erase(from, from + count);
      if (play(smaller, mutant).violations.empty()) {
        at += part;
        continue;
      }
      plan = std::move(smaller);
      less = true;
    }
    if (part > 1)
      part /= 2;
    else if (!less)
      return plan;
  }
}

}  // namespace assay::simulation
