#include "simulation.hpp"

namespace assay::simulation {

namespace {

constexpr Duration trouble = 300s;
// Ample for what waits after the trouble: jobs take up to 90 s and three attempts.
constexpr Duration quiet = 1200s;

dispatch::NewRun a_run(World& world, int number,
                       const std::vector<std::unique_ptr<Agent>>& agents) {
  dispatch::NewRun run;
  run.plan = "plan";
  run.request_id = fmt::format("q{}", number);
  run.priority = static_cast<std::int32_t>(world.pick(-1, 1));
  const std::int64_t jobs = world.chance(0.2) ? 2 : 1;
  for (std::int64_t i = 0; i < jobs; ++i) {
    dispatch::NewJob job;
    job.needs = {{"dut", "sensor", {"power"}, ""}};
    if (world.chance(0.25)) job.needs.push_back({"peer", "sensor", {}, ""});
    if (world.chance(0.1)) {
      const auto& agent = agents[static_cast<std::size_t>(world.pick(0, 2))];
      job.needs[0].board = *agent->boards().begin();
    }
    job.verbs = {"flash"};
    run.jobs.push_back(job);
  }
  return run;
}

}  // namespace

Story simulate(std::uint64_t seed, Mutant mutant) {
  World world(seed);
  Checker checker;
  Faults faults;
  scheduler::Limits limits;
  limits.defect = mutant.scheduler;
  Assayd assayd(world, checker, faults, limits);
  std::vector<std::unique_ptr<Agent>> agents;
  for (const auto& [name, boards] : {std::pair("a", 4), {"b", 2}, {"c", 2}}) {
    agents.push_back(std::make_unique<Agent>(world, assayd, checker, faults, mutant.agent, name,
                                             boards, limits.lease));
  }
  assayd.start();
  for (auto& agent : agents) agent->start();

  const int runs = 30;
  std::function<void(int, dispatch::NewRun)> ask = [&](int number, const dispatch::NewRun& run) {
    if (assayd.submit(run)) return;
    world.after(world.between(100ms, 5s), [&ask, number, run] { ask(number, run); });
  };
  for (int i = 1; i <= runs; ++i) {
    world.after(world.between(0s, trouble - 20s), [&, i] { ask(i, a_run(world, i, agents)); });
  }
  for (int i = 0; i < 6; ++i) {
    world.after(world.between(10s, trouble),
                [&] { assayd.cancel(scheduler::run_name(world.pick(1, runs))); });
  }
  for (int i = 0; i < 12; ++i) {
    world.after(world.between(1s, trouble), [&] {
      Agent& victim = *agents[static_cast<std::size_t>(world.pick(0, 2))];
      const std::int64_t dice = world.pick(1, 10);
      if (dice <= 4) {
        victim.break_line();
      } else if (dice <= 6) {
        victim.stall(world.between(5s, 70s));
      } else if (dice <= 9) {
        if (!victim.up()) return;
        victim.crash();
        world.after(world.between(500ms, 60s), [&victim] { victim.start(); });
      } else if (assayd.up()) {
        assayd.crash();
        world.after(world.between(100ms, 45s), [&] { assayd.start(); });
      }
    });
  }
  world.run_until(world.now() + trouble);
  faults.on = false;
  world.run_until(world.now() + quiet);
  checker.at_the_end();
  return {checker.violations(), checker.runs(), checker.attempts()};
}

}  // namespace assay::simulation
