#include "clients.hpp"

namespace assay::simulation {

using Reply = Assayd::Reply;

std::string Clients::some_board(Random& random) const {
  const auto& boards = agents_[static_cast<std::size_t>(random.pick(0, 2))]->boards();
  auto at = boards.begin();
  std::advance(at, random.pick(0, std::ssize(boards) - 1));
  return *at;
}

void Clients::insist(std::function<Reply()> what, std::function<void()> then) {
  ++asking_;
  if (what() != Reply::later) {
    --asking_;
    if (then) then();
    return;
  }
  world_.after(2s, [this, what = std::move(what), then = std::move(then)] {
    --asking_;
    insist(what, then);
  });
}

void Clients::ask(const dispatch::NewRun& run, Then then, Random random) {
  ++asking_;
  std::int64_t number = 0;
  const Reply reply = assayd_.submit(run, &number);
  if (number != 0) world_.tell("{} is {}", run.request_id, scheduler::run_name(number));
  if (reply == Reply::later) {
    const Duration pause = random.between(100ms, 5s);
    world_.after(pause, [this, run, then = std::move(then), random] {
      --asking_;
      ask(run, then, random);
    });
    return;
  }
  --asking_;
  if (reply == Reply::done && number != 0) then(number);
}

void Clients::submit(std::size_t number, Random random) {
  dispatch::NewRun run;
  run.plan = fmt::format("plan-{}", random.pick(1, 3));
  run.project = fmt::format("project-{}", random.pick(1, 3));
  run.request_id = fmt::format("q{}", number);
  run.priority = static_cast<std::int32_t>(random.pick(-1, 1));
  const std::int64_t jobs = random.chance(0.2) ? random.pick(2, 3) : 1;
  for (std::int64_t i = 0; i < jobs; ++i) {
    dispatch::NewJob job;
    job.profile = random.chance(0.6) ? "gateway" : "sensor";
    job.needs.push_back({"dut", job.profile, {"power"}, "", {}});
    if (random.chance(0.3)) {
      ++gangs;
      job.needs.push_back({"peer", job.profile, {}, "", {}});
      if (random.chance(0.3)) job.needs.push_back({"sniffer", "sensor", {}, "", {}});
    } else if (random.chance(0.15)) {
      job.needs[0].board = some_board(random);
      job.needs[0].profile = job.needs[0].board.back() % 2 == 0 ? "gateway" : "sensor";
    } else if (random.chance(0.15)) {
      job.needs[0].tags = {random.chance(0.5) ? "site=b" : "ble"};
    }
    job.verbs = {"flash"};
    run.jobs.push_back(job);
  }
  ask(
      run, [this](std::int64_t it) { runs_.push_back(it); }, random);
}

void Clients::cancel(Random random) {
  if (runs_.empty()) return;
  const std::int64_t run = runs_[static_cast<std::size_t>(random.pick(0, std::ssize(runs_) - 1))];
  insist([this, run] { return assayd_.cancel(scheduler::run_name(run)); });
}

void Clients::quarantine(Random random) {
  const std::string board = some_board(random);
  world_.tell("{} is put into quarantine", board);
  const auto restore = [this, board] {
    insist([this, board] { return assayd_.quarantine(board, ""); });
  };
  insist([this, board] { return assayd_.quarantine(board, "smells"); },
         [this, restore, after = random.between(5s, 60s)] { world_.after(after, restore); });
}

void Clients::lease(std::size_t number, Random random) {
  dispatch::NewRun run;
  run.plan = "lease";
  run.request_id = fmt::format("l{}", number);
  run.priority = static_cast<std::int32_t>(random.pick(0, 1));
  run.hold =
      scheduler::Hold{fmt::format("person-{}", random.pick(1, 2)), random.between(5s, 50s), {}};
  dispatch::NewJob job;
  job.profile = random.chance(0.5) ? "gateway" : "sensor";
  job.needs = {{"board", job.profile, {}, "", {}}};
  if (random.chance(0.3)) job.needs.push_back({"other", job.profile, {}, "", {}});
  run.jobs = {job};
  ++leases;
  ask(
      run, [this, number, random](std::int64_t it) { under(it, number, random); }, random);
}

// What a person does with a lease, whether it has its board yet or not.
void Clients::under(std::int64_t lease, std::size_t number, Random random) {
  const std::string name = scheduler::run_name(lease);
  for (std::int64_t i = 0; i < random.pick(0, 3); ++i) {
    dispatch::NewRun run;
    run.plan = "by-hand";
    run.request_id = fmt::format("u{}-{}", number, i);
    run.lease = name;
    dispatch::NewJob job;
    job.profile = random.chance(0.5) ? "gateway" : "sensor";
    job.needs = {{"dut", job.profile, {}, "", {}}};
    run.jobs = {job};
    world_.after(random.between(0s, 20s), [this, run, random] {
      ask(
          run, [](std::int64_t) {}, random);
    });
  }
  if (random.chance(0.3)) {
    world_.after(random.between(1s, 30s),
                 [this, name] { insist([this, name] { return assayd_.extend(name, 20s); }); });
  }
  if (random.chance(0.5)) {
    const bool back = random.chance(0.3);
    world_.after(random.between(1s, 40s), [this, name, back] {
      insist([this, name, back] { return back ? assayd_.cancel(name) : assayd_.release(name); });
    });
  }
}

}  // namespace assay::simulation
